"""What the figures are computed from: a model's answers to items whose price is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from components.evaluation.item import Item
from components.evaluation.metrics import (
    DISTRIBUTION_METRICS,
    Metric,
    NoNumber,
    losses,
    with_no_number,
)
from components.numbers import PriceDistribution
from components.pricing import point_estimates

# Of so many likeliest first tokens the mean is taken, where every price is one token.
TOP_COUNTS = (10, 30, 100, 300, 1000)


@dataclass(frozen=True, eq=False)
class ScoredRow:
    """One model's answer to one item, with the item's `actual` price in dollars.

    `greedy` is the price that the greedy continuation begins with, None if it is no number.
    """

    item_id: str
    prompt: str
    actual: float
    category: str | None
    distribution: PriceDistribution
    greedy: float | None


def scored_row(item: Item, distribution: PriceDistribution, greedy: float | None) -> ScoredRow:
    """A model's answer beside the item's price, which must be above $0 and below $1,000."""
    if item.actual is None or not 0 < item.actual < 1000:
        raise ValueError(f"{item.id} is scored at a price above $0 and below $1,000, not {item}")
    return ScoredRow(item.id, item.prompt, item.actual, item.category, distribution, greedy)


@dataclass(frozen=True, eq=False)
class ItemScores:
    """What one model, or a baseline, says of each item.

    `items` has a row per item: `item_id`, `category` (None if unknown) and `actual`. `estimates`
    are prices in dollars by read-out, shape (rows, repeats), NaN for no number; a model answers
    once, a baseline is fitted in several orders of the rows. `distributions` has, row by row,
    what is said of a model's distributions: `crps`, `log_score`, `nats` (of the price, among all
    that the model may go on with), `below` and `up_to` (the probability of less than the price's
    whole dollars, and of at most them), `overflow`, `not_a_number`, `unexplored`; no column for a
    baseline.
    """

    items: pd.DataFrame
    estimates: Mapping[str, NDArray[np.float64]]
    distributions: pd.DataFrame

    def __post_init__(self) -> None:
        if self.items["item_id"].duplicated().any():
            raise ValueError("an item is scored once")

    @property
    def actual(self) -> NDArray[np.float64]:
        """The prices in dollars, shape (rows,)."""
        return self.items["actual"].to_numpy(dtype=float)

    def estimate(self, read_out: str) -> NDArray[np.float64]:
        """One price in dollars per row: of several repeats the geometric mean of 1 + price."""
        return np.expm1(np.log1p(self.estimates[read_out]).mean(axis=1))

    def losses(
        self, metric: Metric, read_out: str, no_number: NoNumber = "left_out"
    ) -> NDArray[np.float64]:
        """What each row adds to a metric, shape (rows,); NaN where there is no number.

        A metric of whole distributions takes no read-out.
        """
        if metric in DISTRIBUTION_METRICS:
            return self.distributions[DISTRIBUTION_METRICS[metric]].to_numpy(dtype=float)
        estimates = with_no_number(self.estimates[read_out], no_number)
        return losses(metric, estimates, self.actual)

    def frame(self) -> pd.DataFrame:
        """One row per item, machine-readable: the items, `estimate_…`, `error_…`, distributions.

        `error_…` is the absolute error in dollars, over several repeats its mean.
        """
        columns = {}
        for read_out in self.estimates:
            columns[f"estimate_{read_out}"] = self.estimate(read_out)
            columns[f"error_{read_out}"] = self.losses("mae", read_out)
        return pd.concat(
            [self.items, pd.DataFrame(columns, index=self.items.index), self.distributions], axis=1
        )

    @cached_property
    def places(self) -> Mapping[str, int]:
        """Each item's row."""
        return {str(item): place for place, item in enumerate(self.items["item_id"])}


def items_frame(rows: Sequence[ScoredRow]) -> pd.DataFrame:
    """The `items` of ItemScores."""
    return pd.DataFrame(
        {
            "item_id": [row.item_id for row in rows],
            "category": pd.Series([row.category for row in rows], dtype=object),
            "actual": np.array([row.actual for row in rows], dtype=float),
        }
    )


def item_scores(rows: Sequence[ScoredRow]) -> ItemScores:
    """The scores of one model's rows, at least one, under its read-outs.

    `median`, `mean`, `mode` and `top3_mean` as `point_estimates` has them, then `greedy`, and
    where every price is one token `top…_mean` of more first tokens, up to all.
    """
    one_token = all(row.distribution.price_is_one_token for row in rows)
    counts = TOP_COUNTS if one_token else ()
    read = [_read_outs(row, counts) for row in rows]
    return ItemScores(
        items_frame(rows),
        {name: np.array([[one[name]] for one in read], dtype=float) for name in read[0]},
        pd.DataFrame([_distribution_scores(row) for row in rows]),
    )


def _read_outs(row: ScoredRow, counts: Sequence[int]) -> dict[str, float | None]:
    return {
        **point_estimates(row.distribution),
        **{f"top{count}_mean": row.distribution.top_mean(count) for count in counts},
        "greedy": row.greedy,
    }


def _distribution_scores(row: ScoredRow) -> dict[str, float]:
    distribution, dollars = row.distribution, int(row.actual)
    below = distribution.given_number[:dollars].sum()
    probability = distribution.probabilities[dollars]
    with np.errstate(divide="ignore"):
        # What was not explored may hold this price.
        known = probability > 0 or distribution.unexplored == 0
        nats = -np.log(probability) if known else np.nan
    return {
        "crps": distribution.crps(row.actual),
        "log_score": distribution.log_score(row.actual),
        "nats": float(nats),
        "below": float(below),
        "up_to": float(below + distribution.given_number[dollars]),
        "overflow": distribution.overflow,
        "not_a_number": distribution.not_a_number,
        "unexplored": distribution.unexplored,
    }
