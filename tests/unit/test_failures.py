"""A fault of ours is not taken for a property of a model."""

from typing import Any

import pytest
import torch
from safetensors import safe_open
from transformers import (
    AutoConfig,
    DynamicCache,
    GPT2Config,
    GPT2LMHeadModel,
    MambaConfig,
    MambaForCausalLM,
)

from components.engines.local.failures import is_loading_failure, is_models_failure


def raised(call) -> Exception:
    with pytest.raises(Exception) as caught:  # noqa: PT011 (which one is what is tested)
        call()
    return caught.value


def test_what_torch_refuses_is_the_models_failure():
    assert is_models_failure(raised(lambda: torch.ones(2, 3) @ torch.ones(2, 3)))


@pytest.mark.parametrize("error", [MemoryError, torch.OutOfMemoryError, NotImplementedError])
def test_too_little_memory_and_unsupported_operations_are_the_models_failure(error):
    def fail() -> None:
        raise error

    assert is_models_failure(raised(fail))


def test_a_cache_that_the_models_code_does_not_take_is_the_models_failure():
    model = MambaForCausalLM(
        MambaConfig(vocab_size=32, hidden_size=16, num_hidden_layers=1, state_size=4)
    )
    ids = torch.ones(1, 4, dtype=torch.long)
    error = raised(lambda: model(input_ids=ids, cache=DynamicCache(), use_cache=True))
    assert not isinstance(error, RuntimeError)
    assert is_models_failure(error)


def test_a_position_that_a_model_has_no_embedding_of_is_the_models_failure():
    config = GPT2Config(vocab_size=32, n_embd=16, n_layer=1, n_head=2, n_positions=8)
    model = GPT2LMHeadModel(config)
    error = raised(lambda: model(input_ids=torch.ones(1, 9, dtype=torch.long)))
    assert is_models_failure(error)


def test_a_token_that_is_none_is_ours():
    error = raised(lambda: torch.nn.Embedding(4, 4)(torch.tensor([7])))
    assert isinstance(error, IndexError)
    assert not is_models_failure(error)


def test_a_wrong_argument_of_ours_is_not_the_models_failure():
    model = GPT2LMHeadModel(GPT2Config(vocab_size=32, n_embd=16, n_layer=1, n_head=2))
    wrong: Any = range(40)
    assert not is_models_failure(raised(lambda: model.forward(*wrong)))


def test_a_config_that_transformers_refuses_is_a_loading_failure_and_our_fault_is_not(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "llama", "hidden_act": 3}')
    assert is_loading_failure(raised(lambda: AutoConfig.from_pretrained(tmp_path)))
    assert not is_loading_failure(raised(lambda: {}["rope"]))


@pytest.mark.parametrize("error", [AttributeError, TypeError, KeyError, ValueError])
def test_what_our_own_code_raises_is_not(error):
    def fail() -> None:
        raise error("no such name")

    assert not is_models_failure(raised(fail))


def test_what_compiled_code_of_a_library_refuses_of_a_file_is_not_ours(tmp_path):
    (tmp_path / "x.safetensors").write_bytes(b"")
    error = raised(lambda: safe_open(tmp_path / "x.safetensors", framework="pt").__enter__())
    assert not isinstance(error, (RuntimeError, OSError))
    assert is_loading_failure(error)
