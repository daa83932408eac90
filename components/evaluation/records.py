"""A prediction as it is recorded, and back."""

from __future__ import annotations

import json
import math
import platform
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from functools import cache, cached_property
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from components import __version__
from components.engines import ModelId
from components.evaluation.item import InferenceSettings, Item, Prediction
from components.evaluation.packing import (
    PackedFirstTokens,
    pack_first_tokens,
    pack_probabilities,
    unpack_probabilities,
)
from components.evaluation.plan import canonical_json, digest
from components.numbers import PriceDistribution
from components.pricing import read_price

_LIBRARIES = ("torch", "transformers", "tokenizers")

# The columns that prediction and live_prediction have in common, but for the question.
ANSWER_COLUMNS = (
    "model_id",
    "libraries",
    "created",
    "seconds",
    "median",
    "overflow",
    "not_a_number",
    "unexplored",
    "untold",
    "passes",
    "tokens",
    "method",
    "continuation",
    "finished",
    "note",
    "error",
    "distribution",
    "first_tokens",
)


@dataclass(frozen=True, eq=False)
class Record:
    """What a model answered to an item, or why it could not (`error`; then nothing else is there).

    `created` is in seconds since 1970, UTC. `libraries` are the versions that computed it.
    `median` is that of the distribution in dollars, None if no number has any probability.
    """

    repo_id: str
    item: Item
    text: str
    category: str | None
    settings: InferenceSettings
    created: float
    libraries: Mapping[str, str]
    model: ModelId | None = None
    distribution: PriceDistribution | None = None
    median: float | None = None
    continuation: str = ""
    finished: bool = False
    note: str | None = None
    error: str | None = None

    @property
    def item_id(self) -> str:
        """The row's id."""
        return self.item.id

    @property
    def actual(self) -> float | None:
        """The true price in dollars, if known."""
        return self.item.actual

    @property
    def seconds(self) -> float | None:
        """How long the distribution took; None for a failure."""
        return None if self.distribution is None else self.distribution.seconds

    @property
    def greedy(self) -> float | None:
        """The price in dollars that the greedy continuation begins with, if it does."""
        return read_price(self.continuation, finished=self.finished)

    @cached_property
    def prediction(self) -> Prediction | None:
        """The answer as `evaluate` gave it, to float32's precision; None for a failure."""
        if self.model is None or self.distribution is None:
            return None
        return Prediction(
            self.model,
            self.item,
            self.settings,
            self.distribution,
            self.continuation,
            self.finished,
            self.note,
        )


def question_of(model: ModelId, prompt: str, settings: InferenceSettings) -> str:
    """The key of an answer: what was asked of whom, and how."""
    return digest([asdict(model), prompt, asdict(settings)])


def answer_of(prediction: Prediction) -> dict[str, Any]:
    """The columns of a prediction in the store."""
    found, packed = (
        prediction.distribution,
        pack_probabilities(prediction.distribution.probabilities),
    )
    # Of what is recorded: in 32 bits half of the probability may be reached a dollar beside.
    median = replace(found, probabilities=unpack_probabilities(packed)).median
    return {
        "question": question_of(prediction.model, prediction.item.prompt, prediction.settings),
        "model_id": canonical_json(asdict(prediction.model)),
        "libraries": libraries(),
        "created": time.time(),
        "seconds": found.seconds,
        "median": None if math.isnan(median) else median,
        "overflow": found.overflow,
        "not_a_number": found.not_a_number,
        "unexplored": found.unexplored,
        "untold": found.untold,
        "passes": found.passes,
        "tokens": found.tokens,
        "method": found.method,
        "continuation": prediction.continuation,
        "finished": int(prediction.finished),
        "note": prediction.note,
        "error": None,
        "distribution": packed,
        "first_tokens": pack_first_tokens(found.first_tokens),
    }


def failure_of(model: ModelId | None, reason: str) -> dict[str, Any]:
    """The columns of an item that a model could not answer."""
    return {
        **dict.fromkeys(ANSWER_COLUMNS),
        "question": "",
        "model_id": None if model is None else canonical_json(asdict(model)),
        "libraries": libraries(),
        "created": time.time(),
        "continuation": "",
        "finished": 1,
        "error": reason,
    }


def record_of(row: Mapping[str, Any], settings: InferenceSettings) -> Record:
    """A record from a row: the answer's columns, model, item, prompt, text, category and actual.

    PackingError if its bytes are none of ours.
    """
    distribution = None
    if row["distribution"] is not None:
        distribution = PriceDistribution(
            probabilities=unpack_probabilities(row["distribution"]),
            overflow=row["overflow"],
            not_a_number=row["not_a_number"],
            unexplored=row["unexplored"],
            first_tokens=PackedFirstTokens(row["first_tokens"]),
            passes=row["passes"],
            tokens=row["tokens"],
            seconds=row["seconds"],
            method=row["method"],
            untold=row["untold"],
        )
    return Record(
        repo_id=row["model"],
        item=Item(row["item"], row["prompt"], row["actual"], row["category"]),
        text=row["text"],
        category=row["category"],
        settings=settings,
        created=row["created"],
        libraries=json.loads(row["libraries"]),
        model=None if row["model_id"] is None else model_id_of(row["model_id"]),
        distribution=distribution,
        median=row["median"],
        continuation=row["continuation"],
        finished=bool(row["finished"]),
        note=row["note"],
        error=row["error"],
    )


@cache
def model_id_of(text: str) -> ModelId:
    """A ModelId from its JSON. ValueError if it is none."""
    return ModelId(**_known_fields(ModelId, text))


@cache
def settings_of(text: str) -> InferenceSettings:
    """InferenceSettings from their JSON. ValueError if they are none."""
    return InferenceSettings(**_known_fields(InferenceSettings, text))


def _known_fields(kind: type[ModelId | InferenceSettings], text: str) -> dict[str, Any]:
    read = json.loads(text)
    if not isinstance(read, dict) or not set(read) <= {one.name for one in fields(kind)}:
        raise ValueError(f"these are no fields of {kind.__name__}: {text[:200]}")
    return read


@cache
def libraries() -> str:
    """The versions of what computes here, as JSON."""
    found = {"basewise": __version__, "python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return canonical_json(found)
