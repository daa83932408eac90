"""A real vLLM as an engine, against the same weights here in fp32: make test-servers."""

import os
from collections.abc import Iterator
from typing import Any

import pytest

from benchmarks.vllm_server import ALIAS, running_vllm
from components.assets import fetch_weights
from components.control import Control
from components.endpoints import Endpoint
from components.engines import (
    Connections,
    LocalEngine,
    ServerEngine,
    load_engine,
    price_distribution,
)
from components.engines.server.dialects import CompletionsDialect, VllmDialect
from components.errors import EndpointError
from components.registry import load_registry
from tests.support.llama_models import SMOL
from tests.support.server_contract import (
    check_continuation,
    check_likelihood,
    check_prices,
    priced_here,
    prompts,
    total_variation,
)

KEY = "sk-secret-0123456789"


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    registry = load_registry()
    folder = fetch_weights(registry.get(SMOL), registry).folder
    log = tmp_path_factory.mktemp("vllm") / "server.log"
    with running_vllm(os.environ["VLLM_PYTHON"], folder, log, key=KEY) as server:
        given: dict[str, Any] = {"url": server.url, "model": ALIAS, "hub_id": SMOL, "key": KEY}
        yield Endpoint(name="box", **given)


@pytest.fixture
def engine(endpoint: Endpoint) -> ServerEngine:
    return Connections({"box": endpoint}).engine("box", Control())


@pytest.fixture
def local(monkeypatch: pytest.MonkeyPatch) -> LocalEngine:
    monkeypatch.setenv("BASEWISE_DTYPE", "float32")
    return load_engine(SMOL)


def test_prices_are_those_of_the_same_weights_here_but_for_what_is_unexplored(engine, local):
    assert isinstance(engine.dialect, VllmDialect)
    check_prices(engine, local, count=2, tolerance=0.1, apart=0.0005)


def test_all_of_a_distribution_is_the_same_within_rounding(engine, local):
    prompt = "Price is $"
    exact, found = price_distribution(local, prompt, 0), price_distribution(engine, prompt, 0)
    assert found.unexplored == 0
    distance = total_variation(exact, found)
    print(f"total variation {distance:.6f}")
    assert distance <= 0.0005


def test_continuation_and_likelihood_are_those_of_the_same_weights_here(engine, local):
    check_continuation(engine, local)
    check_likelihood(engine, local, "A desk lamp of brass, 40 cm high.")


@pytest.mark.parametrize("limit", [5, 20])
def test_what_few_likeliest_tokens_leave_out_is_unexplored(engine, local, limit):
    few = ServerEngine(engine.id, engine.client, CompletionsDialect(ALIAS, limit), engine.tokenizer)
    prompt = prompts(1)[0]
    exact, found = priced_here(local, prompt), price_distribution(few, prompt, 0.2)
    assert found.unexplored >= exact.probabilities.sum() - found.probabilities.sum() - 1e-3
    assert found.not_a_number <= exact.not_a_number + 1e-3


def test_a_wrong_key_is_refused(endpoint):
    wrong = endpoint.model_copy(update={"key": None})
    with pytest.raises(EndpointError, match="refuses the key"):
        Connections({"box": wrong}).engine("box", Control())
