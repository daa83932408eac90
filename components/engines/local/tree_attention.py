"""Attention for the nodes of a tree: each sees the prompt, its few ancestors, and itself.

Scores of all pairs of nodes, masked afterwards, would take several times as long as all the rest of
the attention.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from components.engines.local.transformers_compat import (
    AttentionOutput,
    attention_name,
    torch_attention,
    use_attention,
)

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

NAME = "basewise_tree"


@dataclass(frozen=True)
class TreeKeys:
    """Which keys each query of a forward pass sees.

    The first `prompt` ones as the pass's mask says, and those at `indices` (shape (queries,
    depth), int64; a path's tokens and padding), except where `padding` (same shape, bool) is true.
    """

    prompt: int
    indices: torch.Tensor
    padding: torch.Tensor


_tree_keys: ContextVar[TreeKeys | None] = ContextVar("_tree_keys", default=None)


def install(model: PreTrainedModel) -> None:
    """Have a model that uses torch's attention use this one, which differs within `attend_to`."""
    if attention_name(model) == "sdpa":
        use_attention(model, NAME, attention)


@contextmanager
def attend_to(keys: TreeKeys) -> Iterator[None]:
    """Around a forward pass whose mask lets each query see these keys and no others."""
    token = _tree_keys.set(keys)
    try:
        yield
    finally:
        _tree_keys.reset(token)


def attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    **kwargs: Any,
) -> AttentionOutput:
    """An attention function as transformers calls them.

    query has the shape (1, heads, queries, size), key and value (1, key/value heads, keys, size).
    Outside `attend_to`, and with what is not computed here (a bias, a cap, a sink, a boolean
    mask), it is torch's attention.
    """
    import torch

    tree = _tree_keys.get()
    special = any(kwargs.get(name) is not None for name in ("position_bias", "softcap", "s_aux"))
    additive = attention_mask is not None and attention_mask.is_floating_point()
    if tree is None or attention_mask is None or not additive or special:
        return torch_attention(module, query, key, value, attention_mask, scaling, **kwargs)
    _, heads, queries, size = query.shape
    groups, prompt = key.shape[1], tree.prompt
    scale = size**-0.5 if scaling is None else scaling
    scaled = query.reshape(groups, -1, size).float() * scale
    prompt_scores = scaled @ key[0, :, :prompt].float().transpose(1, 2)
    prompt_scores = prompt_scores.view(groups, -1, queries, prompt)
    prompt_scores = prompt_scores + attention_mask[0, 0, :, :prompt]
    tree_mask = attention_mask[0, 0].gather(1, tree.indices).float()
    tree_mask = tree_mask.masked_fill(tree.padding, -torch.inf)
    tree_scores = torch.einsum(
        "ghqd,gqkd->ghqk",
        scaled.view(groups, -1, queries, size),
        key[0, :, tree.indices].float(),
    )
    weights = torch.cat([prompt_scores, tree_scores + tree_mask], dim=-1).softmax(-1)
    prompt_weights = weights[..., :prompt].to(value.dtype).reshape(groups, -1, prompt)
    output = (prompt_weights @ value[0, :, :prompt]).view(groups, -1, queries, value.shape[-1])
    output = output + torch.einsum(
        "ghqk,gqkd->ghqd", weights[..., prompt:], value[0, :, tree.indices].float()
    )
    return output.to(value.dtype).view(1, heads, queries, -1).transpose(1, 2).contiguous(), None
