"""The rows of an evaluation: products with their prices, and what was left out of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from components.evaluation.item import Item

# What the distribution can't hold: it is over the whole dollars 0 to 999.
PRICE_LIMIT = 1000.0

NO_TEXT = "no text"
NO_PRICE = "no price above $0"
ABOVE_999 = "above $999"
REPEATED = "the same prompt again"


@dataclass(frozen=True)
class Row:
    """A product to price: the whole `prompt`, and the true `price` in dollars, 0 < price < 1000.

    `text` is the description in the prompt. `id` is the catalogue's, else a hash of the prompt.
    """

    id: str
    prompt: str
    text: str
    price: float
    category: str | None = None

    @property
    def item(self) -> Item:
        """What a model is asked."""
        return Item(self.id, self.prompt, self.price, self.category)


@dataclass(frozen=True)
class RowSet:
    """Rows in the order in which they are asked, where they are from, and what was left out.

    `label` names the source; `left_out` counts rows by reason.
    """

    rows: tuple[Row, ...]
    label: str
    left_out: Mapping[str, int] = field(default_factory=dict)

    def sample(self, size: int, seed: int = 0) -> RowSet:
        """`size` of the rows, stratified by price; all of them, shuffled, if there are no more.

        The rows in order of price are cut into `size` parts of equal number (but for one), and one
        is drawn of each: the sample's prices are spread as those of all rows. The same rows, size
        and seed give the same sample, in whatever order the rows come. Its order is drawn too, so
        that at any time what is done is a sample itself.
        """
        if size < 1:
            raise ValueError(f"a sample has one row or more, not {size}")
        random = np.random.default_rng(seed)
        by_price = sorted(self.rows, key=lambda row: (row.price, row.id))
        parts = np.array_split(np.arange(len(by_price)), min(size, len(by_price)))
        drawn = [by_price[int(random.choice(part))] for part in parts if len(part)]
        random.shuffle(drawn)  # type: ignore[arg-type]
        return replace(self, rows=tuple(drawn))

    def shuffled(self, seed: int = 0) -> RowSet:
        """All rows, in an order that is drawn by the seed."""
        return self.sample(len(self.rows), seed) if self.rows else self


def usable(rows: Iterable[Row], label: str, left_out: Mapping[str, int] | None = None) -> RowSet:
    """The rows that can be priced and scored; the others are counted by reason.

    Left out are rows without text, without a price above $0, of $1,000 or more, and those whose
    id came before.
    """
    counts = Counter(left_out or {})
    kept: dict[str, Row] = {}
    for row in rows:
        if (reason := _unusable(row, kept)) is not None:
            counts[reason] += 1
        else:
            kept[row.id] = row
    return RowSet(tuple(kept.values()), label, dict(counts))


def _unusable(row: Row, kept: Mapping[str, Row]) -> str | None:
    if not row.text.strip():
        return NO_TEXT
    if not row.price > 0:  # NaN too
        return NO_PRICE
    if row.price >= PRICE_LIMIT:
        return ABOVE_999
    return REPEATED if row.id in kept else None
