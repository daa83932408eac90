"""The metrics of many prices: what each row adds, and how the rows become one figure."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from components.evaluation.intervals import (
    Statistic,
    correlation,
    explained_share,
    weighted_mean,
    weighted_median,
)
from components.pricing import error_bands

# Of a read-out: mean and median absolute error in dollars, the root of the mean squared error of
# log(1 + price), the share of rows in the green band, R² and Pearson's r of log(1 + price).
EstimateMetric = Literal["mae", "median_absolute_error", "rmsle", "green_share", "r2_log", "r_log"]
# Of a distribution. `nats_per_price` is of the price among all that the model may go on with,
# `log_score` of the price given a number 0..999.
DistributionMetric = Literal["crps", "log_score", "nats_per_price"]
Metric = EstimateMetric | DistributionMetric
# A row whose read-out has no number is left out, or counts as $0, as the price-prediction course's
# tester has it.
NoNumber = Literal["left_out", "zero"]

ESTIMATE_METRICS: tuple[EstimateMetric, ...] = get_args(EstimateMetric)
# The column of ItemScores.distributions that each is the mean of.
DISTRIBUTION_METRICS: dict[Metric, str] = {
    "crps": "crps",
    "log_score": "log_score",
    "nats_per_price": "nats",
}
HIGHER_IS_BETTER: frozenset[Metric] = frozenset({"green_share", "r2_log", "r_log"})


def with_no_number(estimates: NDArray[np.float64], no_number: NoNumber) -> NDArray[np.float64]:
    """The estimates with $0 in place of no number, or as they are."""
    return np.nan_to_num(estimates, nan=0.0) if no_number == "zero" else estimates


def losses(
    metric: Metric, estimates: NDArray[np.float64], actual: NDArray[np.float64]
) -> NDArray[np.float64]:
    """What each row adds to a metric, shape (rows,), NaN where it has no number.

    `estimates` are dollars of shape (rows, repeats), whose losses are averaged; `actual` has
    shape (rows,). For a share this is 1 or 0, where 1 is good.
    """
    prices = actual[:, None]
    match metric:
        case "mae" | "median_absolute_error":
            each = np.abs(estimates - prices)
        case "rmsle" | "r2_log" | "r_log":
            each = (np.log1p(estimates) - np.log1p(prices)) ** 2
        case "green_share":
            green = error_bands(estimates, prices) == "green"
            each = np.where(np.isnan(estimates), np.nan, green)
        case _:
            raise ValueError(f"{metric} is no metric of estimates")
    return each.mean(axis=1)


def estimate_statistic(
    metric: Metric, estimates: NDArray[np.float64], actual: NDArray[np.float64]
) -> Statistic:
    """A metric of estimates, shape (rows, repeats), as a function of the rows' weights."""
    if metric == "r_log":
        return correlation(np.log1p(estimates), np.log1p(actual))
    return loss_statistic(metric, losses(metric, estimates, actual), actual)


def loss_statistic(
    metric: Metric, lost: NDArray[np.float64], actual: NDArray[np.float64]
) -> Statistic:
    """A metric from what each row adds to it, as a function of the rows' weights."""
    match metric:
        case "median_absolute_error":
            return weighted_median(lost)
        case "rmsle":
            return weighted_mean(lost).map(np.sqrt)
        case "r2_log":
            return explained_share(lost, np.log1p(actual))
        case "r_log":
            raise ValueError("a correlation is no mean over rows")
        case _:
            return weighted_mean(lost)
