"""Read a price out of a continuation, and judge it."""

import re
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from components.numbers.distribution import PriceDistribution

Band = Literal["green", "orange", "red"]

# A number at the very start: the prompt ends with the dollar sign.
_PRICE = re.compile(r"\s*(\d{1,3}(?:,\d{3})+|\d+)(\.\d{1,2}(?!\d))?", re.ASCII)
_MAY_GO_ON = re.compile(r"\s*[\d.,]*", re.ASCII)


def read_price(continuation: str, *, finished: bool = True) -> float | None:
    """The price in dollars that a continuation of `Price is $` begins with.

    `129.00` is 129, `1,299.99 or` is 1299.99; None if it does not begin with a number, or if it
    is unfinished and the number may still go on.
    """
    match = _PRICE.match(continuation)
    if match is None or (not finished and _MAY_GO_ON.fullmatch(continuation)):
        return None
    return float(match.group(1).replace(",", "") + (match.group(2) or ""))


def error_band(estimate: float, actual: float) -> Band:
    """How far off an estimate is, in the bands of the price-prediction course.

    green: off by less than $40 or 20 % of the price; orange: $80 or 40 %; red: more. ValueError
    if the actual price is not above zero.
    """
    if not actual > 0:
        raise ValueError(f"an actual price is above zero, not {actual}")
    return str(error_bands(np.array([estimate]), np.array([actual]))[0])  # type: ignore[return-value]


def error_bands(estimates: NDArray[np.float64], actual: NDArray[np.float64]) -> NDArray[np.str_]:
    """The `error_band` of each estimate against each actual price; NaN is red."""
    error = np.abs(estimates - actual)
    share = error / actual
    green, orange = (error < 40) | (share < 0.2), (error < 80) | (share < 0.4)
    return np.select([green, orange], ["green", "orange"], "red")


def point_estimates(distribution: PriceDistribution) -> dict[str, float | None]:
    """Prices in dollars by estimator: `median`, `mean`, `mode` and `top3_mean`; NaN for none.

    `top3_mean`, the probability-weighted mean of the three likeliest next tokens, is a published
    baseline; the others are of the distribution given a number 0 to 999. It is None, not
    applicable, where a price is not one token: there it would average first digits.
    """
    return {
        "median": distribution.median,
        "mean": distribution.mean,
        "mode": distribution.mode,
        "top3_mean": distribution.top3 if distribution.price_is_one_token else None,
    }
