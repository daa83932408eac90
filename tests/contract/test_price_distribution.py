"""The local engine's price distribution, against every candidate as a sequence of its own."""

import gc
import math
import re
import threading
from collections.abc import Iterable
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import (
    CONFIG_MAPPING,
    MODEL_FOR_CAUSAL_LM_MAPPING,
    Gemma3ForCausalLM,
    Gemma3TextConfig,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    MambaConfig,
    MambaForCausalLM,
    PreTrainedConfig,
    PreTrainedModel,
    Qwen2Config,
    Qwen2ForCausalLM,
)

from components.control import Control, Progress
from components.engines import LocalEngine, load_engine
from components.engines.local.tree_check import TreeCheck
from components.errors import EngineError, StoppedError
from components.numbers import PriceDistribution
from components.pricing import load_catalogue, price_prompt
from components.tokenization import load_tokenizer
from tests.support.model_ids import unrevised

pytestmark = pytest.mark.slow  # loads weights

SMOL, GEMMA = "HuggingFaceTB/SmolLM2-135M-Instruct", "google/gemma-3-270m"
LLAMA, QWEN, GPT2 = "meta-llama/Llama-3.1-8B", "Qwen/Qwen2.5-7B", "openai-community/gpt2"
PROMPT = "A lamp of brass, 40 cm high, with a cord of 2 m.\n\nPrice is $"
SOME = [0, 1, 7, 9, 10, 19, 42, 99, 100, 109, 129, 199, 250, 365, 499, 500, 640, 842, 990, 999]
SMALL = {
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 4,
    "max_position_embeddings": 2048,
}


@cache
def token_texts(repo_id: str) -> list[str]:
    tokenizer = load_tokenizer(repo_id)
    before = tokenizer("a", add_special_tokens=False)["input_ids"]
    cut = len(tokenizer.decode(before))
    batch = [[*before, token] for token in range(len(tokenizer))]
    return [text[cut:] for text in tokenizer.batch_decode(batch)]


def with_numbers_likely(
    kind: type[PreTrainedModel], config: PreTrainedConfig, repo_id: str
) -> LocalEngine:
    """A small model of random weights that likes digits, separators and stops."""
    torch.manual_seed(0)
    model = kind(config).eval()
    head = model.get_output_embeddings()
    assert isinstance(head, torch.nn.Linear)
    biased = torch.nn.Linear(head.in_features, head.out_features)
    with torch.no_grad():
        biased.weight.copy_(head.weight)
        biased.bias.zero_()
        for token, text in enumerate(token_texts(repo_id)[: head.out_features]):
            if re.match("[0-9,]", text) or text in (".", "\n", "$"):
                biased.bias[token] = 12.0
    model.set_output_embeddings(biased)
    return LocalEngine(unrevised(f"nobody/{kind.__name__}"), model, load_tokenizer(repo_id))


@cache
def random_engine(name: str) -> LocalEngine:
    repo_id = {"llama": LLAMA, "qwen": QWEN, "gpt2": GPT2, "gemma": GEMMA, "mamba": GPT2}[name]
    size = {
        "vocab_size": len(load_tokenizer(repo_id)),
        "tie_word_embeddings": False,
        "initializer_range": 0.5,
    }
    kinds: dict[str, tuple[type[PreTrainedModel], PreTrainedConfig]] = {
        "llama": (LlamaForCausalLM, LlamaConfig(**SMALL, **size)),
        "qwen": (Qwen2ForCausalLM, Qwen2Config(**SMALL, **size)),
        "gpt2": (
            GPT2LMHeadModel,
            GPT2Config(n_embd=16, n_layer=2, n_head=4, n_positions=2048, **size),
        ),
        "gemma": (
            Gemma3ForCausalLM,
            Gemma3TextConfig(
                **SMALL, **size, sliding_window=8, layer_types=["sliding_attention"] * 2
            ),
        ),
        "mamba": (
            MambaForCausalLM,
            MambaConfig(hidden_size=16, num_hidden_layers=2, state_size=4, **size),
        ),
    }
    return with_numbers_likely(*kinds[name], repo_id)


def one_by_one(
    engine: LocalEngine, prompt: str, numbers: Iterable[int], repo_id: str
) -> tuple[dict[int, float], float]:
    """P(n) of each number as a sequence of its own, and the probability of a digit to begin with.

    The sequence is the prompt, the number and `,`: what comes next after the number, and after
    the separator, is in its last two places.
    """
    tokenizer, texts = engine.tokenizer, token_texts(repo_id)
    digits = [i for i, text in enumerate(texts) if text[:1].isascii() and text[:1].isdigit()]
    joined = [
        i for i, text in enumerate(texts) if text[:1] == "," and text[1:2] in set("0123456789")
    ]
    comma = tokenizer("$1,", add_special_tokens=False)["input_ids"][-1]
    begin = len(tokenizer(prompt)["input_ids"])
    sequences: dict[int, list[list[int]]] = {}
    for number in numbers:
        tokens = tokenizer(f"{prompt}{number}")["input_ids"]
        assert tokens[:begin] == tokenizer(prompt)["input_ids"]
        sequences.setdefault(len(tokens) - begin, []).append([*tokens, comma, number])
    found: dict[int, float] = {}
    starts = math.nan
    for length, rows in sequences.items():
        for first in range(0, len(rows), 40):
            part = torch.tensor(rows[first : first + 40])
            with torch.inference_mode():
                logits = engine.model(
                    input_ids=part[:, :-1], use_cache=False, logits_to_keep=length + 2
                ).logits
                chances = logits.double().softmax(-1)
            for row, number in zip(chances, part[:, -1].tolist(), strict=True):
                *_, tokens = [part[part[:, -1] == number][0, begin:-2]]
                written = math.prod(float(row[place, token]) for place, token in enumerate(tokens))
                goes_on = row[-2, digits].sum() + row[-2, joined].sum()
                goes_on += row[-2, comma] * row[-1, digits].sum()
                found[number] = written * (1 - float(goes_on))
            starts = float(chances[0, 0, digits].sum())
    return found, starts


def agrees(found: PriceDistribution, expected: dict[int, float], within: float = 1e-4) -> None:
    for number, probability in expected.items():
        assert found.probabilities[number] == pytest.approx(probability, abs=within)


def in_full_precision(repo_id: str) -> LocalEngine:
    engine = load_engine(repo_id)
    return LocalEngine(unrevised(repo_id), engine.model.float(), engine.tokenizer)


def test_all_thousand_numbers_are_as_likely_as_each_by_itself(hub):
    engine = in_full_precision(SMOL)
    prompt = "A book: $"
    found = engine.price_distribution(prompt, 0)
    expected, starts = one_by_one(engine, prompt, range(1000), SMOL)
    agrees(found, expected)
    assert found.method == "tree"
    assert found.unexplored == 0
    assert found.overflow == pytest.approx(starts - sum(expected.values()), abs=1e-4)
    assert found.not_a_number == pytest.approx(1 - starts, abs=1e-4)


@pytest.mark.parametrize(
    ("repo_id", "prompt"),
    [
        (SMOL, price_prompt(load_catalogue()["nintendo-switch-2017"].description)),
        (GEMMA, "A used paperback. Price is $"),
    ],
)
def test_a_products_prices_are_as_likely_as_each_by_itself(hub, repo_id, prompt):
    engine = in_full_precision(repo_id)
    found = engine.price_distribution(prompt, 0)
    assert found.method == "tree"
    assert found.probabilities[SOME].sum() > 0.01
    agrees(found, one_by_one(engine, prompt, SOME, repo_id)[0])


@pytest.mark.parametrize("name", ["llama", "qwen", "gpt2", "gemma"])
@pytest.mark.parametrize("prompt", [PROMPT, "Lamp. " * 300 + "\n\nPrice is $"])
def test_every_tokenizer_and_attention_is_right_also_past_windows_and_passes(hub, name, prompt):
    engine = random_engine(name)
    found = engine.price_distribution(prompt, 0)
    repo_id = {"llama": LLAMA, "qwen": QWEN, "gpt2": GPT2, "gemma": GEMMA}[name]
    expected, starts = one_by_one(engine, prompt, SOME, repo_id)
    assert found.method == "tree"
    assert 1e-5 < sum(expected.values()) < 1
    agrees(found, expected, 2e-6)
    assert found.not_a_number == pytest.approx(1 - starts, abs=2e-6)


@pytest.mark.parametrize(
    "kind", ["mistral", "gemma2", "phi", "phi3", "olmo2", "qwen3", "gpt_neox", "cohere2", "gpt_oss"]
)
def test_each_architecture_takes_trees_and_gives_what_it_gives_without(hub, monkeypatch, kind):
    size: dict[str, Any] = {**SMALL, "initializer_range": 0.5}
    size["vocab_size"] = len(load_tokenizer(GPT2))
    if kind in ("mistral", "gemma2", "phi3", "cohere2", "gpt_oss"):
        size["sliding_window"] = 8
    if kind == "gpt_oss":
        size |= {"num_local_experts": 4, "num_experts_per_tok": 2}
    config = CONFIG_MAPPING[kind](**size)
    model: Any = MODEL_FOR_CAUSAL_LM_MAPPING[type(config)]
    engine = with_numbers_likely(model, config, GPT2)
    found = engine.price_distribution(PROMPT, 0)
    monkeypatch.setattr(engine, "_tree_check", lambda *_: TreeCheck(works=False))
    expected = engine.price_distribution(PROMPT, 0)
    assert (found.method, expected.method) == ("tree", "plain")
    assert np.abs(found.probabilities - expected.probabilities).max() < 2e-6
    assert found.overflow == pytest.approx(expected.overflow, abs=1e-5)


def test_a_state_space_model_is_scored_the_plain_way_and_right(hub):
    engine = random_engine("mamba")
    found = engine.price_distribution("Price is $", 0)
    assert found.method == "plain"
    agrees(found, one_by_one(engine, "Price is $", SOME, GPT2)[0], 2e-6)


@pytest.mark.parametrize("fault", ["refuses the mask", "ignores the mask", "ignores positions"])
def test_a_model_that_takes_no_tree_is_scored_the_plain_way_and_right(hub, fault):
    honest = random_engine("gpt2")
    engine = LocalEngine(honest.id, honest.model, honest.tokenizer)

    def tamper(model, arguments, named):
        mask = named.get("attention_mask")
        if mask is not None and mask.ndim == 4:
            if fault == "refuses the mask":
                raise RuntimeError("no mask of four dimensions")
            named["attention_mask" if fault == "ignores the mask" else "position_ids"] = None
        return arguments, named

    hook = engine.model.register_forward_pre_hook(tamper, with_kwargs=True)
    try:
        found = engine.price_distribution(PROMPT, 0)
    finally:
        hook.remove()
    assert found.method == "plain"
    agrees(found, one_by_one(engine, PROMPT, SOME, GPT2)[0], 2e-6)


@pytest.mark.parametrize("repo_id", [SMOL, GEMMA])
def test_sixteen_bits_are_within_a_fiftieth_of_thirty_two(hub, repo_id):
    """Total variation 0.02 at most; 0.007 to 0.010 was seen on six products."""
    engine = load_engine(repo_id)
    half = LocalEngine(unrevised(repo_id, "bfloat16"), engine.model.bfloat16(), engine.tokenizer)
    # The shortest of the catalogue: 16 bits are slow where the processor has none.
    description = min((p.description for p in load_catalogue().values()), key=len)
    prompt = price_prompt(description)
    rough = half.price_distribution(prompt, 0.05)
    assert rough.method == "tree"
    exact = in_full_precision(repo_id).price_distribution(prompt, 0.05)
    distance = np.abs(rough.probabilities - exact.probabilities).sum()
    distance += abs(rough.overflow - exact.overflow) + abs(rough.not_a_number - exact.not_a_number)
    assert distance / 2 < 0.02


@settings(max_examples=6)
@given(st.text(max_size=60), st.sampled_from(["llama", "gpt2"]))
def test_parts_sum_to_one_and_less_is_unexplored_at_a_smaller_tolerance(description, name):
    engine = random_engine(name)
    before, scored = 1.0, 0
    for tolerance in (0.3, 0.03, 0):
        found = engine.price_distribution(price_prompt(description), tolerance)
        rest = found.overflow + found.not_a_number + found.unexplored
        assert found.probabilities.sum() + rest == pytest.approx(1, abs=1e-9)
        assert found.probabilities.min() >= 0
        assert found.unexplored <= min(tolerance, before)
        assert found.tokens >= scored
        before, scored = found.unexplored, found.tokens


def test_a_stop_ends_the_run_before_the_next_pass(hub):
    engine = random_engine("gpt2")
    engine.price_distribution(PROMPT)
    passes: list[int] = []
    hook = engine.model.register_forward_pre_hook(lambda *_: passes.append(1))

    def listen(progress: Progress) -> None:
        if progress.done > 0:
            control.stop()

    control = Control(listen)

    try:
        with pytest.raises(StoppedError):
            engine.price_distribution(PROMPT, 0, control)
        assert len(passes) == 1
        with pytest.raises(StoppedError):
            engine.price_distribution(PROMPT, 0, control)
        assert len(passes) == 1
    finally:
        hook.remove()


class LeaveError(BaseException):
    """As Streamlit interrupts a page: no Exception."""


@pytest.mark.parametrize("name", ["gpt2", "mamba"])
def test_a_listener_is_called_before_each_pass_and_can_end_the_run_at_any(hub, name):
    known = random_engine(name)
    engine = LocalEngine(known.id, known.model, known.tokenizer)
    reports: list[Progress] = []
    passes: list[int] = []
    hook = engine.model.register_forward_pre_hook(lambda *_: passes.append(len(reports)))

    def listen(progress: Progress) -> None:
        reports.append(progress)
        if len(reports) == last:
            raise LeaveError

    try:
        last = 0
        engine.price_distribution(PROMPT, control=Control(listen))
        assert passes == sorted(set(passes))  # there was a report since the pass before
        checking = [progress.total is None for progress in reports]
        checked = checking.count(True)
        assert checking[:checked] == [True] * checked
        assert checked > 0
        for last in (1, checked, checked + 2):
            engine = LocalEngine(known.id, known.model, known.tokenizer)
            reports.clear()
            passes.clear()
            with pytest.raises(LeaveError):
                engine.price_distribution(PROMPT, control=Control(listen))
            assert len(passes) < last
    finally:
        hook.remove()


def test_a_stop_while_the_model_is_checked_decides_nothing_about_it(hub):
    honest = random_engine("gpt2")
    engine = LocalEngine(honest.id, honest.model, honest.tokenizer)
    control = Control()
    control.stop()
    with pytest.raises(StoppedError):
        engine.price_distribution(PROMPT, control=control)
    assert engine.price_distribution(PROMPT).method == "tree"


def test_a_run_leaves_no_tensor_behind(hub):
    engine = random_engine("gpt2")

    def held() -> int:
        gc.collect()
        return sum(thing.numel() for thing in gc.get_objects() if isinstance(thing, torch.Tensor))

    engine.price_distribution(PROMPT)
    before = held()
    engine.price_distribution(PROMPT, 0)
    assert held() == before


@pytest.mark.parametrize("prompt", ["", "  \n"])
def test_an_empty_prompt_is_refused(hub, prompt):
    with pytest.raises(EngineError, match="empty"):
        random_engine("gpt2").price_distribution(prompt)


def test_a_prompt_past_the_models_context_is_refused_with_figures(hub):
    with pytest.raises(EngineError, match=r"reads 2,048 at most"):
        random_engine("gpt2").price_distribution("9 " * 3000)


@pytest.mark.parametrize(
    "description",
    [
        "",
        "ブランド物の財布、黒、二つ折り",
        "محفظة جلدية سوداء",
        "👩‍👩‍👧‍👦 🇫🇷 \u202e\u0000\ufeff",
        "<bos><eos><|endoftext|><|im_start|>system",
        "Price is $5\n\nPrice is $",
        "e\u0301" * 40,
        "9" * 400,
    ],
)
@pytest.mark.parametrize("name", ["llama", "gpt2", "gemma"])
def test_any_description_is_priced(hub, name, description):
    found = random_engine(name).price_distribution(price_prompt(description), 0.1)
    rest = found.overflow + found.not_a_number + found.unexplored
    assert found.probabilities.sum() + rest == pytest.approx(1, abs=1e-9)


def test_a_model_that_fails_says_so_with_a_way_out(hub):
    honest = random_engine("gpt2")
    engine = LocalEngine(honest.id, honest.model, honest.tokenizer)

    def fail(*_: object) -> None:
        raise RuntimeError("can't allocate memory")

    hook = engine.model.register_forward_pre_hook(fail)
    try:
        with pytest.raises(EngineError, match="can't allocate memory"):
            engine.price_distribution(PROMPT)
    finally:
        hook.remove()


def test_a_model_whose_logits_are_no_numbers_is_refused(hub):
    honest = random_engine("gpt2")
    engine = LocalEngine(honest.id, honest.model, honest.tokenizer)
    head = engine.model.get_output_embeddings()
    assert head is not None
    hook = head.register_forward_hook(lambda module, inputs, logits: logits * math.nan)
    try:
        with pytest.raises(EngineError, match="no numbers"):
            engine.price_distribution(PROMPT)
    finally:
        hook.remove()


def test_many_visitors_of_two_models_each_get_their_own_answer(hub):
    engines = [random_engine("gpt2"), random_engine("llama")]
    prompts = [f"A chair of oak, number {n}.\n\nPrice is $" for n in range(5)]
    alone = {
        (engine.id.repo_id, prompt): engine.price_distribution(prompt)
        for engine in engines
        for prompt in prompts
    }
    together: list[tuple[tuple[str, str], PriceDistribution]] = []

    def visit(engine: LocalEngine, prompt: str) -> None:
        together.append(((engine.id.repo_id, prompt), engine.price_distribution(prompt)))

    threads = [
        threading.Thread(target=visit, args=(engine, prompt))
        for engine in engines
        for prompt in prompts * 2
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(together) == 20
    for asked, found in together:
        assert np.allclose(found.probabilities, alone[asked].probabilities, atol=1e-9)
        assert found.passes == alone[asked].passes
