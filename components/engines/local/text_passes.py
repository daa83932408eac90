"""What one pass over a whole text tells: its log-likelihood, and features of a prompt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from components.errors import EngineError

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

# Logits that are summed up in 32 bits at a time, in numbers.
_SUMMED_LOGITS = 2**24


class Window(NamedTuple):
    """Tokens to run, and those that the last of their places predict."""

    tokens: list[int]
    predicted: list[int]


def rolling_windows(tokens: Sequence[int], prefix: int, longest: int) -> Iterator[Window]:
    """A text cut so that each token is predicted once, at most `longest` tokens run at once.

    As lm-evaluation-harness cuts for `loglikelihood_rolling`: the first window begins with the
    `prefix` token; the others hold as many tokens as fit, also where few are left to predict.
    """
    first = min(longest, len(tokens))
    if first:
        yield Window([prefix, *tokens[: first - 1]], list(tokens[:first]))
    for start in range(first, len(tokens), longest):
        end = min(start + longest, len(tokens))
        yield Window(list(tokens[end - longest - 1 : end - 1]), list(tokens[start:end]))


def window_log_likelihood(model: PreTrainedModel, window: Window) -> float:
    """The sum of the log-probabilities of a window's predicted tokens, in nats."""
    import torch

    ids = torch.tensor([window.tokens], device=model.device)
    places = len(window.predicted)
    logits = model(input_ids=ids, use_cache=False, logits_to_keep=places).logits[0, -places:]
    targets = torch.tensor(window.predicted, device=logits.device)
    total = 0.0
    size = max(1, _SUMMED_LOGITS // logits.shape[-1])
    for rows, wanted in zip(logits.split(size), targets.split(size), strict=True):
        exact = rows.float()
        told = exact.gather(-1, wanted[:, None])[:, 0] - exact.logsumexp(-1)
        total += float(told.double().sum())
    return total


class PromptStates:
    """The hidden states of a prompt, added up as it is run, in one pass or several.

    Averaged over layers, where the embeddings count as one. Each state is first scaled to a root
    mean square of 1, as the model itself does before it reads one: otherwise layers and tokens
    whose states are thousands of times larger than others' are all that is left, and 16 bits do
    not hold them.
    """

    def __init__(self) -> None:
        self._total: torch.Tensor | None = None
        self._last: torch.Tensor | None = None
        self._tokens = 0

    def add(self, layers: Sequence[torch.Tensor] | None, tokens: int) -> None:
        """Add the first `tokens` places of a pass's hidden states, each (1, places, size).

        EngineError for a model that gives none, or whose layers have states of several sizes.
        """
        import torch

        if not layers or len({layer.shape for layer in layers}) > 1 or layers[0].ndim != 3:
            raise EngineError(
                "The model gives no hidden states of one size.", way_out="Pick another model."
            )
        average = torch.stack(
            [
                torch.nn.functional.rms_norm(layer[0, :tokens].float(), layer.shape[-1:], eps=1e-6)
                for layer in layers
            ]
        ).mean(0)
        total = average.sum(0)
        self._total = total if self._total is None else self._total + total
        self._last = average[-1]
        self._tokens += tokens

    def features(self) -> NDArray[np.float16]:
        """The last token's state and the mean over tokens, shape (2, size), in 16 bits."""
        import torch

        assert self._total is not None
        assert self._last is not None
        both = torch.stack([self._last, self._total / self._tokens])
        return both.half().cpu().numpy()


def hidden_features(model: PreTrainedModel, tokens: Sequence[int]) -> NDArray[np.float16]:
    """The features of a prompt, as PromptStates has them: one pass. EngineError if it has none."""
    import torch

    ids = torch.tensor([list(tokens)], device=model.device)
    output = model(input_ids=ids, use_cache=False, output_hidden_states=True, logits_to_keep=1)
    states = PromptStates()
    states.add(output.hidden_states, len(tokens))
    return states.features()
