"""What is asked, how, and what was answered."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from components.engines import ModelId, Precision
from components.numbers import PriceDistribution
from components.pricing import read_price

# The greedy continuation: none, up to the end of the price, or MAX_NEW_TOKENS of text.
Continuation = Literal["none", "price", "text"]
MAX_NEW_TOKENS = 24


@dataclass(frozen=True)
class Item:
    """One product to price: the whole prompt, and price in dollars and category, if known."""

    id: str
    prompt: str
    actual: float | None = None
    category: str | None = None


def own_item(prompt: str, actual: float | None = None) -> Item:
    """An item that is in no list of products; its id is a hash of its text."""
    return Item(f"own-{hashlib.sha256(prompt.encode()).hexdigest()[:16]}", prompt, actual)


@dataclass(frozen=True)
class InferenceSettings:
    """How a model is asked.

    At most `tolerance` of the probability, in [0, 1), is left unexplored by choice.
    """

    tolerance: float = 0.01
    precision: Precision = "native"
    continuation: Continuation = "price"


@dataclass(frozen=True, eq=False)
class Prediction:
    """One model's answer to one item.

    `continuation` is the greedy text after `Price is $`, as far as it was generated; `finished`
    whether all that the settings ask for is there. `note` says why the model was not scored the
    fast way, if it was not. `features` are the prompt's, as PromptFeatures has them,
    where they were asked for and the engine gives them.
    """

    model: ModelId
    item: Item
    settings: InferenceSettings
    distribution: PriceDistribution
    continuation: str = ""
    finished: bool = False
    note: str | None = None
    features: NDArray[np.float16] | None = None

    @property
    def greedy(self) -> float | None:
        """The price in dollars that the continuation begins with; None until there is one."""
        return read_price(self.continuation, finished=self.finished)
