"""Each name of transformers that is not promised to stay: one test that fails if it goes."""

from typing import Any

import pytest
import torch
from transformers import (
    Gemma3ForCausalLM,
    Gemma3TextConfig,
    LlamaConfig,
    LlamaForCausalLM,
    MambaConfig,
    MambaForCausalLM,
    PreTrainedModel,
)
from transformers.cache_utils import CacheLayerMixin, DynamicLayer

from components.engines.local import transformers_compat as compat

SHAPE: dict[str, Any] = {
    "vocab_size": 11,
    "hidden_size": 8,
    "intermediate_size": 8,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
}
TOKENS = torch.tensor([[1, 2, 3, 4, 5, 6]])
KEYS = torch.arange(24.0).view(1, 2, 3, 4)


def llama(attention: str = "sdpa") -> PreTrainedModel:
    torch.manual_seed(0)
    model = LlamaForCausalLM._from_config(LlamaConfig(**SHAPE), attn_implementation=attention)
    return model.eval()


def gemma(window: int) -> PreTrainedModel:
    torch.manual_seed(0)
    types = ["sliding_attention", "full_attention"]
    config = Gemma3TextConfig(**SHAPE, head_dim=4, sliding_window=window, layer_types=types)
    return Gemma3ForCausalLM(config).eval()


def causal_mask(window: int | None = None) -> torch.Tensor:
    positions = torch.arange(TOKENS.shape[1])
    distance = positions[:, None] - positions
    seen = (distance >= 0) & (distance < (window or TOKENS.shape[1]))
    return torch.zeros(seen.shape).masked_fill(~seen, torch.finfo(torch.float32).min)[None, None]


@pytest.mark.parametrize("name", ["sdpa", "eager"])
def test_the_attention_that_a_model_uses_has_a_name(name):
    assert compat.attention_name(llama(name)) == name


def test_a_registered_attention_is_called_with_the_arguments_of_torchs():
    model, calls = llama(), []

    def attention(module, query, key, value, attention_mask, scaling=None, **kwargs):
        calls.append((query.shape, key.shape, attention_mask is None))
        return compat.torch_attention(module, query, key, value, attention_mask, scaling, **kwargs)

    expected = model(TOKENS).logits
    compat.use_attention(model, "a_test_of_ours", attention)
    assert compat.attention_name(model) == "a_test_of_ours"
    assert torch.equal(model(TOKENS).logits, expected)
    assert calls == [((1, 2, 6, 4), (1, 1, 6, 4), True)] * 2


def test_masks_of_a_registered_attention_are_made_as_for_torchs():
    model, masks = llama(), []

    def attention(module, query, key, value, attention_mask, scaling=None, **kwargs):
        masks.append(attention_mask)
        return compat.torch_attention(module, query, key, value, attention_mask, scaling, **kwargs)

    compat.use_attention(model, "another_test_of_ours", attention)
    model(TOKENS, attention_mask=torch.tensor([[0, 0, 1, 1, 1, 1]]))
    assert masks[0].shape == (1, 1, 6, 6)


def test_torchs_attention_takes_an_additive_mask_and_a_scale():
    query, key, value = torch.randn(3, 1, 2, 4, 8, generator=torch.Generator().manual_seed(0))
    mask = torch.full((4, 4), -torch.inf).triu(1)[None, None]
    module = torch.nn.Module()
    found, weights = compat.torch_attention(module, query, key, value, mask, 0.5)
    expected = (0.5 * query @ key.transpose(2, 3) + mask).softmax(-1) @ value
    assert weights is None
    assert torch.allclose(found, expected.transpose(1, 2), atol=1e-6)


def test_a_full_cache_keeps_what_is_before_a_sliding_window():
    cache = compat.empty_full_cache()
    gemma(window=2)(TOKENS, cache=cache, use_cache=True)
    layers = compat.cached_layers(cache)
    assert [layer.keys.shape[2] for layer in layers] == [6, 6]
    assert [layer.values.shape for layer in layers] == [layer.keys.shape for layer in layers]


def test_a_filled_cache_holds_what_it_was_given_and_grows():
    values = KEYS + 100
    cache = compat.filled_cache([compat.KeysValues(KEYS, values)] * 2)
    assert cache.get_seq_length() == 3
    more = torch.zeros(1, 2, 1, 4)
    keys, _ = cache.update(more, more, 1)
    assert torch.equal(keys, torch.cat([KEYS, more], dim=2))
    first, second = compat.cached_layers(cache)
    assert torch.equal(first.keys, KEYS)
    assert torch.equal(first.values, values)
    assert second.keys.shape[2] == 4


def test_a_model_goes_on_from_a_filled_cache():
    model, cache = llama(), compat.empty_full_cache()
    model(TOKENS[:, :4], cache=cache, use_cache=True)
    filled = compat.filled_cache(compat.cached_layers(cache))
    found = model(TOKENS[:, 4:], cache=filled, use_cache=True).logits
    assert torch.allclose(found, model(TOKENS).logits[:, 4:], atol=1e-6)


def test_a_renamed_attribute_of_a_cache_layer_is_a_loud_failure(monkeypatch):
    for kind in (DynamicLayer, CacheLayerMixin):
        monkeypatch.delattr(kind, "lazy_initialization")
    with pytest.raises(AttributeError, match="lazy_initialization"):
        compat.filled_cache([compat.KeysValues(KEYS, KEYS)])


def test_a_state_that_is_no_keys_and_values_is_an_unsupported_operation():
    config = MambaConfig(vocab_size=11, hidden_size=8, num_hidden_layers=1, state_size=2)
    output: Any = MambaForCausalLM(config).eval()(TOKENS, use_cache=True)
    with pytest.raises(NotImplementedError, match="no keys and values"):
        compat.cached_layers(output.cache)


def test_a_cache_that_was_not_filled_is_an_unsupported_operation():
    with pytest.raises(NotImplementedError, match="puts nothing"):
        compat.cached_layers(compat.empty_full_cache())


def test_the_sliding_window_of_a_model_is_known():
    assert (compat.sliding_window(gemma(3)), compat.sliding_window(llama())) == (3, None)


@pytest.mark.parametrize("window", [None, 2])
def test_a_model_takes_the_masks_made_for_its_types_of_layers(window):
    model = llama() if window is None else gemma(window)
    sliding = None if window is None else causal_mask(window)
    masks = compat.masks_by_layer_type(model, causal_mask(), sliding)
    assert isinstance(masks, dict) == (window is not None)
    positions = torch.arange(TOKENS.shape[1])[None]
    found = model(TOKENS, attention_mask=masks, position_ids=positions).logits
    assert torch.allclose(found, model(TOKENS).logits, atol=1e-5)


def test_a_window_on_all_layers_of_a_model_without_types_is_its_only_mask():
    assert compat.masks_by_layer_type(llama(), KEYS, KEYS + 1) is not KEYS
    assert torch.equal(compat.masks_by_layer_type(llama(), KEYS, KEYS + 1), KEYS + 1)


def test_a_model_with_other_types_of_layers_is_an_unsupported_operation():
    model = MambaForCausalLM(
        MambaConfig(vocab_size=11, hidden_size=8, num_hidden_layers=1, state_size=2)
    )
    with pytest.raises(NotImplementedError, match="linear_attention"):
        compat.masks_by_layer_type(model, KEYS, None)


def test_known_types_of_models_and_of_positions_are_those_of_transformers():
    assert "llama" in compat.known_model_types()
    assert "llama9" not in compat.known_model_types()
    assert {"default", "linear", "yarn", "llama3", "longrope"} <= compat.known_rope_types()


def test_a_model_says_how_many_tokens_it_embeds_knows_and_reads():
    model = llama()
    assert compat.embedding_rows(model) == compat.vocabulary_size(model) == SHAPE["vocab_size"]
    assert compat.longest_text(model) == model.config.max_position_embeddings
    model.config.max_position_embeddings = -1
    assert compat.longest_text(model) is None


def test_what_a_forward_pass_takes_is_told_by_its_name():
    assert compat.takes(llama(), "cache")
    assert compat.takes(llama(), "position_ids")
    assert not compat.takes(llama(), "state")
