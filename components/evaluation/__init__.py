"""One model answers one item, without a page."""

from components.evaluation.evaluate import evaluate
from components.evaluation.item import (
    Continuation,
    InferenceSettings,
    Item,
    Prediction,
    own_item,
)
from components.evaluation.predictor import AnswerMemory, Predictor

__all__ = [
    "AnswerMemory",
    "Continuation",
    "InferenceSettings",
    "Item",
    "Prediction",
    "Predictor",
    "evaluate",
    "own_item",
]
