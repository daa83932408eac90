"""Logits in 32 bits from a model in 16, for the tokens that count.

A matrix product in 16 bits rounds its results: to multiples of an eighth of a nat where a logit is
over 16, so that tokens tie whose probabilities differ, by up to 6 %.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

# So many tokens are computed in 32 bits. The others have little probability each, and their errors
# cancel out in its sum.
_TOKENS = 2048


def install(model: PreTrainedModel) -> None:
    """Have a model in 16 bits give logits in 32, unless its vocabulary projection is no Linear."""
    import torch

    projection = model.get_output_embeddings()
    if type(projection) is torch.nn.Linear and projection.weight.dtype.itemsize == 2:

        def forward(input: torch.Tensor) -> torch.Tensor:
            return logits(projection.weight, projection.bias, input)

        projection.forward = forward


def logits(weight: torch.Tensor, bias: torch.Tensor | None, hidden: torch.Tensor) -> torch.Tensor:
    """hidden (…, size) times weight (tokens, size), plus bias: (…, tokens) in 32 bits.

    Computed in 16 bits, then again in 32 for those tokens whose logits come closest to the
    largest of any position.
    """
    import torch

    rounded = torch.nn.functional.linear(hidden, weight, bias)
    below = (rounded - rounded.amax(-1, keepdim=True)).flatten(0, -2)
    tokens = below.amax(0).topk(min(_TOKENS, len(weight))).indices
    exact = hidden.float() @ weight[tokens].float().T
    if bias is not None:
        exact += bias[tokens].float()
    return rounded.float().index_copy_(-1, tokens, exact)
