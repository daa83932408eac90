"""A choice written down: what it must have, what counts, where it would flip, and the words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

import numpy as np

from components.review.facts import Matrix
from components.review.licences import Shipping, licence_in_words
from components.review.needs import MEMORY_USES, MemoryUse

LicenceNeed = Literal["any", "conditions", "permissive"]
MOST_WEIGHT = 5.0
Z_95 = 1.96


@dataclass(frozen=True)
class Criterion:
    """A row of the evidence that can count for a model, and whether more of it is better."""

    key: str
    label: str
    higher_is_better: bool


CRITERIA = (
    Criterion("after", "After fine-tuning", True),
    Criterion("base@2025-03-final", "Own score", True),
    Criterion("twin@2025-03-final", "Instruct score", True),
    Criterion("price_error", "Price error", False),
    Criterion("bits", "Bits per byte", False),
    Criterion("qlora", "Memory to fine-tune", False),
)


@dataclass(frozen=True)
class MustHaves:
    """What a model must have; None where it does not matter.

    `memory_gb` is what there is, for what is to be done (`way`).
    """

    max_params_b: float | None = None
    licence: LicenceNeed = "any"
    min_context: int | None = None
    memory_gb: float | None = None
    way: MemoryUse = "qlora"


@dataclass(frozen=True)
class Decision:
    """A choice as a person writes it down; `when` is a date as ISO writes it, or empty."""

    model: str | None = None
    why: str = ""
    against: str = ""
    change: str = ""
    who: str = ""
    when: str = ""
    must: MustHaves = field(default_factory=MustHaves)
    weights: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class Verdict:
    """Why a model is struck out, and what of the must-haves can't be told of it."""

    reasons: tuple[str, ...] = ()
    open: tuple[str, ...] = ()

    @property
    def struck_out(self) -> bool:
        """Whether it lacks a must-have. What is not known strikes nothing out."""
        return bool(self.reasons)


def strike_out(
    matrix: Matrix, licences: Mapping[str, str | None], must: MustHaves
) -> dict[str, Verdict]:
    """Each model's verdict. `licences` are the Hub's names of them, None where not known."""
    return {
        model: _verdict(matrix, model, licence_in_words(licences.get(model)).shipping, must)
        for model in matrix.models
    }


def _verdict(matrix: Matrix, model: str, shipping: Shipping, must: MustHaves) -> Verdict:
    reasons, open_questions = [], []
    limits = [
        ("size", must.max_params_b, "parameters", "{:.3g}B", True),
        ("context", must.min_context, "context length", "{:,.0f} tokens", False),
        (must.way, must.memory_gb, f"memory {MEMORY_USES[must.way]}", "{:,.1f} GB", True),
    ]
    for key, limit, words, pattern, at_most in limits:
        if limit is None:
            continue
        fact = matrix.fact(key, model)
        value = fact.value if fact else None
        if fact is None or value is None:
            open_questions.append(f"{words} unknown")
        elif (value > limit) if at_most else (value < limit):
            than = "above" if at_most else "below"
            reasons.append(f"{words} {fact.text}, {than} {pattern.format(limit)}")
        elif fact.at_least:
            open_questions.append(f"{words} {fact.text}")
    if must.licence != "any":
        allowed = ("yes",) if must.licence == "permissive" else ("yes", "conditions")
        if shipping == "unknown":
            open_questions.append("licence unknown")
        elif shipping not in allowed:
            has = "has conditions" if shipping == "conditions" else "forbids commercial use"
            reasons.append(f"the licence {has}")
    return Verdict(tuple(reasons), tuple(open_questions))


@dataclass(frozen=True)
class Flip:
    """The weight of a criterion, nearest to its present one, at which another model leads."""

    criterion: Criterion
    weight: float
    model: str


@dataclass(frozen=True)
class Ranking:
    """Models by weighted criteria, best first, `scores` 0 to 1.

    `tied` are those that the figures' errors do not tell apart from the first (95 %; figures
    without a known error, such as memory, are taken as exact). `left_out` are weighted criteria
    that are not known of all these models, or known to be bad, with those of which they are.
    """

    scores: Mapping[str, float]
    tied: tuple[str, ...]
    flips: tuple[Flip, ...]
    left_out: Mapping[str, tuple[str, ...]]

    @property
    def leader(self) -> str | None:
        """The first; None where nothing is ranked."""
        return next(iter(self.scores), None)


def rank(matrix: Matrix, models: Sequence[str], weights: Mapping[str, float]) -> Ranking:
    """The models ranked by `weights` (criterion's key to 0 … MOST_WEIGHT; 0 where not named).

    Each criterion is scaled so that the worst of these models has 0 and the best 1: what counts is
    the difference between them. Only what is known of all of them, and not known to be bad, counts.
    """
    used, left_out = [], {}
    for criterion in CRITERIA:
        missing = [model for model in models if _value(matrix, criterion, model) is None]
        if not missing:
            used.append(criterion)
        elif weights.get(criterion.key, 0) > 0:
            left_out[criterion.key] = tuple(missing)
    weight = np.array([weights.get(one.key, 0.0) for one in used])
    if not models or not used or weight.sum() <= 0:
        return Ranking({}, (), (), left_out)
    scaled, errors = _scaled(matrix, used, models)
    total = scaled @ weight
    order = sorted(range(len(models)), key=lambda place: (-total[place], place))
    first = order[0]
    gaps = total[first] - total
    margins = Z_95 * np.sqrt(((errors**2 + errors[first] ** 2) * weight**2).sum(axis=1))
    tied = [models[place] for place in order[1:] if gaps[place] <= margins[place] + 1e-12]
    flips = [_nearest_flip(one, i, scaled, weight, first, models) for i, one in enumerate(used)]
    return Ranking(
        {models[place]: float(total[place] / weight.sum()) for place in order},
        tuple(tied),
        tuple(flip for flip in flips if flip is not None),
        left_out,
    )


def _value(matrix: Matrix, criterion: Criterion, model: str) -> float | None:
    fact = matrix.fact(criterion.key, model)
    return None if fact is None or fact.at_least or fact.spoilt else fact.value


def _scaled(
    matrix: Matrix, criteria: Sequence[Criterion], models: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Values and standard errors, each of shape (models, criteria), scaled to 0 … 1."""
    facts = [[matrix.fact(one.key, model) for one in criteria] for model in models]
    values = np.array([[fact.value for fact in row if fact] for row in facts], dtype=float)
    errors = np.array([[fact.stderr or 0.0 for fact in row if fact] for row in facts])
    values *= np.array([1.0 if one.higher_is_better else -1.0 for one in criteria])
    low, spread = values.min(axis=0), np.ptp(values, axis=0)
    # Where all have the same, the criterion tells nobody apart, nor do its errors.
    safe = np.where(spread > 0, spread, 1.0)
    return (values - low) / safe, np.where(spread > 0, errors / safe, 0.0)


def _nearest_flip(
    criterion: Criterion,
    place: int,
    scaled: np.ndarray,
    weight: np.ndarray,
    first: int,
    models: Sequence[str],
) -> Flip | None:
    """Where, as this weight alone changes, the first is overtaken; None within 0 … MOST_WEIGHT."""
    rest = scaled @ weight - scaled[:, place] * weight[place]
    found = []
    for other, model in enumerate(models):
        slope = scaled[other, place] - scaled[first, place]
        if other == first or slope == 0:
            continue
        at = (rest[first] - rest[other]) / slope
        others_weigh = weight.sum() - weight[place] > 0
        # A weight of 0 now can only rise: that helps one that gains by it.
        can_move = weight[place] > 0 or slope > 0
        if 0 <= at <= MOST_WEIGHT and (at > 0 or (others_weigh and can_move)):
            found.append(Flip(criterion, float(at), model))
    return min(found, key=lambda flip: abs(flip.weight - weight[place]), default=None)
