"""Where rows come from: the catalogue, a file, a dataset on the Hub."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from components.assets import fetch_dataset
from components.control import Control
from components.errors import PriceListError, RowsError
from components.evaluation.columns import Columns, amounts, find_columns, texts
from components.evaluation.item import own_item
from components.evaluation.rows import Row, RowSet, usable
from components.isolation import IsolationError, Limits, run_isolated
from components.pricing import (
    DEFAULT_PROMPT,
    PROMPTS,
    load_catalogue,
    price_prompt,
    read_price_table,
)

CATALOGUE = "catalogue"
HUB = "hub:"
SUFFIXES = (".csv", ".tsv", ".txt", ".jsonl", ".ndjson", ".json", ".parquet")
_OF_THE_HUB = (".parquet", ".jsonl", ".json", ".csv")

# What a table may have once it is unpacked: Parquet compresses without a bound of its own.
MOST_BYTES = 1_000_000_000

_KINDS = "Give CSV with a line of names, JSON Lines, or Parquet; large tables as Parquet."

_ENDED = {
    "memory": "reading it takes more memory than a table may",
    "time": "reading it takes too long",
    "crash": "reading it ends in a crash",
    "output": "there is more in it than a table may hold",
}

# Held-out rows first: a model may have been trained on the others.
_SPLITS = ("test", "validation", "valid", "val", "dev", "train")
_ANSWER = "Price is $"
_ANSWERED = re.compile(r"Price is \$[ \d.,]*\s*$")


@dataclass(frozen=True)
class Table:
    """A table as it was read, and where it is from."""

    label: str
    cells: pd.DataFrame


def catalogue_rows(question: str = PROMPTS[DEFAULT_PROMPT]) -> RowSet:
    """The bundled products, in a drawn order."""
    rows = [
        Row(
            product.id,
            price_prompt(product.description, question),
            product.description,
            product.price_usd,
            product.category,
        )
        for product in load_catalogue().values()
    ]
    return usable(rows, CATALOGUE).shuffled()


def open_rows(
    source: str,
    columns: Columns | None = None,
    control: Control | None = None,
    question: str = PROMPTS[DEFAULT_PROMPT],
) -> RowSet:
    """The rows of `catalogue`, of a file by its path, or of `hub:organization/dataset`.

    `hub:organization/dataset:split` takes another split than the first of test, validation and
    train that there is. Raises RowsError, AssetError.
    """
    if source == CATALOGUE:
        return catalogue_rows(question)
    table = open_table(source, control)
    return table_rows(table, columns or find_columns(table.cells), question)


def open_table(source: str, control: Control | None = None) -> Table:
    """The table of a file by its path, or of `hub:organization/dataset`. Raises as open_rows."""
    if source.startswith(HUB):
        return hub_table(source.removeprefix(HUB), control)
    path = Path(source)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RowsError(
            f"{source} can't be read: {error.strerror or error}.",
            way_out=f"Name a file, {CATALOGUE}, or {HUB}organization/dataset.",
        ) from error
    return read_table(path.name, content)


def table_rows(table: Table, columns: Columns, question: str = PROMPTS[DEFAULT_PROMPT]) -> RowSet:
    """The rows of a table by these columns, in a drawn order; what can't be used is counted.

    A text that ends with `Price is $` is a whole prompt already; a price after it is cut off, so
    that no model reads the answer. RowsError if a column is not there or no row can be used.
    """
    cells = table.cells
    named = [name for name in (columns.text, columns.price, columns.category) if name is not None]
    if missing := [name for name in named if name not in cells.columns]:
        raise RowsError(
            f"{table.label} has no column {', '.join(missing)}.",
            way_out=f"Pick of its columns: {', '.join(map(str, cells.columns))}.",
        )
    prices = amounts(cells[columns.price], columns.number_format)
    categories = texts(cells[columns.category]) if columns.category else [""] * len(cells)
    rows = usable(
        (
            _row(text, price, category, question)
            for text, price, category in zip(
                texts(cells[columns.text]), prices, categories, strict=True
            )
        ),
        table.label,
    )
    if not rows.rows:
        reasons = ", ".join(f"{count:,} with {why}" for why, count in rows.left_out.items())
        raise RowsError(
            f"{table.label} has no row that can be used ({reasons or 'it is empty'}).",
            way_out=f"Pick other columns than {columns.text} and {columns.price}.",
        )
    return rows.shuffled()


def _row(text: str, price: float, category: str, question: str) -> Row:
    if _ANSWERED.search(text):
        prompt = _ANSWERED.sub(_ANSWER, text)
        text = _description(prompt)
    else:
        prompt = price_prompt(text, question)
    return Row(own_item(prompt).id, prompt, text.strip(), float(price), category.strip() or None)


def _description(prompt: str) -> str:
    text = prompt.removesuffix(_ANSWER).strip()
    for question in PROMPTS.values():
        text = text.removeprefix(question).strip()
    return text


def read_strangers_table(name: str, content: bytes, control: Control | None = None) -> Table:
    """`read_table` in a process of its own, from which numbers and texts come back. RowsError."""
    import pyarrow as pa

    size_mb = round(len(content) / 1e6)
    limits = Limits(
        memory_mb=1500 + 4 * size_mb,
        cpu_seconds=30 + size_mb,
        seconds=120 + 3 * size_mb,
        output_mb=300 + 2 * size_mb,
    )
    try:
        found = run_isolated(
            read_table_here, json.dumps(name).encode() + b"\n" + content, limits, control
        )
    except IsolationError as error:
        raise RowsError(f"{name} can't be read: {_ENDED[error.reason]}.", way_out=_KINDS) from error
    return Table(name, pa.ipc.open_stream(found).read_all().to_pandas())


def read_table_here(payload: bytes) -> bytes:
    """What `read_strangers_table` has a process of its own do: the table as an Arrow stream."""
    import pyarrow as pa

    head, content = payload.split(b"\n", 1)
    name = json.loads(head)
    cells = read_table(name, content).cells
    if not cells.columns.is_unique:
        raise RowsError(f"{name} can't be read: two of its columns have one name.", way_out=_KINDS)
    written = io.BytesIO()
    try:
        plain = {str(key): _as_numbers_or_texts(cells[key]) for key in cells.columns}
        table = pa.Table.from_pandas(pd.DataFrame(plain), preserve_index=False)
    except (ValueError, TypeError) as error:  # of pyarrow too
        raise RowsError(f"{name} can't be read: {error}"[:500], way_out=_KINDS) from error
    with pa.ipc.new_stream(written, table.schema) as stream:
        stream.write_table(table)
    return written.getvalue()


def _as_numbers_or_texts(cells: pd.Series) -> pd.Series:
    return cells if pd.api.types.is_numeric_dtype(cells) else texts(cells)


def read_table(name: str, content: bytes) -> Table:
    """A file by the ending of its name: CSV, JSON Lines or Parquet. RowsError if it is none."""
    suffix = Path(name).suffix.lower()
    try:
        match suffix:
            case ".csv" | ".tsv" | ".txt":
                cells = _read_csv(content)
            case ".jsonl" | ".ndjson" | ".json":
                cells = _read_json(content)
            case ".parquet":
                cells = _read_parquet(content)
            case _:
                raise RowsError(
                    f"{name} is no kind of file that is read.",
                    way_out=f"Give one of {', '.join(SUFFIXES)}.",
                )
    except PriceListError as error:
        raise RowsError(f"{name} can't be read: {error.problem}", way_out=_KINDS) from error
    except (ValueError, OSError, RecursionError) as error:  # of pyarrow too
        raise RowsError(f"{name} can't be read: {error}"[:500], way_out=_KINDS) from error
    return Table(name, cells)


def _read_csv(content: bytes) -> pd.DataFrame:
    table = read_price_table(content)
    columns = {table.key(index): table.column(index) for index in range(table.width)}
    return pd.DataFrame(columns, dtype=str)


def _read_json(content: bytes) -> pd.DataFrame:
    text = content.decode("utf-8-sig")
    if text.lstrip().startswith("["):
        records = json.loads(text)
    else:
        # Not splitlines: a text may hold separators of its own.
        records = [json.loads(line) for line in text.split("\n") if line.strip()]
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise ValueError("each line must be an object with named values")
    return pd.DataFrame.from_records(records)


def _read_parquet(content: bytes) -> pd.DataFrame:
    import pyarrow.parquet as pq

    file = pq.ParquetFile(io.BytesIO(content))
    metadata = file.metadata
    unpacked = sum(metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups))
    if unpacked > MOST_BYTES:
        raise ValueError(
            f"unpacked it has {unpacked / 1e6:,.0f} MB; at most {MOST_BYTES / 1e6:,.0f} MB are read"
        )
    flat = [
        file.schema_arrow.field(i).name
        for i in range(len(file.schema_arrow))
        if not file.schema_arrow.field(i).type.num_fields
    ]
    return file.read(columns=flat).to_pandas()


def hub_table(name: str, control: Control | None = None) -> Table:
    """A split of a dataset, `organization/name` or `organization/name:split`.

    Without a split it is the first there is of test, validation and train. Raises AssetError if
    the Hub does not have it, RowsError if its files are of no kind that is read.
    """
    repo_id, _, split = name.partition(":")

    def chosen(files: Sequence[str]) -> list[str]:
        return _files_of_split(repo_id, files, split or None)

    fetched = fetch_dataset(repo_id, chosen, MOST_BYTES, control)
    tables = [
        read_strangers_table(file, (fetched.folder / file).read_bytes(), control).cells
        for file in fetched.files
    ]
    found = split or _split_of(fetched.files[0]) or "all"
    label = f"{HUB}{repo_id} ({found}, revision {fetched.revision[:8]})"
    return Table(label, pd.concat(tables, ignore_index=True))


def _files_of_split(repo_id: str, files: Sequence[str], split: str | None) -> list[str]:
    tables = [file for file in files if Path(file).suffix.lower() in _OF_THE_HUB]
    for suffix in _OF_THE_HUB:  # one kind only: some datasets hold the same rows in two
        kind = [file for file in tables if file.lower().endswith(suffix)]
        by_split = {_split_of(file): [] for file in kind}
        for file in sorted(kind):
            by_split[_split_of(file)].append(file)
        if split is None:
            by_split |= {None: by_split.get(None, [])}
            wanted = next((one for one in (*_SPLITS, None) if by_split.get(one)), None)
        else:
            wanted = split
        if by_split.get(wanted):
            return by_split[wanted]
    raise RowsError(
        f"The dataset {repo_id} has no{f' split {split} in' if split else ''} Parquet, JSON Lines"
        f" or CSV files; it has {', '.join(list(files)[:10]) or 'no file'}.",
        way_out="Name another split (hub:organization/dataset:split), or give a file of its rows.",
    )


def _split_of(file: str) -> str | None:
    """The split that a path names in a folder or at the beginning of the file's name."""
    parts = re.split(r"[/._-]", file.lower())
    return next((split for split in _SPLITS if split in parts), None)
