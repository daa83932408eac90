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
from components.evaluation.packing import PackedFirstTokens
from components.numbers import FirstToken, PriceDistribution, read_as_numbers

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
    found = [row.distribution for row in rows]
    return scores_of(
        items_frame(rows),
        score_frame(
            np.stack([one.probabilities for one in found]),
            [token_scores(one.first_tokens) for one in found],
            pd.DataFrame(
                {
                    "actual": [row.actual for row in rows],
                    "greedy": [row.greedy for row in rows],
                    **{name: [getattr(one, name) for one in found] for name in _MASSES},
                },
                dtype=float,
            ),
        ),
    )


_MASSES = ("overflow", "not_a_number", "unexplored")
_TOP = tuple(f"top{count}_mean" for count in (3, *TOP_COUNTS))
_DISTRIBUTION = ("crps", "log_score", "nats", "below", "up_to", *_MASSES)
# What is kept of a row's answer: a column each, NaN for none. `one_token` is 1 where each first
# token that begins a price begins that price alone.
SCORE_COLUMNS = ("median", "mean", "mode", *_TOP, "one_token", "greedy", *_DISTRIBUTION)


def scores_of(items: pd.DataFrame, kept: pd.DataFrame) -> ItemScores:
    """ItemScores from their `items` and the SCORE_COLUMNS of each."""
    one_token = bool((kept["one_token"] == 1).all())
    read_outs = ("median", "mean", "mode", *(_TOP if one_token else _TOP[:1]), "greedy")
    return ItemScores(
        items,
        {name: kept[name].to_numpy(float)[:, None] for name in read_outs},
        kept[list(_DISTRIBUTION)],
    )


def token_scores(tokens: Sequence[FirstToken]) -> NDArray[np.float64]:
    """`top_mean` of three tokens and of each of TOP_COUNTS, then whether a price is one token.

    The means are NaN where it is not: there they would average first digits.
    """
    if isinstance(tokens, PackedFirstTokens):
        columns = tokens.columns
        texts, shares, begun = columns.texts, columns.probability.astype(float), columns.counts
    else:
        texts = [token.text for token in tokens]
        shares = np.array([token.probability for token in tokens], dtype=float)
        begun = np.array([len(token.numbers) for token in tokens])
    means = np.full(len(_TOP) + 1, np.nan)
    means[-1] = float(begun.max(initial=0) == 1)
    if means[-1]:
        prices = read_as_numbers(texts)
        weights = np.where(np.isnan(prices), 0.0, shares)
        weight, weighed = weights.cumsum(), (weights * np.nan_to_num(prices)).cumsum()
        last = np.minimum((3, *TOP_COUNTS), len(texts)) - 1
        with np.errstate(invalid="ignore"):
            means[:-1] = weighed[last] / weight[last]
    return means


def score_frame(
    probabilities: NDArray[np.floating], tokens: Sequence[NDArray[np.float64]], told: pd.DataFrame
) -> pd.DataFrame:
    """SCORE_COLUMNS of many answers at once, as PriceDistribution has them one by one.

    `probabilities` has shape (rows, 1000); `tokens` are `token_scores`; `told` has `actual`,
    `greedy`, `overflow`, `not_a_number` and `unexplored`.
    """
    probabilities = probabilities.astype(np.float64)
    rows, dollars = np.arange(len(told)), told["actual"].to_numpy(float).astype(int)
    total = probabilities.sum(axis=1, keepdims=True)
    given = probabilities / np.where(total > 0, total, np.nan)
    cumulated = given.cumsum(axis=1)
    empty = np.isnan(cumulated[:, -1])
    last = probabilities.shape[1] - 1 - (probabilities[:, ::-1] > 0).argmax(axis=1)
    price = np.arange(probabilities.shape[1])
    step = (price >= dollars[:, None]).astype(float)
    share, probability = given[rows, dollars], probabilities[rows, dollars]
    unexplored = told["unexplored"].to_numpy(float)
    before = np.where(dollars > 0, cumulated[rows, np.maximum(dollars - 1, 0)], given[:, 0] * 0)
    with np.errstate(divide="ignore"):
        log_score, nats = -np.log(share), -np.log(probability)
    told_tokens = np.stack(tokens)
    kept = {
        "median": np.where(empty, np.nan, np.minimum((cumulated < 0.5).sum(axis=1), last)),
        "mean": given @ price,
        "mode": np.where(empty, np.nan, probabilities.argmax(axis=1)),
        **dict(zip((*_TOP, "one_token"), told_tokens.T, strict=True)),
        "greedy": told["greedy"].to_numpy(float),
        "crps": ((cumulated - step) ** 2).sum(axis=1),
        # What was not explored may hold this price.
        "log_score": np.where((share == 0) & (unexplored > 0), np.nan, log_score),
        "nats": np.where((probability == 0) & (unexplored > 0), np.nan, nats),
        "below": before,
        "up_to": cumulated[rows, dollars],
        **{name: told[name].to_numpy(float) for name in _MASSES},
    }
    return pd.DataFrame(kept)[list(SCORE_COLUMNS)]
