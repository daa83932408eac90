"""Whether the distributions mean what they say, and how errors are spread over the rows."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from components.evaluation.intervals import Interval, share_interval, weighted_mean, with_intervals
from components.evaluation.scored import ItemScores

Grouping = Literal["price_band", "category"]

LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
# From, in dollars; up to the next.
PRICE_BANDS = (0, 25, 50, 100, 200, 400, 1000)
PIT_BINS = 10
NO_CATEGORY = "none"


def is_covered(scores: ItemScores, level: float) -> NDArray[np.float64]:
    """Whether each row's central interval of this level holds the price's whole dollars.

    1 or 0, shape (rows,); NaN where no price has any probability. The interval is that of
    `PriceDistribution.interval`.
    """
    outside = (1 - level) / 2
    below = scores.distributions["below"].to_numpy(float)
    up_to = scores.distributions["up_to"].to_numpy(float)
    # quantile(q) is the first price whose cumulated probability reaches q.
    inside = (up_to >= outside) & (below < 1 - outside)
    return np.where(np.isnan(below), np.nan, inside.astype(float))


def coverage_curve(scores: ItemScores) -> pd.DataFrame:
    """For each of LEVELS the share of rows whose central interval holds the price.

    `level`, `coverage`, `low`, `high` (Wilson, 95 %), `rows`. Well calibrated where the coverage
    is the level; with whole dollars it is somewhat above where distributions are narrow.
    """
    table = []
    for level in LEVELS:
        covered = is_covered(scores, level)
        known = covered[~np.isnan(covered)]
        share = float(known.mean()) if len(known) else np.nan
        table.append((level, share, *share_interval(share, len(known)), len(known)))
    return pd.DataFrame(table, columns=["level", "coverage", "low", "high", "rows"])


def pit_histogram(scores: ItemScores, bins: int = PIT_BINS) -> pd.DataFrame:
    """The histogram of the probability integral transform, for whole dollars.

    `low` and `high` of each bin, and `share`, 1 / bins each where calibrated: U-shaped if the
    distributions are too narrow, a hill if too wide, sloped if biased. Each row is spread evenly
    over what its price's whole dollars take (Czado, Gneiting & Held 2009, "Predictive Model
    Assessment for Count Data", section 2.1).
    """
    told = scores.distributions[["below", "up_to"]].dropna().to_numpy(float)
    below, up_to = told[:, :1], told[:, 1:]
    edges = np.linspace(0, 1, bins + 1)
    width = up_to - below
    spread = np.divide(edges - below, width, out=np.zeros((len(told), bins + 1)), where=width > 0)
    # A price of no probability is a single point.
    inside = np.where(width > 0, np.clip(spread, 0, 1), edges > np.minimum(below, 1 - 1e-12))
    shares = np.diff(inside.mean(axis=0)) if len(told) else np.full(bins, np.nan)
    return pd.DataFrame({"low": edges[:-1], "high": edges[1:], "share": shares})


def by_group(scores: ItemScores, read_out: str, grouping: Grouping) -> pd.DataFrame:
    """The errors of each price band or category that has rows.

    `group` (bands as `25-50`, ascending; categories by their rows, most first), `rows`,
    `left_out` (no number), `mae`, `low`, `high` (95 %), `green_share`.
    """
    groups = _price_bands(scores) if grouping == "price_band" else _categories(scores)
    errors, green = (scores.losses(metric, read_out) for metric in ("mae", "green_share"))
    table = []
    for group, members in groups.items():
        statistic = weighted_mean(errors[members])
        known = statistic.known
        interval = (
            with_intervals({"mae": statistic}, len(members))["mae"]
            if known
            else Interval(np.nan, np.nan, np.nan)
        )
        share = float(np.nanmean(green[members])) if known else np.nan
        table.append((group, known, len(members) - known, *interval, share))
    columns = ["group", "rows", "left_out", "mae", "low", "high", "green_share"]
    return pd.DataFrame(table, columns=columns)


def _price_bands(scores: ItemScores) -> dict[str, NDArray[np.intp]]:
    place = np.searchsorted(PRICE_BANDS, scores.actual, side="right") - 1
    return {
        f"{low}-{high}": members
        for band, (low, high) in enumerate(pairwise(PRICE_BANDS))
        if len(members := np.flatnonzero(place == band))
    }


def _categories(scores: ItemScores) -> dict[str, NDArray[np.intp]]:
    names = scores.items["category"].fillna(NO_CATEGORY)
    return {
        str(name): np.flatnonzero(names == name) for name in names.value_counts(sort=True).index
    }


def running_mean(scores: ItemScores, read_out: str) -> pd.DataFrame:
    """The mean absolute error after each row that has a number, in the rows' order.

    `rows` so far, `mean`, `low` and `high` (95 %, Student's t; NaN for one row). Looking again
    and again until an interval pleases is not covered by it.
    """
    from scipy.special import stdtrit

    errors = scores.losses("mae", read_out)
    errors = errors[~np.isnan(errors)]
    rows = np.arange(1, len(errors) + 1)
    mean = errors.cumsum() / rows
    # From the last mean, against cancellation.
    center = mean[-1] if len(errors) else 0.0
    shifted = (errors - center).cumsum() / rows
    variance = np.maximum(((errors - center) ** 2).cumsum() / rows - shifted**2, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        half = stdtrit(rows - 1, 0.975) * np.sqrt(variance / (rows - 1))
    return pd.DataFrame({"rows": rows, "mean": mean, "low": mean - half, "high": mean + half})
