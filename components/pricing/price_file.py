"""A visitor's own list of prices, read from CSV."""

import io
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from components.errors import PriceListError

MAX_BYTES = 5_000_000
_LARGEST = 99_999
_NAMES = ("price", "price_usd", "price usd", "amount", "target", "label", "actual")


@dataclass(frozen=True)
class PriceList:
    """How many prices are which whole-dollar amount, and how many cells were left out.

    `column` is the column's name, None in a file without names. A cell is left out if it is no
    number from 0 to 99,999 (dollar sign and thousands commas are read).
    """

    dollars: Mapping[int, int]
    left_out: int
    column: str | None

    @property
    def count(self) -> int:
        """How many prices were read."""
        return sum(self.dollars.values())


def read_prices(content: bytes) -> PriceList:
    """The prices in a CSV file, to the nearest dollar.

    Taken is the column named `price` (or price_usd, amount, target, label, actual, in this
    order), else the first column in which most cells are numbers. Raises PriceListError.
    """
    way_out = "Give a CSV file with a column named price, one price per row."
    if len(content) > MAX_BYTES:
        raise PriceListError(
            f"The file has {len(content) / 1e6:,.1f} MB; at most {MAX_BYTES // 1_000_000} MB are"
            " read.",
            way_out=way_out,
        )
    try:
        text = content.decode("utf-8-sig")
        separator = next((s for s in (",", ";", "\t") if s in text.partition("\n")[0]), ",")
        table = pd.read_csv(
            io.StringIO(text), sep=separator, header=None, dtype=str, keep_default_na=False
        )
    except (UnicodeDecodeError, ValueError, pd.errors.ParserError) as error:
        raise PriceListError(f"The file can't be read as CSV: {error}", way_out=way_out) from error
    read = table.apply(_numbers)
    named = bool(read.iloc[0].isna().all()) and len(table) > 1
    names = [str(name).strip().lower() for name in table.iloc[0]] if named else []
    rows = read.iloc[1:] if named else read
    known = [names.index(name) for name in _NAMES if name in names]
    mostly = [column for column in rows if rows[column].notna().mean() > 0.5]
    if not known and not mostly:
        raise PriceListError("No column of the file holds numbers.", way_out=way_out)
    column = (known or mostly)[0]
    prices = rows[column].dropna()
    usable = prices[(prices >= 0) & (prices < _LARGEST + 0.5)]
    if usable.empty:
        raise PriceListError(
            f"No price from 0 to {_LARGEST:,} is in the file.",
            way_out=way_out,
        )
    return PriceList(
        dict(sorted(Counter((usable + 0.5).astype(int).tolist()).items())),
        left_out=len(rows) - len(usable),
        column=str(table.at[0, column]).strip() if named else None,
    )


def _numbers(cells: pd.Series) -> pd.Series:
    plain = cells.str.strip().str.replace(r"^(?:US)?\$\s*|(?<=\d),(?=\d{3})", "", regex=True)
    return pd.to_numeric(plain, errors="coerce")
