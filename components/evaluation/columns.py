"""Which columns of a table are the text, the price and the category."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from components.errors import RowsError
from components.pricing import NumberFormat, TextTable, is_amount
from components.pricing import read_price as read_completion
from components.pricing.amounts import amount_column, is_missing
from components.pricing.price_columns import name_parts, rank_price_columns

# By parts of names, the best first.
_TEXTS = ("summary", "description", "text", "prompt", "details", "full", "title", "name", "product")
_CATEGORIES = ("category", "categories", "department", "type", "brand")
# A layout of its own: the price is what a model is to write after the prompt.
_PROMPT, _COMPLETION = "prompt", "completion"
_LOOKED_AT = 2000


@dataclass(frozen=True)
class Columns:
    """The names of the columns that hold each row's text, price and category, if there is one.

    `number_format` is how prices are written; None leaves it to what the column allows.
    """

    text: str
    price: str
    category: str | None = None
    number_format: NumberFormat | None = None


def find_columns(table: pd.DataFrame) -> Columns:
    """The columns by their names and contents; RowsError names those there are.

    A text is a column of words named so (summary before description before title …), else the one
    with the longest texts; `rank_price_columns` says which is a price. A prompt beside a
    completion is taken as it is.
    """
    seen = table.head(_LOOKED_AT)
    words = [name for name in seen.columns if _is_words(seen[name])]
    category = _named(words, _CATEGORIES)
    if _PROMPT in seen.columns and _COMPLETION in seen.columns:
        return Columns(_PROMPT, _COMPLETION, category)
    price = _price(seen)
    words = [name for name in words if name != price]
    text = _named(words, _TEXTS) or max(words, key=lambda name: _length(seen[name]), default=None)
    if text is None or price is None:
        missing = "texts" if text is None else "prices"
        names = ", ".join(map(str, table.columns)) or "no columns"
        raise RowsError(
            f"No column of {missing} was found among {names}.",
            way_out="Give a table with a column of descriptions and one named price, or name them.",
        )
    return Columns(text, price, category if category != text else None)


def amounts(cells: pd.Series, number_format: NumberFormat | None = None) -> pd.Series:
    """The dollars of each cell, NaN where it is no amount.

    RowsError where the column can be read in two ways and no format is given: 1.299 is a dollar
    and some cents, or a thousand.
    """
    if pd.api.types.is_numeric_dtype(cells):
        return pd.to_numeric(cells).astype(float)
    written = texts(cells).str.strip()
    if str(cells.name) == _COMPLETION:  # a model's: an end of text may follow
        return written.map(read_completion).astype(float)
    column = amount_column(written.tolist())
    if number_format is None:
        decided = column.decide()
        if decided is None:
            raise RowsError(
                f"The amounts in column {cells.name} can be read in two ways: a point may be"
                " decimal, or group thousands.",
                way_out="Say which: the number format is point (1,299.00) or comma (1.299,00).",
            )
        number_format = decided[0]
    return pd.Series(column.values[number_format], index=cells.index)


def needs_number_format(cells: pd.Series) -> bool:
    """Whether `amounts` must be told how the column's numbers are written."""
    if pd.api.types.is_numeric_dtype(cells) or str(cells.name) == _COMPLETION:
        return False
    return amount_column(texts(cells).str.strip().tolist()).decide() is None


def texts(cells: pd.Series) -> pd.Series:
    """Each cell as text, empty where there is none."""
    return cells.map(_text).astype(str)


def _text(cell: object) -> str:
    if isinstance(cell, str):
        return cell
    missing = cell is None or (isinstance(cell, float) and pd.isna(cell)) or cell is pd.NA
    return "" if missing else str(cell)


def _price(table: pd.DataFrame) -> str | None:
    """The likeliest column of prices; None if none is likely."""
    written = [texts(table[name]).str.strip().tolist() for name in table.columns]
    rows = [list(row) for row in zip(*written, strict=True)]
    names = tuple(map(str, table.columns))
    if not rows:
        return None
    as_texts = TextTable(names, rows, len(names), too_long=0, encoding="", separator="")
    likely = [one.place for one in rank_price_columns(as_texts) if one.likely]
    return table.columns[likely[0]] if likely else None


def _is_words(cells: pd.Series) -> bool:
    filled = [cell for cell in cells if isinstance(cell, str) and not is_missing(cell)]
    return bool(filled) and sum(map(is_amount, filled)) <= len(filled) / 2


def _length(cells: pd.Series) -> float:
    return float(texts(cells).str.len().mean())


def _named(names: Sequence[str], wanted: Sequence[str]) -> str | None:
    """The first column whose whole name is wanted, else the first with a wanted part."""
    for word in wanted:
        for name in names:
            if str(name).strip().lower() == word:
                return name
    for word in wanted:
        for name in names:
            if word in name_parts(str(name)):
                return name
    return None
