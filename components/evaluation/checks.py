"""Whether the values of a file are those of a run: ValueError and its like say what is not.

The columns are those of `migrations`; a value may be of any kind that SQLite knows.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, get_args

import numpy as np

from components.evaluation.item import InferenceSettings
from components.evaluation.plan import run_id
from components.evaluation.records import record_of, settings_of
from components.evaluation.rows import PRICE_LIMIT, Row
from components.numbers.distribution import Method

_SUM_TOLERANCE = 1e-3  # a thousand float32 and four masses sum to 1
_LATEST = 1e11  # seconds since 1970: the year 5138


def check_plan(run: Mapping[str, Any], items: Sequence[Mapping[str, Any]]) -> None:
    """The run's row and its items; its id must be the hash of what is asked."""
    models, settings = json.loads(run["models"]), json.loads(run["settings"])
    if not isinstance(models, list) or not all(isinstance(model, str) for model in models):
        raise ValueError("models that are no list of ids")
    if len(set(models)) < len(models) or not models or not items:
        raise ValueError("a run has models, each once, and rows")
    if not all(type(count) is int and count >= 0 for count in json.loads(run["left_out"]).values()):
        raise ValueError("counts of rows that are none")
    _check_texts(run["label"], run["problem"] or "")
    _check_number(run["created"], _LATEST)
    _check_number(settings_of(run["settings"]).tolerance, 1)
    rows = []
    for item in items:
        if item["run"] != run["id"]:
            raise ValueError("a row of another run")
        _check_texts(item["id"], item["prompt"], item["text"], item["category"] or "")
        _check_number(item["actual"], PRICE_LIMIT)
        rows.append(Row(item["id"], item["prompt"], item["text"], item["actual"], item["category"]))
    if run["id"] != run_id(models, rows, settings):
        raise ValueError("an id that is not its plan's")


def check_prediction(
    prediction: Mapping[str, Any], item: Mapping[str, Any], settings: InferenceSettings
) -> None:
    """A prediction's row, of this item."""
    asked = {name: item[name] for name in ("prompt", "text", "category", "actual")}
    record = record_of({**prediction, **asked}, settings)
    _check_number(record.created, _LATEST)
    _check_texts(*record.libraries.values(), record.continuation)
    _check_texts(record.note or "", record.error or "", prediction["question"])
    if (record.distribution is None) == (record.error is None):
        raise ValueError("neither a distribution nor an error, or both")
    if record.distribution is None:
        return
    if record.model is None or record.model.key != prediction["model"]:
        raise ValueError("a prediction of another model than it says")
    found = record.distribution
    masses = [found.overflow, found.not_a_number, found.unexplored]
    for mass in (*masses, found.untold):
        _check_number(mass, 1.0 + _SUM_TOLERANCE)
    if not (found.probabilities >= 0).all():
        raise ValueError("a probability that is none")
    total = float(found.probabilities.sum()) + sum(masses)
    if not math.isclose(total, 1, abs_tol=_SUM_TOLERANCE):
        raise ValueError(f"a distribution that sums to {total:.4f}")
    if found.method not in get_args(Method):
        raise ValueError(f"a method {found.method!r}")
    for number in (found.seconds, found.passes, found.tokens):
        _check_number(number, _LATEST)
    if record.median != (None if math.isnan(found.median) else found.median):
        raise ValueError("a median that is not its distribution's")
    for token in found.first_tokens:
        _check_number(token.probability, 1.0 + _SUM_TOLERANCE)


def check_reading(reading: Mapping[str, Any], sizes: dict[str, int]) -> None:
    """A reading's row; `sizes` are the bytes of the features of each model so far."""
    if reading["nats"] is not None:
        _check_number(reading["nats"], math.inf)
    _check_number(reading["bytes"], _LATEST)
    if (features := reading["features"]) is None:
        return
    size = sizes.setdefault(reading["model"], len(features))
    if len(features) != size or size % 4 or not np.isfinite(np.frombuffer(features, "<f2")).all():
        raise ValueError("features that are no numbers, or of another length")


def _check_texts(*values: object) -> None:
    if not all(isinstance(value, str) for value in values):
        raise ValueError("a value that should be a text")


def _check_number(value: object, limit: float) -> None:
    """From 0 to below the limit."""
    if not isinstance(value, int | float) or not 0 <= value < limit:
        raise ValueError(f"a number that can't be: {value!r}"[:100])
