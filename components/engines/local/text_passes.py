"""What one pass over a whole text tells: its log-likelihood, and features of a prompt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
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


def hidden_features(model: PreTrainedModel, tokens: Sequence[int]) -> NDArray[np.float16]:
    """The last token's hidden state and the mean over tokens, each averaged over layers.

    Shape (2, size), in 16 bits. The embeddings count as a layer. Each state is first scaled to a
    root mean square of 1, as the model itself does before it reads one: otherwise layers and
    tokens whose states are thousands of times larger than others' are all that is left, and 16
    bits do not hold them.
    """
    import torch

    ids = torch.tensor([list(tokens)], device=model.device)
    states = model(
        input_ids=ids, use_cache=False, output_hidden_states=True, logits_to_keep=1
    ).hidden_states
    scaled = [torch.nn.functional.rms_norm(s[0].float(), s.shape[-1:], eps=1e-6) for s in states]
    average = torch.stack(scaled).mean(0)
    return torch.stack([average[-1], average.mean(0)]).half().cpu().numpy()
