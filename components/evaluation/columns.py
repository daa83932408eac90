"""Which columns of a table are the text, the price and the category."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from components.errors import RowsError
from components.pricing import read_price

# By parts of names, the best first. A prompt beside its completion is a layout of its own.
_TEXTS = ("summary", "description", "text", "prompt", "details", "full", "title", "name", "product")
_PRICES = ("price", "completion", "amount", "cost", "target", "label", "actual")
_CATEGORIES = ("category", "categories", "department", "type", "brand")

# A column is one of prices if this share of its filled cells are.
_MOSTLY = 0.5
_LOOKED_AT = 2000
_PLAIN = re.compile(r"^(?:US)?\$\s*|(?<=\d),(?=\d{3})")
_PARTS = re.compile(r"[a-z]+|[A-Z][a-z]*|[A-Z]+(?![a-z])")


@dataclass(frozen=True)
class Columns:
    """The names of the columns that hold each row's text, price and category, if there is one."""

    text: str
    price: str
    category: str | None = None


def find_columns(table: pd.DataFrame) -> Columns:
    """The columns by their names and contents; RowsError names those there are.

    A text is a column of words named so (summary before description before title …), else the one
    with the longest texts; a price is a column of numbers named so, else the only one of numbers.
    """
    seen = table.head(_LOOKED_AT)
    words = [name for name in seen.columns if _is_words(seen[name])]
    numbers = [name for name in seen.columns if name not in words and _is_amounts(seen[name])]
    priced = _named(numbers, _PRICES) or _only(numbers)
    text = _named(words, _TEXTS) or max(words, key=lambda name: _length(seen[name]), default=None)
    if text is None or priced is None:
        missing = "texts" if text is None else "prices"
        names = ", ".join(map(str, table.columns)) or "no columns"
        raise RowsError(
            f"No column of {missing} was found among {names}.",
            way_out="Give a table with a column of descriptions and one named price, or name them.",
        )
    rest = [name for name in words if name != text]
    return Columns(text, priced, _named(rest, _CATEGORIES))


def amounts(cells: pd.Series) -> pd.Series:
    """The dollars of each cell, NaN where it is no number."""
    if pd.api.types.is_numeric_dtype(cells):
        return pd.to_numeric(cells).astype(float)
    plain = cells.map(_text).str.strip().str.replace(_PLAIN, "", regex=True)
    read = pd.to_numeric(plain, errors="coerce").astype(float)
    if str(cells.name).lower() == "completion":  # a model's: an end of text may follow
        read = read.fillna(plain.map(read_price).astype(float))
    return read


def texts(cells: pd.Series) -> pd.Series:
    """Each cell as text, empty where there is none."""
    return cells.map(_text).astype(str)


def _text(cell: object) -> str:
    if isinstance(cell, str):
        return cell
    missing = cell is None or (isinstance(cell, float) and pd.isna(cell)) or cell is pd.NA
    return "" if missing else str(cell)


def _is_words(cells: pd.Series) -> bool:
    filled = [cell for cell in cells if isinstance(cell, str) and cell.strip()]
    return bool(filled) and not _is_amounts(cells)


def _is_amounts(cells: pd.Series) -> bool:
    if pd.api.types.is_bool_dtype(cells):
        return False
    filled = cells[texts(cells).str.strip() != ""]
    return len(filled) > 0 and bool(amounts(filled).notna().mean() > _MOSTLY)


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
            if word in [part.lower() for part in _PARTS.findall(str(name))]:
                return name
    return None


def _only(names: Sequence[str]) -> str | None:
    return names[0] if len(names) == 1 else None
