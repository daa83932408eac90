"""Every causal architecture of transformers, small and random: right, or refused in words."""

from typing import Any

import pytest
import torch
from huggingface_hub.errors import StrictDataclassError
from transformers import MODEL_FOR_CAUSAL_LM_MAPPING, PreTrainedModel

from components.engines import LocalEngine
from components.engines.local.architecture import choose_loader
from components.engines.local.causality import refuse_unless_causal
from components.errors import EngineError
from tests.support.model_ids import unrevised
from tests.support.small_models import small_models, small_tokenizer

pytestmark = pytest.mark.slow  # runs many models

# Its patcher of bytes is a model of its own, and no field of the config makes it small.
LARGE = {"Blt"}
KINDS: dict[str, Any] = {
    name: (config, model)
    for config, model in MODEL_FOR_CAUSAL_LM_MAPPING.items()
    if isinstance(model, type) and (name := config.__name__.removesuffix("Config")) not in LARGE
}
# What the tree of numbers does not suit, of different reasons: no cache, positions that start
# anew, a state instead of keys and values; and two that it suits.
PRICED = ["Bamba", "GPT2", "Jamba", "Llama", "Mamba", "OpenAIGPT", "RecurrentGemma", "Rwkv"]
PROMPT, LENGTH = "Price is $", 8
TOKENIZER = small_tokenizer()


def generated(model: PreTrainedModel) -> str:
    """What transformers' own greedy generation adds to the prompt."""
    ids = TOKENIZER(PROMPT, return_tensors="pt")["input_ids"]
    if model.generation_config is not None:
        model.generation_config.eos_token_id = None  # the text has its whole length
    generate: Any = model.generate
    with torch.inference_mode():
        output = generate(ids, max_new_tokens=LENGTH, do_sample=False)
    text = TOKENIZER.decode(output[0][ids.shape[1] :])
    assert isinstance(text, str)
    return text


def working(name: str) -> tuple[PreTrainedModel, str]:
    """A small model of this kind that transformers itself continues a text with, and that text."""
    problem = "no way to make one"
    for make in small_models(*KINDS[name]):
        try:
            model = make()
            return model, generated(model)
        except Exception as error:  # whatever transformers makes of a config that does not fit
            problem = f"{type(error).__name__}: {error}"
    pytest.skip(f"no small model: {problem}"[:120])


def assert_short(error: EngineError) -> None:
    shown = f"{error.problem} {error.way_out}"
    assert shown.count(". ") < 3, shown
    assert len(shown) < 300, shown


@pytest.mark.parametrize("name", sorted(KINDS))
def test_it_continues_a_text_as_generate_does_or_is_refused_in_words(name):
    try:
        default = KINDS[name][0]()
    except StrictDataclassError as error:  # some are nothing without the config of another model
        pytest.skip(f"no default config: {error}"[:120])
    try:
        choose_loader(default, name)
    except EngineError as refusal:
        assert_short(refusal)
        return
    model, expected = working(name)
    try:
        refuse_unless_causal(name, model)
        engine = LocalEngine(unrevised(f"nobody/{name}"), model, TOKENIZER)
        text = "".join(engine.stream(PROMPT, LENGTH))
        priced = engine.price_distribution(PROMPT, 0.3)
        again = "".join(engine.stream(PROMPT, LENGTH))
    except EngineError as refusal:
        assert_short(refusal)
        return
    assert text == again == expected
    parts = (priced.overflow, priced.not_a_number, priced.unexplored)
    assert priced.probabilities.sum() + sum(parts) == pytest.approx(1)


@pytest.mark.parametrize("name", PRICED)
def test_its_prices_are_those_of_whole_sequences(name):
    model, _ = working(name)
    engine = LocalEngine(unrevised(f"nobody/{name}"), model, TOKENIZER)
    distribution = engine.price_distribution(PROMPT, 0)
    for number in (0, 7, 42, 365, 999):
        assert distribution.probabilities[number] == pytest.approx(
            probability(model, number), rel=1e-3, abs=1e-9
        )


def probability(model: PreTrainedModel, number: int) -> float:
    """P(number) by plain passes: its digits, then neither a digit nor a separator and a digit."""
    digits = [TOKENIZER(digit)["input_ids"][0] for digit in "0123456789"]
    (comma,) = TOKENIZER(",")["input_ids"]

    def after(text: str) -> torch.Tensor:
        ids = torch.tensor([TOKENIZER(text)["input_ids"]])
        with torch.inference_mode():
            return model(input_ids=ids, use_cache=False).logits[0, -1].double().softmax(-1)

    share, text = 1.0, PROMPT
    for digit in str(number):
        share *= float(after(text)[digits[int(digit)]])
        text += digit
    ends = after(text)
    joined = float(ends[comma]) * float(after(f"{text},")[digits].sum())
    return share * (1 - float(ends[digits].sum()) - joined)
