"""Log-likelihoods and features of the local engine, against the plainest way to compute them."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from components.control import Control
from components.engines import LocalEngine, PromptFeatures, TextLikelihood, load_engine
from components.engines.local import scorers
from components.engines.local.scorers import PlainScorer, TreeScorer
from components.engines.local.text_passes import rolling_windows
from components.engines.local.tree_check import TreeCheck
from components.errors import EngineError, StoppedError
from components.evaluation import InferenceSettings, Item, evaluate
from components.pricing import load_catalogue, price_prompt
from components.settings import load_settings
from tests.contract.test_local_engine import random_engine

TEXT = load_catalogue()["nintendo-switch-2017"].description


def harness_windows(tokens: list[int], prefix: int, longest: int) -> list[tuple[list, list]]:
    """What lm-evaluation-harness 0.4 makes of a text: `get_rolling_token_windows` with a context
    of one token, each through `make_disjoint_window`, then cut as `_loglikelihood_tokens` does."""
    windows = []
    first = min(longest, len(tokens))
    pairs = [([prefix, *tokens[: first - 1]], tokens[:first])] if tokens else []
    done = first
    while done < len(tokens):
        size = min(len(tokens) - done, longest)
        end = done + size
        pairs.append((tokens[end - longest - 1 : end - 1], tokens[end - size : end]))
        done = end
    for context, predicted in pairs:
        context = context[: len(context) - (len(predicted) - 1)]
        windows.append(((context + predicted)[-(longest + 1) :][:-1], predicted))
    return windows


@pytest.mark.parametrize("length", [0, 1, 4, 5, 6, 9, 10, 11, 23])
def test_texts_are_cut_as_lm_evaluation_harness_cuts_them(length):
    tokens = list(range(100, 100 + length))
    ours = [tuple(window) for window in rolling_windows(tokens, 7, 5)]
    assert ours == harness_windows(tokens, 7, 5)
    assert [token for _, predicted in ours for token in predicted] == tokens


def directly(engine: LocalEngine, windows: list[tuple[list, list]]) -> float:
    """The sum of log-probabilities, each token by a softmax over a pass of its own."""
    total = 0.0
    for tokens, predicted in windows:
        for place, token in enumerate(predicted, start=len(tokens) - len(predicted) + 1):
            with torch.inference_mode():
                logits = engine.model(input_ids=torch.tensor([tokens[:place]])).logits[0, -1]
            total += float(logits.double().log_softmax(-1)[token])
    return total


@pytest.mark.parametrize("longest", [2048, 16])
def test_the_log_likelihood_is_the_sum_over_single_tokens_in_one_window_or_several(
    longest, monkeypatch
):
    engine = random_engine()
    monkeypatch.setattr(engine.model.config, "max_position_embeddings", longest)
    text = TEXT[:240]
    tokens = engine.tokenizer(text)["input_ids"]
    prefix = engine.tokenizer.bos_token_id
    assert isinstance(prefix, int)
    expected = directly(engine, harness_windows(tokens, prefix, longest))
    assert len(tokens) > 2 * 16
    assert engine.log_likelihood(text, Control()) == pytest.approx(expected, abs=1e-3)


def test_a_text_without_tokens_is_certain():
    assert random_engine().log_likelihood("", Control()) == 0


def test_features_are_averaged_over_layers_of_equal_size_in_16_bits():
    engine = random_engine()
    prompt = price_prompt(TEXT)
    features = engine.prompt_features(prompt, Control())
    ids = torch.tensor([engine.tokenizer(prompt)["input_ids"]])
    with torch.inference_mode():
        states = engine.model(input_ids=ids, output_hidden_states=True).hidden_states
    scaled = [state[0] / (state[0] ** 2).mean(-1, keepdim=True).sqrt() for state in states]
    average = torch.stack(scaled).mean(0).numpy()
    assert features.dtype == np.float16
    assert features.shape == (2, 32)
    assert features[0] == pytest.approx(average[-1], abs=2e-3)
    assert features[1] == pytest.approx(average.mean(axis=0), abs=2e-3)


@pytest.mark.parametrize("pass_tokens", [512, 16])
@pytest.mark.parametrize("kind", [TreeScorer, PlainScorer])
def test_the_passes_of_a_distribution_keep_the_features_of_the_prompts_own_pass(
    kind, pass_tokens, monkeypatch
):
    engine, item = random_engine(), Item("switch", price_prompt(TEXT[:300]))
    monkeypatch.setattr(scorers, "_PASS_TOKENS", pass_tokens)
    monkeypatch.setattr(scorers, "_LEAST_TOKENS", pass_tokens)
    monkeypatch.setattr(
        engine, "_tree_check", lambda *_: TreeCheck(works=kind is TreeScorer, reason="asked for")
    )
    settings = InferenceSettings(tolerance=0.5, continuation="none")
    assert evaluate(engine, item, settings).features is None
    found = evaluate(engine, item, settings, features=True)
    assert found.distribution.method == kind.method
    assert found.features is not None
    assert found.features.dtype == np.float16
    assert found.features == pytest.approx(engine.prompt_features(item.prompt, Control()), abs=2e-3)


def test_a_model_without_hidden_states_of_one_size_is_priced_without_features(monkeypatch):
    engine, item = random_engine(), Item("switch", price_prompt(TEXT[:300]))
    forward = engine.model.forward

    def with_odd_states(*args: Any, **inputs: Any) -> Any:
        output = forward(*args, **inputs)
        if inputs.get("output_hidden_states"):
            states = output.hidden_states
            output.hidden_states = (states[0][..., :8], *states[1:])
        return output

    monkeypatch.setattr(engine.model, "forward", with_odd_states)
    settings = InferenceSettings(tolerance=0.5, continuation="none")
    prediction = evaluate(engine, item, settings, features=True)
    assert prediction.features is None
    assert prediction.finished
    with pytest.raises(EngineError, match="no hidden states of one size"):
        engine.prompt_features(item.prompt, Control())


def test_a_local_engine_tells_both_and_a_stop_ends_them():
    engine = random_engine()
    assert isinstance(engine, TextLikelihood)
    assert isinstance(engine, PromptFeatures)
    control = Control()
    control.stop()
    with pytest.raises(StoppedError):
        engine.log_likelihood("a lamp", control)
    with pytest.raises(StoppedError):
        engine.prompt_features("a lamp", control)


def test_a_prompt_longer_than_the_models_context_has_no_features():
    with pytest.raises(EngineError, match="reads 2,048 at most"):
        random_engine().prompt_features("9 " * 3000, Control())


@pytest.mark.slow
def test_of_a_real_model_the_log_likelihood_is_transformers_own_loss(hub):
    engine = load_engine("HuggingFaceTB/SmolLM2-135M-Instruct")
    ids = [engine.tokenizer.bos_token_id, *engine.tokenizer(TEXT)["input_ids"]]
    tokens = torch.tensor([ids])
    with torch.inference_mode():
        loss = float(engine.model(input_ids=tokens, labels=tokens).loss)
    told = engine.log_likelihood(TEXT, Control())
    assert told == pytest.approx(-loss * (len(ids) - 1), rel=1e-4)
    assert 0.5 < -told / math.log(2) / len(TEXT.encode()) < 1.5


RECORDED = json.loads(
    Path(__file__).with_name("recorded").joinpath("rolling_likelihoods.json").read_text("utf-8")
)


@pytest.mark.parametrize("repo_id", RECORDED["models"])
def test_bits_per_byte_are_those_that_lm_evaluation_harness_told(repo_id, monkeypatch):
    """Its own `loglikelihood_rolling`, recorded by recorded/rolling_likelihoods.py."""
    monkeypatch.setenv("BASEWISE_DTYPE", "float32")
    load_settings.cache_clear()
    engine = load_engine(repo_id)
    text_config = engine.model.config.get_text_config()
    for window, by_text in RECORDED["models"][repo_id].items():
        monkeypatch.setattr(text_config, "max_position_embeddings", int(window))
        for name, theirs in by_text.items():
            text = load_catalogue()[name].description
            ours = engine.log_likelihood(text, Control())
            size = len(text.encode()) * math.log(2)
            assert ours / size == pytest.approx(theirs / size, abs=1e-3)
