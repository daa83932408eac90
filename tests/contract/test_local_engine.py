"""The local engine: against transformers' own generation, and with real small models."""

import threading
from functools import cache
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedModel

from components.control import Control
from components.engines import (
    EnginePool,
    LocalEngine,
    Precision,
    fetch_engine,
    load_engine,
    open_engine,
    price_distribution,
)
from components.errors import EngineError
from components.pricing import load_catalogue, price_prompt, read_price
from components.tokenization import load_tokenizer
from tests.support.model_ids import unrevised

pytestmark = pytest.mark.slow  # loads weights

SMOL, GEMMA = "HuggingFaceTB/SmolLM2-135M-Instruct", "google/gemma-3-270m"
PRECISIONS: list[Precision] = ["native", "4-bit"]
PROMPTS = ["Price is $", "The capital of France is", "日本語の", "def f(x):\n    return"]


@cache
def random_engine() -> LocalEngine:
    """A small model of random weights with GPT-2's real tokenizer: it writes any bytes."""
    tokenizer = load_tokenizer("openai-community/gpt2")
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        eos_token_id=len(tokenizer) - 1,
        initializer_range=0.5,
    )
    return LocalEngine(unrevised("nobody/random"), LlamaForCausalLM(config).eval(), tokenizer)


def generated(engine: LocalEngine, prompt: str, tokens: int) -> str:
    """What transformers' own greedy generation adds to the prompt."""
    inputs = engine.tokenizer(prompt, return_tensors="pt")
    with torch.inference_mode():
        generate: Any = engine.model.generate
        output = generate(**inputs, max_new_tokens=tokens, do_sample=False)
    whole = engine.tokenizer.decode(output[0], skip_special_tokens=True)
    before = engine.tokenizer.decode(inputs["input_ids"][0], skip_special_tokens=True)
    assert isinstance(whole, str)
    assert isinstance(before, str)
    return whole[len(before) :]


@pytest.mark.parametrize("prompt", PROMPTS)
def test_the_stream_joins_to_what_transformers_generates(prompt):
    engine = random_engine()
    pieces = list(engine.stream(prompt, max_new_tokens=24))
    assert len(pieces) > 1
    assert "".join(pieces) == generated(engine, prompt, 24)


@pytest.mark.parametrize("repo_id", [SMOL, GEMMA])
def test_a_real_model_continues_as_transformers_generates(hub, repo_id):
    engine = load_engine(repo_id)
    prompt = price_prompt(load_catalogue()["nintendo-switch-2017"].description)
    continuation = "".join(engine.stream(prompt, max_new_tokens=12))
    assert continuation == generated(engine, prompt, 12)
    assert read_price(continuation) is not None
    assert engine.id.repo_id == repo_id


def test_gemma_reads_its_prompt_with_bos_first(hub):
    engine = load_engine(GEMMA)
    assert engine.tokenizer("Price is $")["input_ids"][0] == engine.tokenizer.bos_token_id == 2


def test_a_stream_that_is_closed_runs_the_model_no_more():
    engine = random_engine()
    passes = []
    hook = engine.model.register_forward_pre_hook(lambda *_: passes.append(1))
    try:
        stream = engine.stream("Price is $", max_new_tokens=1000)
        next(stream)
        stream.close()
        done = len(passes)
        assert list(stream) == []
        assert len(passes) == done < 10
    finally:
        hook.remove()


def test_models_loaded_at_once_leave_nothing_behind_in_transformers(hub):
    tie_weights, dtype = PreTrainedModel.tie_weights, torch.get_default_dtype()
    for _ in range(3):
        threads = [threading.Thread(target=load_engine, args=(model,)) for model in (SMOL, GEMMA)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert PreTrainedModel.tie_weights is tie_weights
    assert torch.get_default_dtype() == dtype


def test_a_prompt_longer_than_the_models_context_is_refused_with_figures():
    engine = random_engine()
    with pytest.raises(EngineError, match=r"reads 2,048 at most"):
        next(engine.stream("9 " * 3000))


def test_weights_with_a_tensor_missing_are_refused_rather_than_random(hub, empty_cache, tmp_path):
    engine = random_engine()
    engine.model.save_pretrained(tmp_path)
    tensors = load_file(tmp_path / "model.safetensors")
    del tensors["model.layers.1.mlp.up_proj.weight"]
    save_file(tensors, tmp_path / "model.safetensors", metadata={"format": "pt"})
    files = {name: (tmp_path / name).read_bytes() for name in ("config.json", "model.safetensors")}
    tokenizer = engine.tokenizer.backend_tokenizer.to_str().encode()
    hub.add_repo("nobody/part", {**files, "tokenizer.json": tokenizer})
    with pytest.raises(EngineError, match="would be random"):
        load_engine("nobody/part")


def test_visitors_at_once_take_turns_and_get_their_own_text():
    engine = random_engine()
    alone = {prompt: "".join(engine.stream(prompt)) for prompt in PROMPTS}
    together: dict[str, str] = {}

    def visit(prompt: str) -> None:
        together[prompt] = "".join(engine.stream(prompt))

    threads = [threading.Thread(target=visit, args=(prompt,)) for prompt in PROMPTS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == alone


def test_the_stream_ends_at_the_end_of_text():
    engine = random_engine()
    first = engine.tokenizer("".join(engine.stream("Price is $", max_new_tokens=1)))
    end = first["input_ids"][0]
    generation_config = engine.model.generation_config
    assert generation_config is not None
    before, generation_config.eos_token_id = generation_config.eos_token_id, [end]
    try:
        assert list(engine.stream("Price is $")) == []
    finally:
        generation_config.eos_token_id = before


def test_a_model_larger_than_the_machine_is_refused_before_anything_is_fetched(hub):
    with pytest.raises(EngineError, match=r"needs about 1677\.5 GB of memory"):
        load_engine("deepseek-ai/DeepSeek-V3-Base")
    assert hub.requests == []


def test_an_unlisted_model_larger_than_the_machine_is_refused_by_the_hubs_count(hub, empty_cache):
    hub.add_repo("acme/giant", {"config.json": b"{}"}, parameters=900_000_000_000)
    with pytest.raises(EngineError, match=r"needs about 2250\.0 GB of memory"):
        load_engine("acme/giant")
    assert not hub.asked_for("config.json")


@pytest.mark.parametrize("asked", ["float32", "bfloat16"])
def test_the_precision_asked_for_is_the_one_used_and_told(hub, monkeypatch, asked):
    monkeypatch.setenv("BASEWISE_DTYPE", asked)
    engine = load_engine(SMOL)
    assert engine.model.dtype == getattr(torch, asked)
    assert engine.id.precision == asked


def with_free_memory(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    memory = SimpleNamespace(total=8 * 10**9, available=free)
    monkeypatch.setattr("components.engines.local.memory.psutil.virtual_memory", lambda: memory)


def test_a_model_that_would_fit_in_four_bit_is_refused_with_that_way_out(hub, monkeypatch):
    with_free_memory(monkeypatch, 200_000_000)
    monkeypatch.setenv("BASEWISE_DTYPE", "bfloat16")
    with pytest.raises(EngineError, match=r"needs about 0\.3 GB .* 0\.2 GB are free") as caught:
        load_engine(SMOL)
    assert "“Weights in 4 bit” on (about 0.1 GB)" in caught.value.way_out
    model_id = load_engine(SMOL, precision="4-bit").id
    assert (model_id.precision, model_id.quantization) == ("bfloat16", "Q4_1, then NF4")


def test_a_model_that_fits_in_no_way_is_not_told_to_take_four_bit(hub, monkeypatch):
    with_free_memory(monkeypatch, 100_000_000)
    for precision in PRECISIONS:
        with pytest.raises(EngineError, match="are free") as caught:
            load_engine(SMOL, precision=precision)
        assert "4 bit" not in caught.value.way_out
        assert "smaller model" in caught.value.way_out


@pytest.mark.parametrize("repo_id", [SMOL, GEMMA])
def test_four_bits_take_less_memory_and_answer_much_the_same(hub, repo_id):
    found, sizes = [], []
    for precision in PRECISIONS:
        engine = load_engine(repo_id, precision=precision)
        sizes.append(engine.model.get_memory_footprint() / engine.model.dtype.itemsize)
        found.append(engine.price_distribution("A used paperback. Price is $", 0.2))
    assert sizes[1] < 0.75 * sizes[0]
    whole, quantized = found
    assert quantized.method == "tree"
    assert quantized.not_a_number == pytest.approx(whole.not_a_number, abs=0.2)
    assert 0.01 < abs(quantized.probabilities - whole.probabilities).sum() / 2 < 0.5


def test_twenty_visitors_of_two_models_get_their_own_answers_and_two_models_stay(hub):
    asked = [
        (repo_id, f"{product.title}. Price is $")
        for product in list(load_catalogue().values())[:10]
        for repo_id in (SMOL, GEMMA)
    ]
    pool = EnginePool(2)
    files = {repo_id: fetch_engine(repo_id) for repo_id in (SMOL, GEMMA)}
    answers: dict[tuple[str, str], float] = {}

    def visit(repo_id: str, prompt: str) -> None:
        pooled = pool.get(files[repo_id].id, lambda: open_engine(files[repo_id]))
        with pooled.queue.place(Control()):
            answers[repo_id, prompt] = price_distribution(pooled.engine, prompt, 0.5).mean

    threads = [threading.Thread(target=visit, args=pair) for pair in asked]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(answers) == set(asked)
    assert set(pool.resident()) == {files[repo_id].id for repo_id in (SMOL, GEMMA)}
    for repo_id, prompt in asked[:4]:
        alone = pool.get(files[repo_id].id, lambda: load_engine("never/loaded")).engine
        assert price_distribution(alone, prompt, 0.5).mean == pytest.approx(
            answers[repo_id, prompt]
        )


def test_weights_of_no_known_architecture_are_refused_and_no_code_is_fetched(hub, empty_cache):
    tokenizer = random_engine().tokenizer.backend_tokenizer.to_str().encode()
    hub.add_repo(
        "nobody/made-up",
        {
            "config.json": b'{"model_type": "made_up", "auto_map": {"AutoConfig": "code.Config"}}',
            "model.safetensors": b"\x08\x00\x00\x00\x00\x00\x00\x00{}      ",
            "tokenizer.json": tokenizer,
            "code.py": b"raise SystemExit",
        },
    )
    with pytest.raises(EngineError, match="is of the type 'made_up', which transformers"):
        load_engine("nobody/made-up")
    assert not any("code.py" in path for _, path, _ in hub.requests)
