"""The figures of one model or baseline over its rows, each with a 95 % interval."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from components.evaluation.calibration import is_covered
from components.evaluation.intervals import Interval, share_interval, weighted_mean, with_intervals
from components.evaluation.metrics import (
    DISTRIBUTION_METRICS,
    ESTIMATE_METRICS,
    HIGHER_IS_BETTER,
    Metric,
    NoNumber,
    estimate_statistic,
    with_no_number,
)
from components.evaluation.scored import ItemScores

DISTRIBUTION = "distribution"  # in place of a read-out
MASSES = ("overflow", "not_a_number", "unexplored")
# A read-out takes part in the choice of the best if it has numbers for so many of the rows.
_ENOUGH = 0.9


# Whether a figure of a read-out (or DISTRIBUTION) is wanted.
Wanted = Callable[[str, str], bool]


def every(read_out: str, figure: str) -> bool:
    """All figures of all read-outs."""
    return True


def figures(
    scores: ItemScores, no_number: NoNumber = "left_out", wanted: Wanted = every
) -> pd.DataFrame:
    """One row per read-out and figure, of at least one scored row.

    `read_out` (or DISTRIBUTION), `figure`, `value`, `low` and `high` (95 %), `rows` that count,
    and `left_out`, those for which there is no number. With `no_number` "zero" none is left out
    of a read-out: they count as $0. Only figures that are `wanted` are computed.
    """
    rows = len(scores.items)
    asked = {}
    for read_out, told in scores.estimates.items():
        estimates = with_no_number(told, no_number)
        for metric in ESTIMATE_METRICS:
            if not wanted(read_out, metric):
                continue
            asked[read_out, metric] = estimate_statistic(metric, estimates, scores.actual)
    for figure, values in _of_distributions(scores).items():
        if wanted(DISTRIBUTION, figure):
            asked[DISTRIBUTION, figure] = weighted_mean(values)
    by_name = {f"{read_out} {figure}": one for (read_out, figure), one in asked.items()}
    found = with_intervals(by_name, rows)
    table = []
    for read_out, figure in asked:
        name = f"{read_out} {figure}"
        interval, known = found[name], by_name[name].known
        if figure in ("green_share", "coverage_80"):
            interval = Interval(interval.value, *share_interval(interval.value, known))
        table.append((read_out, figure, *interval, known, rows - known))
    columns = ["read_out", "figure", "value", "low", "high", "rows", "left_out"]
    return pd.DataFrame(table, columns=columns)


def _of_distributions(scores: ItemScores) -> dict[str, NDArray[np.float64]]:
    """What each row adds to the figures of its distribution; nothing for a baseline."""
    told = scores.distributions
    if told.empty:
        return {}
    return {
        **{metric: told[column].to_numpy(float) for metric, column in DISTRIBUTION_METRICS.items()},
        "coverage_80": is_covered(scores, 0.8),
        **{mass: told[mass].to_numpy(float) for mass in MASSES},
    }


def figure(scores: ItemScores, read_out: str, name: str) -> Mapping[str, Any] | None:
    """The line of `figures` of one read-out (or DISTRIBUTION) and figure; None if there is none."""
    table = figures(scores, wanted=lambda *asked: asked == (read_out, name))
    return None if table.empty else table.iloc[0].to_dict()


def tidy_figures(
    by_name: Mapping[str, ItemScores], no_number: NoNumber = "left_out", wanted: Wanted = every
) -> pd.DataFrame:
    """The figures of several models and baselines in one frame, `model` first."""
    return _stacked({name: figures(scores, no_number, wanted) for name, scores in by_name.items()})


def tidy_items(by_name: Mapping[str, ItemScores]) -> pd.DataFrame:
    """What each model and baseline says of each item in one frame, `model` first."""
    return _stacked({name: scores.frame() for name, scores in by_name.items()})


def _stacked(by_name: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    parts = [frame.assign(model=name) for name, frame in by_name.items()]
    table = pd.concat(parts, ignore_index=True)
    return table[["model", *table.columns.drop("model")]]


@dataclass(frozen=True)
class BestReadOut:
    """The read-out that is best on a metric, over `rows` that all compared read-outs have.

    `tied` are those that the rows do not tell apart from it (their paired 95 % interval holds 0),
    `left_aside` those with too few numbers to be compared. Chosen and judged on the same rows, so
    its figure is somewhat flattered.
    """

    read_out: str
    interval: Interval
    rows: int
    tied: tuple[str, ...]
    left_aside: tuple[str, ...]


def best_read_out(scores: ItemScores, metric: Metric = "mae") -> BestReadOut | None:
    """Which read-out wins on a metric of estimates; None if none has a number."""
    known = {name: ~np.isnan(told).any(axis=1) for name, told in scores.estimates.items()}
    most = max(int(rows.sum()) for rows in known.values())
    if most == 0:
        return None
    compared = [name for name, rows in known.items() if rows.sum() >= _ENOUGH * most]
    common = np.logical_and.reduce([known[name] for name in compared])
    rows, actual = int(common.sum()), scores.actual[common]
    asked = {
        name: estimate_statistic(metric, scores.estimates[name][common], actual)
        for name in compared
    }
    values = {name: one.at(rows) for name, one in asked.items()}
    comparable = [name for name in compared if not np.isnan(values[name])]
    if not comparable:
        return None
    best = (max if metric in HIGHER_IS_BETTER else min)(comparable, key=values.__getitem__)
    differences = {name: asked[name].minus(asked[best]) for name in comparable if name != best}
    found = with_intervals({**differences, best: asked[best]}, rows)
    tied = [name for name in differences if not (found[name].low > 0 or found[name].high < 0)]
    return BestReadOut(
        best,
        found[best],
        rows,
        tuple(tied),
        tuple(name for name in known if name not in compared),
    )
