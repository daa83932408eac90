"""The unit of work: one model answers one item."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import closing, nullcontext
from dataclasses import replace

from components.control import Control
from components.engines import Engine, FeatureScorer, Queue, prompt_scorer
from components.evaluation.item import (
    MAX_NEW_TOKENS,
    Continuation,
    InferenceSettings,
    Item,
    Prediction,
)
from components.metrics import count, counted_refusals

Listener = Callable[[Prediction], None]

_MAY_BE_A_PRICE = re.compile(r"\s*[\d.,]*", re.ASCII)


@counted_refusals()
def evaluate(
    engine: Engine,
    item: Item,
    settings: InferenceSettings | None = None,
    control: Control | None = None,
    *,
    queue: Queue | None = None,
    partial: Listener | None = None,
    features: bool = False,
) -> Prediction:
    """Ask a model for the price distribution of an item, then for its greedy continuation.

    `queue` is held for the distribution alone, so that the next in it need not wait for the
    continuation. `partial` gets the prediction once its distribution is there, and again as the
    continuation grows. With `features` the prediction has the prompt's features too, kept from
    the distribution's own passes, where the engine's scorer is a FeatureScorer. Raises EngineError
    if the model fails or can't read the prompt, TokenizerError if its tokenizer can't tell numbers
    apart, StoppedError if `control` stops it.
    """
    settings = settings or InferenceSettings()
    control = control or Control()
    with queue.place(control) if queue is not None else nullcontext():
        prompt = prompt_scorer(engine, item.prompt, control)
        scorer = prompt.scorer
        keeping = scorer if features and isinstance(scorer, FeatureScorer) else None
        if keeping is not None:
            keeping.keep_features()
        distribution = prompt.walk(settings.tolerance, control)
    prediction = Prediction(
        engine.id,
        item,
        settings,
        distribution,
        note=scorer.note,
        features=keeping.features() if keeping is not None else None,
    )
    if settings.continuation != "none":
        if partial is not None:
            partial(prediction)
        pieces = engine.stream(item.prompt, MAX_NEW_TOKENS, control, scorer=scorer)
        with closing(pieces):
            for piece in pieces:
                text = prediction.continuation + piece
                prediction = replace(prediction, continuation=text)
                if partial is not None:
                    partial(prediction)
                if _is_complete(text, settings.continuation):
                    break
    count("predictions")
    return replace(prediction, finished=True)


def _is_complete(text: str, wanted: Continuation) -> bool:
    """Whether the continuation goes on with something that can't belong to a price any more."""
    return wanted == "price" and _MAY_BE_A_PRICE.fullmatch(text) is None
