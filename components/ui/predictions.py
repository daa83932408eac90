"""What models answered in this visit: the latest answer of each."""

from dataclasses import dataclass

import streamlit as st

from components.errors import BasewiseError
from components.pricing import read_price

_KEY = "predictions"


@dataclass
class Prediction:
    """One model's continuation of one prompt, growing while it is generated.

    `actual` is the true price in dollars, if known; `error` is why there is no answer. One that
    is shown unfinished was stopped: the interrupted run may still be in its last pass, so it is
    not asked to say so itself.
    """

    model: str
    product: str
    prompt: str
    actual: float | None
    provenance: str = ""
    error: BasewiseError | None = None
    text: str = ""
    seconds: float = 0.0
    finished: bool = False

    @property
    def price(self) -> float | None:
        """The price that the continuation begins with; None until there is one."""
        return read_price(self.text, finished=self.finished)


def keep(prediction: Prediction) -> None:
    """Remember a prediction as its model's latest."""
    _all()[prediction.model] = prediction


def forget(models: list[str]) -> None:
    """Drop the latest predictions of these models: they are about to be run again."""
    for model in models:
        _all().pop(model, None)


def latest(model: str) -> Prediction | None:
    """The model's newest prediction of this visit."""
    return _all().get(model)


def of_prompt(prompt: str, models: list[str]) -> list[Prediction]:
    """The latest predictions of these models, where they answer this very prompt."""
    found = [latest(model) for model in models]
    return [prediction for prediction in found if prediction and prediction.prompt == prompt]


def _all() -> dict[str, Prediction]:
    return st.session_state.setdefault(_KEY, {})
