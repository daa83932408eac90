"""One model answers one item; many of them as a run that is recorded. Without a page."""

from components.evaluation.evaluate import evaluate
from components.evaluation.item import (
    Continuation,
    InferenceSettings,
    Item,
    Prediction,
    own_item,
)
from components.evaluation.plan import Plan
from components.evaluation.predictor import AnswerMemory, Predictor
from components.evaluation.records import Record
from components.evaluation.rows import Row, RowSet
from components.evaluation.store import RunInfo, RunStore

__all__ = [
    "AnswerMemory",
    "Continuation",
    "InferenceSettings",
    "Item",
    "Plan",
    "Prediction",
    "Predictor",
    "Record",
    "Row",
    "RowSet",
    "RunInfo",
    "RunStore",
    "evaluate",
    "own_item",
]
