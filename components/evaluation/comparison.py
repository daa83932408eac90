"""Models against each other on the same rows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from components.evaluation.intervals import LEAST_ROWS, Statistic, bootstrap, intervals_of
from components.evaluation.metrics import (
    DISTRIBUTION_METRICS,
    HIGHER_IS_BETTER,
    Metric,
    estimate_statistic,
    loss_statistic,
)
from components.evaluation.scored import ItemScores

# Rows that would be needed are those that tell a difference like the one seen apart at 5 % in
# four of five samples.
_TOLD_APART = 0.05
_Z = 1.959964 + 0.841621


def compare(
    by_name: Mapping[str, ItemScores], metric: Metric, read_outs: Mapping[str, str]
) -> pd.DataFrame:
    """Each pair of models or baselines, in their order, on the rows for which both have a number.

    `read_outs` has each one's read-out. Columns: `first`, `second`, `rows`, `first_value`,
    `second_value`, `difference` (first less second), `low`, `high` (95 %, paired), the shares of
    rows on which the `first_won`, the `second_won` or they `tied`, `p`, `p_holm`, `told_apart` (at
    5 %, by `p_holm`; NA where there is no p) and `rows_needed`.

    `p` is two-sided, from the paired bootstrap of the difference shifted to 0 (Efron & Tibshirani
    1993, An Introduction to the Bootstrap, section 16.4); `p_holm` is Holm's (1979), over all
    pairs. `rows_needed` is about how many such rows would tell a difference as large as this one
    apart at 5 % with a power of 80 %, this pair alone.
    """
    pairs = [
        {"first": first, "second": second}
        | _pair((by_name[first], read_outs[first]), (by_name[second], read_outs[second]), metric)
        for first, second in combinations(by_name, 2)
    ]
    table = pd.DataFrame(pairs, columns=["first", "second", *_COLUMNS])
    table = table.astype({column: float for column in _COLUMNS if column != "rows"})
    corrected = holm(table["p"].to_numpy(float))
    apart = pd.Series(corrected < _TOLD_APART, dtype="boolean").mask(np.isnan(corrected))
    needed = table.pop("rows_needed")
    return table.assign(p_holm=corrected, told_apart=apart, rows_needed=needed)


_COLUMNS = (
    "rows",
    "first_value",
    "second_value",
    "difference",
    "low",
    "high",
    "first_won",
    "second_won",
    "tied",
    "p",
    "rows_needed",
)


def _pair(
    first: tuple[ItemScores, str], second: tuple[ItemScores, str], metric: Metric
) -> dict[str, float]:
    shared = [item for item in first[0].places if item in second[0].places]
    losses = [
        scores.losses(metric, read_out)[[scores.places[item] for item in shared]]
        for scores, read_out in (first, second)
    ]
    known = ~np.isnan(losses[0]) & ~np.isnan(losses[1])
    rows = int(known.sum())
    if rows == 0:
        return dict.fromkeys(_COLUMNS, math.nan) | {"rows": 0}
    items = [item for item, keep in zip(shared, known, strict=True) if keep]
    statistics = [_statistic(*one, metric, items) for one in (first, second)]
    asked = {"difference": statistics[0].minus(statistics[1])}
    won = _won(losses[0][known], losses[1][known], metric)
    drawn = bootstrap(asked, rows) if rows >= LEAST_ROWS else {}
    interval = intervals_of(asked, drawn, rows)["difference"]
    return {
        "rows": rows,
        "first_value": statistics[0].at(rows),
        "second_value": statistics[1].at(rows),
        "difference": interval.value,
        "low": interval.low,
        "high": interval.high,
        "first_won": won[0],
        "second_won": won[1],
        "tied": 1 - won[0] - won[1],
        **_strength(interval.value, drawn.get("difference"), rows),
    }


def _statistic(scores: ItemScores, read_out: str, metric: Metric, items: list[str]) -> Statistic:
    places = [scores.places[item] for item in items]
    actual = scores.actual[places]
    if metric in DISTRIBUTION_METRICS:
        return loss_statistic(metric, scores.losses(metric, read_out)[places], actual)
    return estimate_statistic(metric, scores.estimates[read_out][places], actual)


def _won(
    first: NDArray[np.float64], second: NDArray[np.float64], metric: Metric
) -> tuple[float, float]:
    # What a row adds is an error, but for a share of good rows.
    if metric == "green_share":
        first, second = -first, -second
    return float(np.mean(first < second)), float(np.mean(second < first))


def _strength(value: float, drawn: NDArray[np.float64] | None, rows: int) -> dict[str, float]:
    """The p of a difference from its draws, if there are some, and the rows that it would need."""
    drawn = np.empty(0) if drawn is None else drawn[np.isfinite(drawn)]
    if not math.isfinite(value) or not len(drawn):
        return {"p": math.nan, "rows_needed": math.nan}
    away = np.abs(drawn - value)
    p = (1 + np.count_nonzero(away >= abs(value) * (1 - 1e-12))) / (1 + len(drawn))
    if value == 0:
        return {"p": 1.0, "rows_needed": math.nan}
    needed = math.ceil(rows * (_Z * float(drawn.std()) / value) ** 2)
    return {"p": p, "rows_needed": max(needed, LEAST_ROWS)}


def holm(p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Holm's correction of several p (1979); NaN stay so, and do not count."""
    known = np.flatnonzero(~np.isnan(p_values))
    order = known[np.argsort(p_values[known], kind="stable")]
    corrected = np.full(len(p_values), np.nan)
    steps = p_values[order] * np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return corrected


def best_first(values: Mapping[str, float], metric: Metric) -> list[str]:
    """The names by a metric's values, the best first, those without a value last."""
    sign = -1 if metric in HIGHER_IS_BETTER else 1
    return sorted(
        values, key=lambda name: math.inf if math.isnan(values[name]) else sign * values[name]
    )
