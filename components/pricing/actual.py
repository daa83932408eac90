"""An actual price beside what a model believes: what can be said of it, and what can't."""

import math
from dataclasses import dataclass
from typing import Literal

from components.figures import percent
from components.numbers import PriceDistribution

# in_range: above zero and below $1,000, the prices that are scored. overflow: $1,000 or more,
# which the distribution has as one part. no_price: zero, below, or no number.
ActualKind = Literal["in_range", "overflow", "no_price"]


@dataclass(frozen=True)
class Judgement:
    """How a distribution does on an actual price; lower scores are better.

    `crps` is in dollars and `log_score` in nats, as PriceDistribution has them, for an actual
    price that is scored; for one of $1,000 or more `log_score` is that of the overflow. None
    where there is no figure: then `crps_note` and `log_score_note` say why.
    """

    kind: ActualKind
    crps: float | None
    log_score: float | None
    crps_note: str = ""
    log_score_note: str = ""


def actual_kind(actual: float) -> ActualKind:
    """Which kind of actual price this is."""
    if not (math.isfinite(actual) and actual > 0):
        return "no_price"
    return "in_range" if actual < 1000 else "overflow"


def describe_actual(actual: float) -> str:
    """What there is to know of an actual price that is not scored like others; else nothing."""
    kind = actual_kind(actual)
    if kind == "no_price":
        shown = f"${actual:,.2f}".replace("$-", "-$") if math.isfinite(actual) else "This"
        return f"{shown} is no price above zero: nothing is compared with it."
    if kind == "overflow":
        return (
            f"${actual:,.2f} is above $999, the largest price that is scored: each model is judged"
            " by the probability that it gives to $1,000 or more. No estimate can reach it."
        )
    return ""


def judge_actual(distribution: PriceDistribution, actual: float) -> Judgement:
    """Score a distribution on an actual price, with the reason where there is no score."""
    kind = actual_kind(actual)
    if kind == "no_price":
        return Judgement(kind, None, None, *["no actual price above zero"] * 2)
    if kind == "overflow":
        score, note = _overflow_score(distribution)
        return Judgement(kind, None, score, "not applicable above $999", note)
    if not distribution.probabilities.any():
        return Judgement(kind, None, None, *["no price to $999 was found"] * 2)
    score = distribution.log_score(actual)
    if math.isfinite(score):
        return Judgement(kind, distribution.crps(actual), score)
    note = "not scored: unexplored" if math.isnan(score) else "the model rules this price out"
    return Judgement(kind, distribution.crps(actual), None, log_score_note=note)


def _overflow_score(distribution: PriceDistribution) -> tuple[float | None, str]:
    if distribution.overflow > 0:
        return -math.log(
            distribution.overflow
        ), f"of $1,000 or more: {percent(distribution.overflow, 1)}"
    if distribution.unexplored > 0:
        return None, "not scored: unexplored"
    return None, "the model rules out $1,000 or more"
