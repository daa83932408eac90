"""Logits in 32 bits from a model in 16, for the tokens that count.

A matrix product in 16 bits rounds its results: to multiples of an eighth of a nat where a logit is
over 16, so that likely tokens tie that do not, and their probabilities are off by up to 6 %.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

# So many tokens are computed in 32 bits. Those that are left out have little probability each, and
# their errors cancel out in its sum.
_TOKENS = 2048


def install(model: PreTrainedModel) -> None:
    """Have a model in 16 bits give logits in 32, unless its output layer is of a special kind."""
    import torch

    head = model.get_output_embeddings()
    if type(head) is torch.nn.Linear and head.weight.dtype.itemsize == 2:

        def forward(input: torch.Tensor) -> torch.Tensor:
            return logits(head.weight, head.bias, input)

        head.forward = forward


def logits(weight: torch.Tensor, bias: torch.Tensor | None, hidden: torch.Tensor) -> torch.Tensor:
    """hidden (…, size) times weight (tokens, size), plus bias: (…, tokens) in 32 bits.

    Computed in 16 bits, then anew in 32 for the tokens that come closest to the likeliest one of
    any place.
    """
    import torch

    rough = torch.nn.functional.linear(hidden, weight, bias)
    below = (rough - rough.amax(-1, keepdim=True)).flatten(0, -2)
    tokens = below.amax(0).topk(min(_TOKENS, len(weight))).indices
    exact = hidden.float() @ weight[tokens].float().T
    if bias is not None:
        exact += bias[tokens].float()
    return rough.float().index_copy_(-1, tokens, exact)
