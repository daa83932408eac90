"""Amounts of money as people write them, read by one number format for a whole column.

price-parser's lists say what is a currency. It does not read the numbers: it decides cell by cell,
and takes `1.299` for 1299 whatever stands beside it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

# What stands before the decimals: 1,299.00 or 1.299,00. Spaces and apostrophes group in both.
NumberFormat = Literal["point", "comma"]
NUMBER_FORMATS: tuple[NumberFormat, ...] = ("point", "comma")

# Why a format was taken: it alone reads the column, all read it alike, the other would have
# decimals written unevenly, or whoever asks has chosen it.
Decision = Literal["only_reading", "all_alike", "uneven_decimals", "chosen"]

_LONGEST = 60
_MISSING = frozenset({"", "-", "--", "–", "—", "?", ".", "n/a", "na", "nan", "none", "null", "nil"})
_TIDY = str.maketrans(
    {
        **dict.fromkeys("\u00a0\u2007\u2008\u2009\u200a\u202f\t\r\n", " "),
        **dict.fromkeys("\u200b\u200e\u200f\u2060\ufeff", None),
        **dict.fromkeys("’ʼ‘`´′", "'"),
        **dict.fromkeys("\u2212\u2010\u2011", "-"),
        **dict(zip("０１２３４５６７８９．，￥＄", "0123456789.,¥$", strict=True)),
    }
)
_PARTS = re.compile(r"([^0-9]*)([0-9](?:[0-9.,' ]*[0-9])?)([^0-9]*)")
_NO_CENTS = re.compile(r"(?:[.,] ?[-–—=]{1,2}|\.)(?= |$|[^0-9])")
# Most cells of most files are these.
_WHOLE = re.compile(r"[0-9]{1,15}")
_CENTS = re.compile(r"[0-9]{1,15}\.[0-9]{1,2}")
_SIGN = re.compile(r"^[-+]|[-+]$")
# In any case; the codes are capitals alone: CUP and PEN are money, a cup and a pen are not.
_WORDS = frozenset(
    {"dollar", "dollars", "euro", "euros", "pound", "pounds", "yen", "francs", "rupees", "us"}
    | {"usd", "eur", "gbp", "chf", "kr", "fr"}
)


def _pattern(decimal: str, group: str, *more: str) -> re.Pattern[str]:
    wholes = [
        "[0-9]+",
        *(rf"[1-9][0-9]{{0,2}}(?:{mark}[0-9]{{3}})+" for mark in (group, " ", "'")),
        *more,
    ]
    return re.compile(rf"(?P<whole>{'|'.join(wholes)})?(?:{decimal}(?P<decimals>[0-9]+))?")


_PATTERNS: dict[NumberFormat, re.Pattern[str]] = {
    # In India, what is beyond thousands is grouped in twos: 1,29,900.
    "point": _pattern(r"\.", ",", "[1-9][0-9]?(?:,[0-9]{2})+,[0-9]{3}"),
    "comma": _pattern(",", r"\."),
}


class Amount(NamedTuple):
    """A number, the decimals that it is written with, and the currency as written, if any."""

    value: float
    decimals: str
    currency: str


class _Parts(NamedTuple):
    negative: bool
    digits: str
    currency: str


_UNREADABLE: Mapping[NumberFormat, Amount | None] = dict.fromkeys(NUMBER_FORMATS)


def is_missing(cell: str) -> bool:
    """Whether a cell says that there is nothing in it."""
    return cell.strip().lower() in _MISSING


def read_amount(cell: str, number_format: NumberFormat) -> Amount | None:
    """The amount in a cell, None if the cell is not one amount written in this format.

    A currency may stand before or after it; `12,-` and `12.-` have no cents.
    """
    return _read(cell)[number_format]


def is_amount(cell: str) -> bool:
    """Whether a cell is one amount in any format."""
    return any(_read(cell).values())


def _read(cell: str) -> Mapping[NumberFormat, Amount | None]:
    if _WHOLE.fullmatch(cell):
        amount = Amount(float(cell), "", "")
        return {"point": amount, "comma": amount}
    if _CENTS.fullmatch(cell):
        return {"point": Amount(float(cell), cell.partition(".")[2], ""), "comma": None}
    parts = _take_apart(cell)
    if parts is None:
        return _UNREADABLE
    return {name: _in_format(parts, name) for name in NUMBER_FORMATS}


def _in_format(parts: _Parts, number_format: NumberFormat) -> Amount | None:
    match = _PATTERNS[number_format].fullmatch(parts.digits)
    if match is None:
        return None
    whole = re.sub("[^0-9]", "", match["whole"] or "0")
    decimals = match["decimals"] or ""
    value = float(f"{whole}.{decimals or '0'}")
    return Amount(-value if parts.negative else value, decimals, parts.currency)


def _take_apart(cell: str) -> _Parts | None:
    if len(cell) > _LONGEST:
        return None
    match = _PARTS.fullmatch(cell.translate(_TIDY).strip())
    if match is None:
        return None
    before, digits, after = match[1].strip(), match[2], match[3]
    if no_cents := _NO_CENTS.match(after):
        digits = f"{digits}{after[0]}00"
        after = after[no_cents.end() :]
    negative = before.startswith("-") or before.endswith("-")
    before = _SIGN.sub("", before, count=1).strip()
    if before.endswith((".", ",")) and not before[:-1].strip().isalpha():
        before, digits = before[:-1].strip(), before[-1] + digits  # $.99
    marks = [mark for mark in (before, after.strip()) if mark]
    if not all(map(_is_currency, marks)):
        return None
    return _Parts(negative, digits, " ".join(marks))


def _is_currency(mark: str) -> bool:
    """Whether this is a currency's sign, code or word, or several of one: `US $`, `$ USD`."""
    known = _currencies()
    joined = mark.replace(" ", "")
    words = [joined] if joined in known else mark.split()
    return all(
        word in known or word.rstrip(".") in known or word.lower() in _WORDS for word in words
    )


@cache
def _currencies() -> frozenset[str]:
    from price_parser.parser import OTHER_CURRENCY_SYMBOLS, SAFE_CURRENCY_SYMBOLS

    return frozenset(mark.strip() for mark in (*SAFE_CURRENCY_SYMBOLS, *OTHER_CURRENCY_SYMBOLS))


@dataclass(frozen=True, eq=False)
class AmountColumn:
    """A column's cells under each number format.

    `values` has, by format, the amount of each cell, NaN where the cell is none in that format;
    `currencies` the currencies that are written in it.
    """

    cells: list[str]
    values: dict[NumberFormat, NDArray[np.float64]]
    currencies: tuple[str, ...]
    uneven: frozenset[NumberFormat]

    def decide(self) -> tuple[NumberFormat, Decision] | None:
        """The format that the column is written in; None where two are possible, and at odds."""
        point, comma = self.values["point"], self.values["comma"]
        both = ~np.isnan(point) & ~np.isnan(comma)
        only_point = int((~np.isnan(point) & np.isnan(comma)).sum())
        only_comma = int((np.isnan(point) & ~np.isnan(comma)).sum())
        at_odds = bool((point[both] != comma[both]).any())
        if not only_point and not only_comma:
            if not at_odds:
                return "point", "all_alike"
            sound: list[NumberFormat] = [n for n in NUMBER_FORMATS if n not in self.uneven]
            return (sound[0], "uneven_decimals") if len(sound) == 1 else None
        fewer, more = sorted((only_point, only_comma))
        # A few cells in another format are left out, unless it is unclear which format the
        # cells are in that both read.
        if fewer and (at_odds or fewer > 0.1 * more):
            return None
        return ("point" if only_point > only_comma else "comma"), "only_reading"


def amount_column(cells: list[str]) -> AmountColumn:
    """Read a column's cells in every format."""
    by_cell = {cell: _read(cell) for cell in dict.fromkeys(cells)}
    read: dict[NumberFormat, dict[str, Amount | None]] = {
        name: {cell: amounts[name] for cell, amounts in by_cell.items()} for name in NUMBER_FORMATS
    }
    currencies = {
        amount.currency
        for amounts in read.values()
        for amount in amounts.values()
        if amount and amount.currency
    }
    return AmountColumn(
        cells,
        values={name: _values(cells, amounts) for name, amounts in read.items()},
        currencies=tuple(sorted(currencies)),
        uneven=frozenset(name for name, amounts in read.items() if _uneven([*amounts.values()])),
    )


def _values(cells: Sequence[str], amounts: Mapping[str, Amount | None]) -> NDArray[np.float64]:
    values = {cell: amount.value if amount else np.nan for cell, amount in amounts.items()}
    return np.array([values[cell] for cell in cells], dtype=float)


def _uneven(amounts: Sequence[Amount | None]) -> bool:
    """Whether three decimals are spelled out to the last zero in one cell and not in another.

    `2.450` beside `899`: no program and hardly anybody writes decimals so, but thousands.
    """
    found = [amount.decimals for amount in amounts if amount and amount.value]
    spelled_out = any(len(decimals) == 3 and decimals.endswith("0") for decimals in found)
    return spelled_out and any(len(decimals) != 3 for decimals in found)
