"""A visitor's table of texts, out of the bytes of a CSV file of whatever program and country."""

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from components.errors import PriceListError

MAX_BYTES = 5_000_000
MAX_ROWS = 200_000
MAX_COLUMNS = 1_000

WAY_OUT = "Give a CSV file with a column named price, one price per row."

_MARKS = {
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
# Without a byte order mark these are told apart; Windows-1252 is what Excel writes in the west.
_ENCODINGS = ["cp1252", "cp1250", "cp1251", "shift_jis", "gb18030"]
_WESTERN = ["cp1252", "cp1250"]
# `5,99 €` in these two: no other encoding has anything there that ends a cell.
_EURO = re.compile(rb"[0-9][ \xa0]?\x80(?=[\r\n\t;,\"]|\Z)")
_NOT_TEXT = {
    b"PK\x03\x04": "an Excel workbook or another ZIP archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF",
    b"\x1f\x8b": "a gzip archive",
    b"PAR1": "a Parquet file",
}
# Where two cut equally well, a comma is rather part of a text or an amount.
_SEPARATORS = "\t;|,"
_NO_SEPARATOR = "\x1f"  # the rows are one cell each
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?[ \t]*(?:\r\n|\r|\n|\Z)', re.IGNORECASE)
_SAMPLE_CHARACTERS = 64_000
_SAMPLE_BYTES = 100_000
_SAMPLE_ROWS = 100


@dataclass(frozen=True, eq=False)
class TextTable:
    """A table of texts: `rows` of `width` cells each, without blanks around them.

    `names` are the columns' names, None where the file begins with a row of data. `too_long`
    counts the rows that have more cells than the table has columns: they are left out, for their
    cells can't be told apart. Shorter ones are filled up with empty cells.
    """

    names: tuple[str, ...] | None
    rows: list[list[str]]
    width: int
    too_long: int
    encoding: str
    separator: str

    def column(self, index: int) -> list[str]:
        """The cells of a column."""
        return [row[index] for row in self.rows]

    def key(self, index: int) -> str:
        """What a column is called: its name if it has one of its own, else its place, `#1`."""
        name = self.names[index] if self.names else ""
        alone = name and self.names is not None and self.names.count(name) == 1
        return name if alone and not name.startswith("#") else f"#{index + 1}"


def read_table(
    content: bytes, *, is_amount: Callable[[str], bool], is_name: Callable[[str], bool]
) -> TextTable:
    """The table in a CSV file; PriceListError if there is none.

    `is_amount` and `is_name` say of a cell whether it is an amount, and whether it is the name of
    a column of amounts: the first row holds names if none of its cells is an amount, or one of
    them is such a name.
    """
    text, encoding = decode(content)
    given = _SEPARATOR_LINE.match(text)
    if given:
        text = text[given.end() :]
    separator = given.group(1) if given else _best_separator(text, is_amount)
    rows = _all_rows(text, separator)
    if not rows:
        raise PriceListError("The file is empty.", way_out=WAY_OUT)
    first = rows[0]
    named = len(rows) > 1 and (any(map(is_name, first)) or not any(map(is_amount, first)))
    width = len(first) if named else Counter(map(_filled, rows)).most_common(1)[0][0]
    body = rows[1:] if named else rows
    kept = [row[:width] + [""] * (width - len(row)) for row in body if _filled(row) <= width]
    if not kept:
        raise PriceListError(
            f"Every row of the file has more than the {width} cells of its first.", way_out=WAY_OUT
        )
    return TextTable(
        names=tuple(first) if named else None,
        rows=kept,
        width=width,
        too_long=len(body) - len(kept),
        encoding=encoding,
        separator=separator,
    )


def decode(content: bytes) -> tuple[str, str]:
    """The text of a file, and the encoding that it was read in."""
    if len(content) > MAX_BYTES:
        raise PriceListError(
            f"The file has {len(content) / 1e6:,.1f} MB; at most {MAX_BYTES // 1_000_000} MB are"
            " read.",
            way_out=WAY_OUT,
        )
    for mark, kind in _NOT_TEXT.items():
        if content.startswith(mark):
            raise PriceListError(
                f"The file is {kind}, not a text.",
                way_out="Save the table as CSV, then upload that.",
            )
    encoding = _encoding(content)
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise PriceListError(
            f"The file's letters can't be read: it is not in {encoding}, as it seems to be.",
            way_out="Save the table as CSV in UTF-8, then upload that.",
        ) from error
    text = text.removeprefix("\ufeff")
    if "\0" in text:
        raise PriceListError(
            "The file is not a text: it holds zero bytes.",
            way_out="Save the table as CSV, then upload that.",
        )
    return text, encoding


def _encoding(content: bytes) -> str:
    for mark, encoding in _MARKS.items():
        if content.startswith(mark):
            return encoding
    half = len(content) // 2
    if half and content[1::2].count(0) > 0.4 * half:
        return "utf-16-le"
    if half and content[::2].count(0) > 0.4 * half:
        return "utf-16-be"
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return _encoding_by_its_letters(content)
    return "utf-8"


def _encoding_by_its_letters(content: bytes) -> str:
    from charset_normalizer import from_bytes

    # Whole lines, not to cut a letter of several bytes.
    sample = content[:_SAMPLE_BYTES].rpartition(b"\n")[0] or content[:_SAMPLE_BYTES]
    matches = from_bytes(sample, cp_isolation=_WESTERN if _EURO.search(sample) else _ENCODINGS)
    best = matches.best()
    if best is None:
        return "cp1252"
    western = next((m for m in matches if "cp1252" in m.could_be_from_charset), None)
    if western and (western.chaos, -western.coherence) <= (best.chaos, -best.coherence):
        return "cp1252"
    return best.encoding


def _best_separator(text: str, is_amount: Callable[[str], bool]) -> str:
    """The separator that cuts the first rows most evenly.

    None does where the rows are cut into more cells than the first: `1,50` under `price`.
    """

    def fit(separator: str) -> tuple[bool, float, float]:
        rows, broken = _sample_rows(text, separator)
        if not rows:
            return False, 0.0, 0.0
        ((width, count),) = Counter(map(_filled, rows)).most_common(1)
        if width < 2 or width > len(rows[0]):
            return False, 0.0, 0.0
        cells = [cell for row in rows for cell in row[:50]]
        return not broken, count / len(rows), sum(map(is_amount, cells)) / len(cells)

    fits = {separator: fit(separator) for separator in _SEPARATORS}
    best = max(fits, key=fits.__getitem__)
    return best if fits[best][1] else _NO_SEPARATOR


def _filled(row: list[str]) -> int:
    """How many cells a row has up to its last that is not empty, at least one."""
    return next((len(row) - i for i, cell in enumerate(reversed(row)) if cell), 1)


def _sample_rows(text: str, separator: str) -> tuple[list[list[str]], bool]:
    """The first rows that are not blank, and whether the reader broke off among them."""
    sample = text[:_SAMPLE_CHARACTERS]
    rows: list[list[str]] = []
    broken = False
    try:
        for row in islice(_rows(sample, separator), _SAMPLE_ROWS):
            rows.append(row)
    except csv.Error:
        broken = len(sample) == len(text)
    if len(sample) < len(text) and 1 < len(rows) < _SAMPLE_ROWS:
        rows.pop()  # cut in two
    return rows, broken


def _all_rows(text: str, separator: str) -> list[list[str]]:
    rows = []
    reader = _rows(text, separator)
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise PriceListError(
                f"The file can't be read as CSV after its row {len(rows)}: {_reason(error)}.",
                way_out="Mend that row, or save the table as CSV anew.",
            ) from error
        if row is None:
            return rows
        if len(row) > MAX_COLUMNS:
            raise PriceListError(
                f"A row of the file has {len(row):,} cells; at most {MAX_COLUMNS:,} are read.",
                way_out=WAY_OUT,
            )
        rows.append(row)
        if len(rows) > MAX_ROWS:
            raise PriceListError(
                f"The file has more than {MAX_ROWS:,} rows.", way_out="Give fewer of them."
            )


def _reason(error: csv.Error) -> str:
    message = str(error)
    if "field limit" in message:
        return (
            f"a cell has more than {csv.field_size_limit():,} characters, often because a"
            " quotation mark is never closed"
        )
    if "unexpected end" in message:
        return "a quotation mark is never closed"
    return f"{message} (a quotation mark inside a quoted cell is written twice)"


def _rows(text: str, separator: str) -> Iterator[list[str]]:
    """The rows that are not blank. Strict: a stray quotation mark must not swallow rows."""
    for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True):
        if len(row) > MAX_COLUMNS:
            yield row  # for its reader to refuse
            continue
        cells = [cell.strip() for cell in row]
        if any(cells):
            yield cells
