"""All that touches names of transformers which its documentation does not promise to keep.

`tests/unit/test_transformers_compat.py` has a test for each name, so that a new version of the
library that renames one fails there first.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Container, Sequence
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


def known_model_types() -> Container[str]:
    """The types of models, as a config names them, that transformers has classes for."""
    from transformers import CONFIG_MAPPING

    return CONFIG_MAPPING


def known_rope_types() -> set[str]:
    """The types of rotary positions, as configs name them, that transformers computes."""
    from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

    # What single models compute themselves.
    return {*ROPE_INIT_FUNCTIONS, "default", "mrope", "axial", "ntk_alpha", "xdrope"}


def embedding_rows(model: PreTrainedModel) -> int | None:
    """How many tokens a model has embeddings of; None where it has no table of them."""
    try:
        weight = getattr(model.get_input_embeddings(), "weight", None)
    except NotImplementedError:
        return None
    return None if weight is None else len(weight)


def vocabulary_size(model: PreTrainedModel) -> int:
    """How many tokens a model gives logits of."""
    config = model.config.get_text_config()
    found = getattr(config, "vocab_size", None) or embedding_rows(model)
    if found is None:
        raise NotImplementedError("the config does not say how many tokens the model has")
    return int(found)


def longest_text(model: PreTrainedModel) -> int | None:
    """How many tokens a model reads at most; None where its config sets no limit."""
    limit = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    return limit if isinstance(limit, int) and limit > 0 else None


def takes(model: PreTrainedModel, argument: str) -> bool:
    """Whether a model's forward pass has an argument of this name."""
    return argument in inspect.signature(model.forward).parameters


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
