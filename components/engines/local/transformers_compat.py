"""All that touches names of transformers which its documentation does not promise to keep.

`tests/unit/test_transformers_compat.py` has a test for each name, so that a new version of the
library that renames one fails there first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import torch
    from transformers import Cache, PreTrainedModel

AttentionOutput = tuple["torch.Tensor", None]


class KeysValues(NamedTuple):
    """One layer's keys and values in a cache, shape (batch, key/value heads, tokens, size)."""

    keys: torch.Tensor
    values: torch.Tensor


def attention_name(model: PreTrainedModel) -> str | None:
    """Which attention implementation a model uses, such as "sdpa" (torch's) or "eager"."""
    return model.config._attn_implementation


def use_attention(
    model: PreTrainedModel, name: str, function: Callable[..., AttentionOutput]
) -> None:
    """Register an attention function that takes the masks of torch's, and have a model use it."""
    from transformers import AttentionInterface, AttentionMaskInterface
    from transformers.masking_utils import sdpa_mask

    AttentionInterface.register(name, function)
    AttentionMaskInterface.register(name, sdpa_mask)
    model.set_attn_implementation(name)


def torch_attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    mask: torch.Tensor | None,
    scaling: float | None,
    **kwargs: Any,
) -> AttentionOutput:
    """Torch's scaled dot product attention, as transformers calls it."""
    from transformers.integrations.sdpa_attention import sdpa_attention_forward

    return sdpa_attention_forward(module, query, key, value, mask, scaling=scaling, **kwargs)


def empty_full_cache() -> Cache:
    """A cache in which every layer keeps all tokens, also those with a sliding window.

    A cache made for a model's config would have the latter forget what is before the window.
    """
    from transformers import DynamicCache

    return DynamicCache()


def filled_cache(layers: Sequence[KeysValues]) -> Cache:
    """A cache that holds these keys and values and can grow."""
    from transformers.cache_utils import Cache, DynamicLayer

    filled = []
    for keys, values in layers:
        layer = DynamicLayer()
        layer.lazy_initialization(keys, values)
        layer.keys, layer.values = keys, values
        filled.append(layer)
    return Cache(layers=filled)


def cached_layers(cache: Cache) -> list[KeysValues]:
    """What a cache holds, layer by layer.

    NotImplementedError, which is a RuntimeError, if it has no layers or one without keys and
    values: the model has another kind of state.
    """
    from transformers.cache_utils import CacheLayerMixin

    if not cache.layers:
        raise NotImplementedError("this model puts nothing into the cache that it is given")
    layers = []
    for layer in cache.layers:
        if not isinstance(layer, CacheLayerMixin) or layer.keys is None or layer.values is None:
            raise NotImplementedError(f"a {type(layer).__name__} holds no keys and values")
        layers.append(KeysValues(layer.keys, layer.values))
    return layers


def sliding_window(model: PreTrainedModel) -> int | None:
    """How many tokens back a model's layers with a sliding window see; None without such layers."""
    return getattr(model.config.get_text_config(), "sliding_window", None)


def masks_by_layer_type(
    model: PreTrainedModel, full: torch.Tensor, sliding: torch.Tensor | None
) -> Any:
    """What a model takes as its `attention_mask`: one mask, or one for each type of its layers.

    `full` is for layers without a sliding window, `sliding` for those with one.
    NotImplementedError, which is a RuntimeError, for a model with other types of layers.
    """
    types = getattr(model.config.get_text_config(), "layer_types", None)
    if types is None:
        return full if sliding is None else sliding
    masks = {"full_attention": full}
    if sliding is not None:
        masks["sliding_attention"] = sliding
    if unknown := sorted(set(types) - set(masks)):
        raise NotImplementedError(f"layers of type {', '.join(unknown)} take no tree's mask")
    return {kind: masks[kind] for kind in set(types)}
