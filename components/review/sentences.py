"""Sentences from the evidence, for a person to edit: each names its figure and its source."""

from __future__ import annotations

from collections.abc import Iterator

from components.review.decision import Ranking
from components.review.evidence import NEWEST
from components.review.facts import Fact, Matrix, in_words
from components.review.licences import licence_in_words

Z_95 = 1.96


def reasons_for(matrix: Matrix, model: str, license: str | None) -> str:
    """What speaks for the model, a sentence a line; empty where nothing does."""
    return "\n".join(f"- {line}" for line in _for(matrix, model, license))


def reasons_against(
    matrix: Matrix, model: str, license: str | None, ranking: Ranking | None = None
) -> str:
    """What speaks against the model, a sentence a line: worse figures, caveats, what is unknown."""
    return "\n".join(f"- {line}" for line in _against(matrix, model, license, ranking))


_COMPARED = (
    ("after", "After equal fine-tuning its mean is {}", True),
    (f"base@{NEWEST}", "Its own average is {}", True),
    (f"twin@{NEWEST}", "Its instruct twin's average is {}", True),
    ("price_error", "Its mean absolute error on prices is {}", False),
    ("bits", "It needs {} bits per byte of the rows' text", False),
)


def _for(matrix: Matrix, model: str, license: str | None) -> Iterator[str]:
    for key, words, higher in _COMPARED:
        fact = matrix.fact(key, model)
        if fact is None or fact.value is None:
            continue
        better, tied = _beside(matrix, key, model, higher=higher)
        if better:
            continue
        measured = [other for other in matrix.models if _known(matrix, key, other)]
        if len(measured) < 2:
            continue
        best = f", the best of the {len(measured)} of these models that are measured"
        with_whom = f", within noise of {in_words(tied)}" if tied else best
        yield f"{words.format(fact.text)}{with_whom} ({fact.source})."
    strategy = matrix.fact("strategy", model)
    if strategy is not None and strategy.text == "whole-number":
        yield (
            "It writes each whole price below $1,000 as one token: a convenience, not a proven gain"
            f" ({strategy.source})."
        )
    licence = licence_in_words(license)
    if licence.shipping == "yes":
        yield f"May we ship it: {licence.words}."
    memory = matrix.fact("qlora", model)
    if memory is not None and memory.value is not None and not memory.at_least:
        yield f"QLoRA needs about {memory.text} ({memory.source})."


def _against(
    matrix: Matrix, model: str, license: str | None, ranking: Ranking | None
) -> Iterator[str]:
    for key, words, higher in _COMPARED:
        fact = matrix.fact(key, model)
        if fact is None:
            continue
        if fact.value is None:
            row = next(row for row in matrix.rows if row.key == key)
            yield f"{row.label}: unknown. {fact.to_do}"
            continue
        better, _ = _beside(matrix, key, model, higher=higher)
        if better:
            yield f"{words.format(fact.text)}; {in_words(better)} did better ({fact.source})."
        if fact.caveat:
            yield f"{words.format(fact.text)}, with a caveat: {fact.caveat} ({fact.source})."
    licence = licence_in_words(license)
    if licence.shipping != "yes":
        yield f"May we ship it: {licence.words}."
    if ranking is not None and ranking.leader == model and ranking.tied:
        names = in_words([matrix.names[other] for other in ranking.tied])
        yield f"By the weights set, its lead over {names} is within noise."


def _beside(matrix: Matrix, key: str, model: str, *, higher: bool) -> tuple[list[str], list[str]]:
    """Which other models are better beyond noise, and which noise does not tell apart."""
    own = matrix.fact(key, model)
    assert own is not None
    assert own.value is not None
    better, tied = [], []
    for other in matrix.models:
        fact = matrix.fact(key, other)
        if other == model or fact is None or fact.value is None:
            continue
        ahead = (fact.value - own.value) * (1 if higher else -1)
        if abs(ahead) <= _margin(own, fact):
            tied.append(matrix.names[other])
        elif ahead > 0:
            better.append(matrix.names[other])
    return better, tied


def _known(matrix: Matrix, key: str, model: str) -> bool:
    fact = matrix.fact(key, model)
    return fact is not None and fact.value is not None


def _margin(first: Fact, second: Fact) -> float:
    return Z_95 * ((first.stderr or 0.0) ** 2 + (second.stderr or 0.0) ** 2) ** 0.5
