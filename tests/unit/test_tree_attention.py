"""A tree's attention against torch's own under the same mask."""

from typing import Any

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from components.engines.local import tree_attention
from components.engines.local.tree_attention import TreeKeys, attend_to

PROMPT, EARLIER, NEW = 9, 5, 6
ALL = PROMPT + EARLIER + NEW


def small_tree() -> TreeKeys:
    """Every query sees the prompt, up to two earlier nodes, and itself."""
    generator = torch.Generator().manual_seed(1)
    earlier = PROMPT + torch.randint(0, EARLIER - 1, (NEW,), generator=generator)
    itself = PROMPT + EARLIER + torch.arange(NEW)
    indices = torch.stack([earlier, earlier + 1, itself], dim=1)
    indices[0] = itself[0]  # no earlier one
    padding = torch.zeros_like(indices, dtype=torch.bool)
    padding[0, 1:] = True
    return TreeKeys(PROMPT, indices, padding)


def mask_of(tree: TreeKeys, hidden: int, dtype: torch.dtype) -> torch.Tensor:
    """The same as an additive mask, without the first `hidden` of the prompt (a window's)."""
    seen = torch.zeros(NEW, ALL, dtype=torch.bool)
    seen[:, hidden:PROMPT] = True
    seen.scatter_(1, tree.indices, True)
    seen[1, PROMPT + EARLIER - 1] &= hidden == 0  # a window may hide an ancestor too
    low = torch.finfo(dtype).min
    return torch.zeros(1, 1, NEW, ALL, dtype=dtype).masked_fill(~seen, low)


class Layer(torch.nn.Module):
    num_key_value_groups = 3
    is_causal = True


@pytest.mark.parametrize("hidden", [0, 4])
@pytest.mark.parametrize(("dtype", "off"), [(torch.float32, 1e-6), (torch.bfloat16, 2e-2)])
def test_a_trees_attention_is_that_of_its_mask(hidden, dtype, off):
    generator = torch.Generator().manual_seed(0)
    query = torch.randn(1, 6, NEW, 8, generator=generator).to(dtype)
    key, value = torch.randn(2, 1, 2, ALL, 8, generator=generator).to(dtype)
    tree = small_tree()
    mask = mask_of(tree, hidden, dtype)
    expected, _ = tree_attention.attention(Layer(), query, key, value, mask)
    with attend_to(tree):
        found, _ = tree_attention.attention(Layer(), query, key, value, mask)
    assert found.dtype == dtype
    assert (found - expected).abs().max() <= off


def test_what_is_not_known_is_left_to_the_mask():
    query = torch.randn(1, 6, NEW, 8)
    key, value = torch.randn(2, 1, 2, ALL, 8)
    tree = small_tree()
    mask = mask_of(tree, 0, torch.float32)
    bias = torch.randn(1, 6, NEW, ALL)
    expected, _ = tree_attention.attention(Layer(), query, key, value, mask, position_bias=bias)
    with attend_to(tree):
        found, _ = tree_attention.attention(Layer(), query, key, value, mask, position_bias=bias)
    assert torch.equal(found, expected)


def test_a_model_with_another_attention_than_torchs_is_not_changed():
    shape: dict[str, Any] = {"vocab_size": 8, "hidden_size": 8, "intermediate_size": 8}
    shape |= {"num_hidden_layers": 1, "num_attention_heads": 2}
    eager, torchs = (
        LlamaForCausalLM._from_config(LlamaConfig(**shape), attn_implementation=name)
        for name in ("eager", "sdpa")
    )
    for model in (eager, torchs):
        tree_attention.install(model)
    assert eager.config._attn_implementation == "eager"
    assert torchs.config._attn_implementation == tree_attention.NAME
