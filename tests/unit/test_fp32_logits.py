"""Logits of a model in 16 bits, computed in 32 for the tokens that count."""

from typing import Any

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from components.engines.local import fp32_logits

PLACES, SIZE, TOKENS = 5, 64, 5000


@pytest.mark.parametrize("biased", [False, True])
def test_likely_tokens_are_not_rounded_to_sixteen_bits_and_others_hardly_differ(biased):
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(1, PLACES, SIZE, generator=generator).bfloat16()
    weight = (3 * torch.randn(TOKENS, SIZE, generator=generator)).bfloat16()
    bias = torch.randn(TOKENS, generator=generator).bfloat16() if biased else None
    wide = None if bias is None else bias.float()
    expected = torch.nn.functional.linear(hidden.float(), weight.float(), wide)
    rounded = torch.nn.functional.linear(hidden, weight, bias).float()
    found = fp32_logits.logits(weight, bias, hidden)
    assert found.dtype == torch.float32
    assert found.shape == (1, PLACES, TOKENS)
    likely = expected.topk(20).indices
    off, before = ((each - expected).gather(-1, likely).abs().max() for each in (found, rounded))
    assert off < 1e-3 < 0.05 < before
    assert (found - expected).abs().max() <= (rounded - expected).abs().max()


@pytest.mark.parametrize(("dtype", "changed"), [(torch.bfloat16, True), (torch.float32, False)])
def test_only_models_in_sixteen_bits_are_changed(dtype, changed):
    shape: dict[str, Any] = {"vocab_size": 100, "hidden_size": 8, "intermediate_size": 8}
    config = LlamaConfig(**shape, num_hidden_layers=1, num_attention_heads=2)
    model = LlamaForCausalLM(config).to(dtype)
    before = model.lm_head.forward
    fp32_logits.install(model)
    assert (model.lm_head.forward != before) == changed
    assert model(torch.tensor([[1, 2]])).logits.dtype == torch.float32
