"""llama.cpp's real server as an engine, against the same weights on this machine in fp32."""

import threading

import numpy as np
import pytest

from components.control import Control
from components.engines import Connections, TextLikelihood, price_distribution
from components.engines.server.client import Client
from components.engines.server.dialects import CompletionsDialect, LlamaCppDialect
from components.engines.server.engine import ServerEngine
from components.evaluation import InferenceSettings, Item, evaluate
from tests.support.fault_proxy import fault_proxy
from tests.support.llama_models import LLAMA, SMOL
from tests.support.server_contract import (
    check_continuation,
    check_prices,
    priced_here,
    prompts,
    total_variation,
)

pytestmark = pytest.mark.slow


def connected(endpoint) -> ServerEngine:
    return Connections({endpoint.name: endpoint}).engine(endpoint.name, Control())


@pytest.mark.parametrize("repo_id", [SMOL, LLAMA])
def test_prices_are_those_of_the_same_weights_here_but_for_what_is_unexplored(
    hub, llama_servers, endpoint, repo_id
):
    engine = connected(endpoint(repo_id))
    assert isinstance(engine.dialect, LlamaCppDialect)
    local = llama_servers.model(repo_id).engine
    distances = check_prices(engine, local, count=10, tolerance=0.0005, apart=0.002)
    print(f"{repo_id}: total variation {max(distances):.5f} at most")


def test_the_continuation_is_that_of_the_same_weights_here(hub, llama_servers, endpoint):
    check_continuation(connected(endpoint(SMOL)), llama_servers.model(SMOL).engine)


def test_what_answers_is_said_and_what_it_does_not_tell_is_not_made_up(hub, endpoint):
    engine = connected(endpoint(SMOL))
    assert engine.id.key == f"{SMOL}:box"
    assert (engine.id.engine, engine.id.endpoint) == ("llama.cpp", "box")
    assert engine.id.precision == "all F32"
    assert "llama.cpp" in engine.id.describe()
    assert not isinstance(engine, TextLikelihood)


def test_the_same_server_is_the_same_model_again(hub, endpoint):
    assert connected(endpoint(SMOL)).id == connected(endpoint(SMOL)).id


@pytest.mark.parametrize("limit", [5, 20])
def test_what_few_likeliest_tokens_leave_out_is_unexplored_and_never_no_number(
    hub, llama_servers, endpoint, limit
):
    class Few(LlamaCppDialect):
        likeliest = limit
        completes = False

    whole = connected(endpoint(LLAMA))
    few = ServerEngine(whole.id, whole.client, Few(whole.dialect.model), whole.tokenizer)
    local = llama_servers.model(LLAMA).engine
    for prompt in prompts(10)[:2]:
        exact, found = priced_here(local, prompt), price_distribution(few, prompt, 0)
        missing = exact.probabilities.sum() - found.probabilities.sum()
        assert found.unexplored >= missing - 5e-4
        assert found.unexplored >= total_variation(exact, found) - 5e-4
        assert found.untold == pytest.approx(found.unexplored, abs=1e-6)
        assert found.not_a_number <= exact.not_a_number + 5e-4


def test_twenty_visitors_get_their_own_answers_over_few_connections(hub, endpoint, llama_servers):
    with fault_proxy(llama_servers.url(SMOL)) as proxy:
        engine = connected(endpoint(SMOL, url=proxy.url, concurrency=3))
        asked = prompts(4)
        alone = [price_distribution(engine, prompt, 0.05) for prompt in asked]
        found: dict[int, np.ndarray] = {}

        def visit(visitor: int) -> None:
            item = Item(str(visitor), asked[visitor % 4])
            settings = InferenceSettings(0.05, continuation="none")
            found[visitor] = evaluate(engine, item, settings).distribution.probabilities

        threads = [threading.Thread(target=visit, args=(visitor,)) for visitor in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(found) == 20
        for visitor, probabilities in found.items():
            assert np.allclose(probabilities, alone[visitor % 4].probabilities, atol=1e-4)
        assert proxy.most_open <= 3


def test_tokens_named_by_texts_that_several_share_are_refused_and_others_read():
    dialect = CompletionsDialect("m", 5, {"1": 7, "2": 8})
    answer = {"choices": [{"index": 0, "logprobs": {"top_logprobs": [{"1": -1.0, " x": -2.0}]}}]}
    assert dialect.read_top(answer) == {7: pytest.approx(np.exp(-1.0))}


def test_a_client_counts_what_it_sends(hub, endpoint):
    engine = connected(endpoint(SMOL))
    before = engine.client.requests
    found = price_distribution(engine, prompts(1)[0], 0.01)
    assert engine.client.requests - before == found.passes
    assert isinstance(engine.client, Client)
