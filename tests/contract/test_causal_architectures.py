"""Every causal architecture of transformers, small and random: right, or refused in words."""

from typing import Any

import pytest
import torch
from transformers import MODEL_FOR_CAUSAL_LM_MAPPING, PreTrainedConfig, PreTrainedModel

from tests.support.small_models import small_models, small_tokenizer

KINDS: dict[str, tuple[type[PreTrainedConfig], type[PreTrainedModel]]] = {
    config.__name__.removesuffix("Config"): (config, model)
    for config, model in MODEL_FOR_CAUSAL_LM_MAPPING.items()
    if isinstance(model, type)
}
PROMPT, LENGTH = "Price is $", 8
TOKENIZER = small_tokenizer()


def working_model(name: str) -> PreTrainedModel:
    """A small model of this kind that transformers itself can continue a text with."""
    for model in _possible(name):
        try:
            generated(model)
        except Exception as error:  # whatever a nonsense config leads to
            problem = error
            continue
        return model
    pytest.skip(f"no small model: {type(problem).__name__}: {problem}"[:200])


def _possible(name: str):
    models = small_models(*KINDS[name])
    while True:
        try:
            yield next(models)
        except StopIteration:
            return


def generated(model: PreTrainedModel) -> str:
    """What transformers' own greedy generation adds to the prompt."""
    inputs = TOKENIZER(PROMPT, return_tensors="pt")
    generate: Any = model.generate
    with torch.inference_mode():
        output = generate(
            inputs["input_ids"], max_new_tokens=LENGTH, do_sample=False, pad_token_id=63
        )
    return TOKENIZER.decode(output[0][inputs["input_ids"].shape[1] :])
