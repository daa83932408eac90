"""Tokens one after the other, from the key/value cache where that says what the whole text does.

Not all models go on from their cache as from the text: some keep none, some count positions anew
in each pass. Which way is right for a model is found out on its first use.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Literal, get_args

from components.engines.local.transformers_compat import takes
from components.errors import EngineError

if TYPE_CHECKING:
    import torch
    from transformers import Cache, PreTrainedModel

# From the cache with positions told, from the cache alone, or from the whole text each time.
CacheUse = Literal["positions", "cache", "whole"]
CACHE_USES: tuple[CacheUse, ...] = get_args(CacheUse)

# How far apart the next token's distributions by two ways may be by rounding alone, in total
# variation, in 32 bits and in 16; as for trees (tree_check.py).
_SAME, _SAME_IN_16_BIT = 1e-3, 0.05
_STEPS = 2

OnePass = Callable[[], AbstractContextManager[None]]


class Continuation:
    """A text that grows by one token at a time; `cache` holds the first `cached` of its tokens."""

    def __init__(
        self,
        model: PreTrainedModel,
        cache_use: CacheUse,
        tokens: Sequence[int],
        *,
        cache: Cache | None = None,
        cached: int = 0,
    ):
        self._model, self._cache_use = model, cache_use
        self._tokens = list(tokens)
        self._cache, self._cached = cache, cached

    def append(self, token: int) -> None:
        self._tokens.append(token)

    def logits(self) -> torch.Tensor:
        """What comes after the text so far: logits of shape (vocabulary,). One pass."""
        import torch

        start = self._cached
        ids = torch.tensor([self._tokens[start:]], device=self._model.device)
        inputs: dict[str, Any] = {"use_cache": False}
        if self._cache_use != "whole":
            inputs = {"use_cache": True, "cache": self._cache}
        if self._cache_use == "positions":
            positions = torch.arange(start, len(self._tokens), device=ids.device)
            inputs["position_ids"] = positions[None]
        output = self._model(input_ids=ids, logits_to_keep=1, **inputs)
        if self._cache_use != "whole":
            if getattr(output, "cache", None) is None:
                raise EngineError("The model returns no cache.", way_out="Run the whole text.")
            self._cache, self._cached = output.cache, len(self._tokens)
        return output.logits[0, -1]


def right_cache_use(model: PreTrainedModel, tokens: Sequence[int], one_pass: OnePass) -> CacheUse:
    """How this model goes on from its cache as it does from the whole text.

    The likeliest two tokens after these are appended from the cache, and what then comes next is
    compared with a pass over all of them. What raises while the whole text is run is raised.
    """
    uses: list[CacheUse] = []
    if takes(model, "cache"):
        uses = ["positions", "cache"] if takes(model, "position_ids") else ["cache"]
    for cache_use in uses:
        try:
            found = _some_steps(model, cache_use, tokens, one_pass)
        except EngineError:  # the model does not run this way
            continue
        text, logits = found
        whole = Continuation(model, "whole", text)
        with one_pass():
            distance = _total_variation(logits, whole.logits())
        if distance <= (_SAME if model.dtype.itemsize == 4 else _SAME_IN_16_BIT):
            return cache_use
    return "whole"


def _some_steps(
    model: PreTrainedModel, cache_use: CacheUse, tokens: Sequence[int], one_pass: OnePass
) -> tuple[list[int], torch.Tensor]:
    """The text with some tokens more, and the logits after it."""
    text = list(tokens)
    continuation = Continuation(model, cache_use, text)
    for _ in range(_STEPS):
        with one_pass():
            token = int(continuation.logits().argmax())
        text.append(token)
        continuation.append(token)
    with one_pass():
        return text, continuation.logits()


def _total_variation(first: torch.Tensor, second: torch.Tensor) -> float:
    return float((first.float().softmax(-1) - second.float().softmax(-1)).abs().sum()) / 2
