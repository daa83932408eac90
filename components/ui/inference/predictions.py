"""What models answered in this visit."""

from dataclasses import dataclass

import streamlit as st

from components.errors import BasewiseError
from components.numbers import PriceDistribution
from components.pricing import read_price

_KEY = "predictions"
_MOST = 200


@dataclass(frozen=True)
class Way:
    """How a model is run: how much probability may stay unexplored, and whether in 4 bit."""

    tolerance: float
    four_bit: bool


@dataclass
class Prediction:
    """One model's answer to one prompt, growing while it is computed.

    `actual` is the true price in dollars, if known; `text` is the greedy continuation; `error` is
    why there is no answer. One that is shown unfinished was stopped: the interrupted run may
    still be in its last pass, so it is not asked to say so itself.
    """

    model: str
    product: str
    prompt: str
    way: Way
    actual: float | None
    provenance: str = ""
    error: BasewiseError | None = None
    distribution: PriceDistribution | None = None
    text: str = ""
    finished: bool = False

    @property
    def greedy(self) -> float | None:
        """The price that the continuation begins with; None until there is one."""
        return read_price(self.text, finished=self.finished)


def keep(prediction: Prediction) -> None:
    """Remember a prediction as its model's latest."""
    key = (prediction.model, prediction.prompt, prediction.way)
    kept = _all()
    kept.pop(key, None)
    kept[key] = prediction
    while len(kept) > _MOST:
        del kept[next(iter(kept))]


def latest(model: str) -> Prediction | None:
    """The model's newest prediction of this visit."""
    return next((found for found in reversed(_all().values()) if found.model == model), None)


def of_prompt(prompt: str, way: Way, models: list[str]) -> list[Prediction]:
    """The predictions of these models for this very prompt, run this way."""
    found = [_all().get((model, prompt, way)) for model in models]
    return [prediction for prediction in found if prediction]


def _all() -> dict[tuple[str, str, Way], Prediction]:
    return st.session_state.setdefault(_KEY, {})
