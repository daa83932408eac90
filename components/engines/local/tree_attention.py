"""Attention for the nodes of a tree: each sees the prompt, its own few ancestors, and itself.

Scores of all pairs of nodes, masked afterwards, would take several times as long as all the rest of
the attention.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

NAME = "basewise_tree"


@dataclass(frozen=True)
class OwnKeys:
    """Which keys each new token of a pass sees.

    The first `prompt` ones as its mask says, and those at `places` (shape (new, most), int64),
    but for those where `unused` (same shape, bool) is true.
    """

    prompt: int
    places: torch.Tensor
    unused: torch.Tensor


_own_keys: ContextVar[OwnKeys | None] = ContextVar("_own_keys", default=None)


def install(model: PreTrainedModel) -> None:
    """Have a model that uses torch's attention use this one, which differs within `own_keys`."""
    if model.config._attn_implementation != "sdpa":
        return
    from transformers import AttentionInterface, AttentionMaskInterface
    from transformers.masking_utils import sdpa_mask

    AttentionInterface.register(NAME, attention)
    AttentionMaskInterface.register(NAME, sdpa_mask)
    model.set_attn_implementation(NAME)


@contextmanager
def own_keys(keys: OwnKeys) -> Iterator[None]:
    """Around a pass whose mask lets each token see these keys and no others."""
    token = _own_keys.set(keys)
    try:
        yield
    finally:
        _own_keys.reset(token)


def attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """As transformers' attention functions have it.

    query has the shape (1, heads, new, size), keys and values (1, groups, all, size). What is not
    known here (a bias, a cap, a sink, another mask) is left to torch's attention.
    """
    import torch
    from transformers.integrations.sdpa_attention import sdpa_attention_forward

    own = _own_keys.get()
    unknown = any(kwargs.get(name) is not None for name in ("position_bias", "softcap", "s_aux"))
    additive = attention_mask is not None and attention_mask.is_floating_point()
    if own is None or attention_mask is None or not additive or unknown:
        return sdpa_attention_forward(
            module, query, key, value, attention_mask, scaling=scaling, **kwargs
        )
    _, heads, new, size = query.shape
    groups, prompt = key.shape[1], own.prompt
    scale = size**-0.5 if scaling is None else scaling
    asked = query.reshape(groups, -1, size).float() * scale
    scores = asked @ key[0, :, :prompt].float().transpose(1, 2)
    scores = scores.view(groups, -1, new, prompt) + attention_mask[0, 0, :, :prompt]
    own_mask = attention_mask[0, 0].gather(1, own.places).float()
    own_mask = own_mask.masked_fill(own.unused, -torch.inf)
    own_scores = torch.einsum(
        "ghnd,gnmd->ghnm", asked.view(groups, -1, new, size), key[0, :, own.places].float()
    )
    shares = torch.cat([scores, own_scores + own_mask], dim=-1).softmax(-1)
    seen = shares[..., :prompt].to(value.dtype).reshape(groups, -1, prompt) @ value[0, :, :prompt]
    found = seen.view(groups, -1, new, value.shape[-1]) + torch.einsum(
        "ghnm,gnmd->ghnd", shares[..., prompt:], value[0, :, own.places].float()
    )
    return found.to(value.dtype).view(1, heads, new, -1).transpose(1, 2).contiguous(), None
