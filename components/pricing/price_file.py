"""A visitor's own prices: which column they are in, how they are written, what is left out."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from components.errors import PriceListError
from components.pricing.amounts import (
    NUMBER_FORMATS,
    AmountColumn,
    Decision,
    NumberFormat,
    amount_column,
    is_amount,
    is_missing,
)
from components.pricing.price_columns import Candidate, names_a_price, rank_price_columns
from components.pricing.text_table import WAY_OUT, TextTable, read_table

LARGEST_PRICE = 99_999

Reason = Literal["missing", "no_amount", "other_format", "below_zero", "too_large", "row_too_long"]

_EXAMPLES = 3


@dataclass(frozen=True)
class LeftOut:
    """Cells that are not among the prices: why, how many, and some of them."""

    reason: Reason
    count: int
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class PriceReading:
    """A column read in one number format.

    `prices` has an entry per row of the table, NaN where the row's cell is left out; all are from
    0 to LARGEST_PRICE. `examples` are cells with their prices, the most telling ones first.
    """

    number_format: NumberFormat
    prices: NDArray[np.float64]
    left_out: tuple[LeftOut, ...]
    examples: tuple[tuple[str, float], ...]

    @property
    def count(self) -> int:
        """How many prices were read."""
        return int((~np.isnan(self.prices)).sum())

    @property
    def dollars(self) -> Mapping[int, int]:
        """How many prices are which whole-dollar amount, in order."""
        read = self.prices[~np.isnan(self.prices)]
        return dict(sorted(Counter((read + 0.5).astype(int).tolist()).items()))


@dataclass(frozen=True, eq=False)
class PriceFile:
    """What was read of a file, and what else could be.

    `column` is the place of the price column in `table`, `candidates` all that hold amounts, the
    likeliest first. `readings` are those by number format, the one with most prices first;
    `decision` says why `number_format` was taken. Both are None where two readings are possible:
    then somebody must be asked, and there are no prices. `currencies` are as written; amounts are
    taken as they are, whatever the currency.
    """

    table: TextTable
    column: int
    candidates: tuple[Candidate, ...]
    readings: tuple[PriceReading, ...]
    number_format: NumberFormat | None
    decision: Decision | None
    currencies: tuple[str, ...]

    @property
    def reading(self) -> PriceReading | None:
        """The prices; None while the number format must be asked for."""
        return next((r for r in self.readings if r.number_format == self.number_format), None)

    @property
    def column_key(self) -> str:
        """The price column's name, or its place where it has none."""
        return self.table.key(self.column)


def read_price_table(content: bytes) -> TextTable:
    """The table in a CSV file of any encoding and separator; PriceListError if there is none."""
    return read_table(content, is_amount=is_amount, is_name=names_a_price)


def examine_price_file(
    content: bytes, *, column: str | None = None, number_format: NumberFormat | None = None
) -> PriceFile:
    """Read the prices in a CSV file: `read_price_table`, then `examine_prices`."""
    return examine_prices(read_price_table(content), column=column, number_format=number_format)


def examine_prices(
    table: TextTable, *, column: str | None = None, number_format: NumberFormat | None = None
) -> PriceFile:
    """Read the prices in a column of a table.

    `column` is a column by `TextTable.key`, `number_format` a format; what is not given, or reads
    no cell, is found out. Raises PriceListError, which names what is wrong, where no price can be
    read.
    """
    candidates = rank_price_columns(table)
    index = _likeliest(table, candidates) if column is None else _named(table, column)
    amounts = amount_column(table.column(index))
    readings = sorted(
        (_reading(name, amounts, table.too_long) for name in NUMBER_FORMATS),
        key=lambda reading: -reading.count,
    )
    if not readings[0].count:
        raise PriceListError(
            f"No price from 0 to {LARGEST_PRICE:,} is in column {table.key(index)}:"
            f" {_why_none(readings[0].left_out)}.",
            way_out=WAY_OUT,
        )
    usable = tuple(reading for reading in readings if reading.count)
    decided = amounts.decide()
    if number_format in [reading.number_format for reading in usable]:
        decided = number_format, "chosen"
    return PriceFile(
        table=table,
        column=index,
        candidates=tuple(candidates),
        readings=usable,
        number_format=decided[0] if decided else None,
        decision=decided[1] if decided else None,
        currencies=amounts.currencies,
    )


def _named(table: TextTable, wanted: str) -> int:
    keys = [table.key(index) for index in range(table.width)]
    if wanted not in keys:
        raise PriceListError(
            f"The file has no column {wanted}.", way_out=f"Its columns are {_listed(keys)}."
        )
    return keys.index(wanted)


def _likeliest(table: TextTable, candidates: list[Candidate]) -> int:
    likely = [candidate.place for candidate in candidates if candidate.likely]
    named = [i for i, name in enumerate(table.names or ()) if names_a_price(name)]
    if likely or named:
        return (likely or named)[0]  # of a named one, its cells say why it can't be read
    if not candidates:
        raise PriceListError("No column of the file holds numbers.", way_out=WAY_OUT)
    numeric = _listed([table.key(candidate.place) for candidate in candidates])
    raise PriceListError(
        f"No column of the file is known to hold prices; there are numbers in {numeric}.",
        way_out="Say which column holds them, or name it price.",
    )


def _listed(names: list[str]) -> str:
    return ", ".join(names[:8]) + (", …" if len(names) > 8 else "")


def _reading(number_format: NumberFormat, column: AmountColumn, too_long: int) -> PriceReading:
    values = column.values[number_format]
    other = column.values["comma" if number_format == "point" else "point"]
    unread = np.isnan(values)
    missing = unread & np.array([is_missing(cell) for cell in column.cells], dtype=bool)
    otherwise = unread & ~np.isnan(other)
    below, above = values < 0, values >= LARGEST_PRICE + 0.5
    reasons: dict[Reason, NDArray[np.bool_]] = {
        "missing": missing,
        "no_amount": unread & ~missing & ~otherwise,
        "other_format": otherwise,
        "below_zero": below,
        "too_large": above,
    }
    left_out = [
        LeftOut(reason, int(mask.sum()), _first_cells(column, mask))
        for reason, mask in reasons.items()
        if mask.any()
    ]
    if too_long:
        left_out.append(LeftOut("row_too_long", too_long))
    prices = np.where(below | above, np.nan, values)
    return PriceReading(number_format, prices, tuple(left_out), _examples(column, prices, other))


def _first_cells(column: AmountColumn, mask: NDArray[np.bool_]) -> tuple[str, ...]:
    cells = dict.fromkeys(column.cells[i] for i in np.flatnonzero(mask)[:1000])
    return tuple(cell[:40] for cell in cells if cell)[:_EXAMPLES]


def _examples(
    column: AmountColumn, prices: NDArray[np.float64], other: NDArray[np.float64]
) -> tuple[tuple[str, float], ...]:
    """Cells that read otherwise in the other format come first, then the longest."""
    places = np.flatnonzero(~np.isnan(prices))
    told = {column.cells[i]: (bool(prices[i] == other[i]), float(prices[i])) for i in places}
    order = sorted(told, key=lambda cell: (told[cell][0], -len(cell)))
    return tuple((cell, told[cell][1]) for cell in order[:_EXAMPLES])


_WORDS: dict[Reason, str] = {
    "missing": "empty",
    "no_amount": "no amount",
    "other_format": "in another number format",
    "below_zero": "below zero",
    "too_large": f"above {LARGEST_PRICE:,}",
    "row_too_long": "in rows with more cells than the first",
}


def describe_left_out(left_out: LeftOut) -> str:
    """In words: `3 no amount (“on request”, “sold”)`."""
    quoted = ", ".join(f"“{cell}”" for cell in left_out.examples)
    return f"{left_out.count:,} {_WORDS[left_out.reason]}" + (f" ({quoted})" if quoted else "")


def _why_none(left_out: tuple[LeftOut, ...]) -> str:
    return "; ".join(map(describe_left_out, left_out)) or "it is empty"
