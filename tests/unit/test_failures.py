"""A fault of ours is not taken for a property of a model."""

import pytest
import torch
from transformers import DynamicCache, MambaConfig, MambaForCausalLM

from components.engines.local.failures import is_models_failure


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


@pytest.mark.parametrize("error", [AttributeError, TypeError, KeyError, ValueError])
def test_what_our_own_code_raises_is_not(error):
    def fail() -> None:
        raise error("no such name")

    assert not is_models_failure(raised(fail))
