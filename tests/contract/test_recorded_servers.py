"""Servers that CI can't start, by answers recorded from real ones."""

import re
from typing import Any

import pytest

from components.control import Control
from components.endpoints import Endpoint
from components.engines import (
    Connections,
    TextLikelihood,
    load_engine,
    price_distribution,
    prompt_scorer,
)
from components.engines.server.client import Client
from components.engines.server.dialect import Dialect
from components.engines.server.dialects import SglangDialect, VllmDialect
from components.engines.server.engine import ReadingServerEngine
from components.engines.server.probes import look
from tests.support.recorded_server import FOLDER, PROMPT, TEXT, TOKENS, TOLERANCE, recorded_server
from tests.support.server_contract import total_variation

pytestmark = pytest.mark.slow

VLLM, SGLANG = "vllm-0.32.0", "sglang-0.5.23"


@pytest.mark.parametrize(
    ("name", "dialect", "reads_texts"),
    [(VLLM, VllmDialect, True), (SGLANG, SglangDialect, False)],
)
def test_a_servers_recorded_answers_give_what_the_same_weights_give_here(
    hub, monkeypatch, empty_canaries, name: str, dialect: type[Dialect], reads_texts: bool
):
    monkeypatch.setenv("BASEWISE_DTYPE", "float32")
    with recorded_server(name) as (proxy, about):
        given: dict[str, Any] = {"url": proxy.url, **{k: about[k] for k in ("model", "hub_id")}}
        endpoint = Endpoint(name="recorded", concurrency=1, **given)
        engine = Connections({"recorded": endpoint}).engine("recorded", Control())
        assert isinstance(engine, ReadingServerEngine) == reads_texts
        assert isinstance(engine.dialect, dialect)
        assert f"{engine.id.engine} {engine.id.revision}" == about["server"]
        local = load_engine(about["hub_id"])
        found = price_distribution(engine, PROMPT, TOLERANCE)
        assert found.untold == 0
        assert found.passes == about["told"]["requests"]
        asked = prompt_scorer(local, PROMPT, Control())
        asked.scorer.prefetched = ()  # the same nodes as there, and no others
        here = asked.walk(TOLERANCE, Control())
        assert total_variation(here, found) <= 0.0005
        theirs = {token.text: token.probability for token in found.first_tokens[:10]}
        ours = {token.text: token.probability for token in here.first_tokens}
        assert theirs == pytest.approx({text: ours[text] for text in theirs}, abs=1e-3)
        continuation = "".join(engine.stream(PROMPT, TOKENS, Control()))
        assert (
            continuation == "".join(local.stream(PROMPT, TOKENS)) == about["told"]["continuation"]
        )
        assert isinstance(engine, TextLikelihood) == reads_texts
        if isinstance(engine, TextLikelihood):
            assert engine.log_likelihood(TEXT, Control()) == pytest.approx(
                local.log_likelihood(TEXT, Control()), rel=1e-4
            )


@pytest.mark.parametrize(("name", "longest"), [(VLLM, 2048), (SGLANG, 2041)])
def test_no_prompt_is_longer_than_what_the_server_takes_of_its_context(name, longest):
    with recorded_server(name) as (proxy, about):
        given: dict[str, Any] = {"url": proxy.url, **{k: about[k] for k in ("model", "hub_id")}}
        assert look(Client(Endpoint(name="recorded", **given)), Control()).longest == longest


@pytest.mark.parametrize("name", [VLLM, SGLANG])
def test_a_record_holds_neither_a_servers_key_nor_a_folder_of_its_machine(name):
    written = (FOLDER / f"{name}.json").read_text(encoding="utf-8")
    assert not re.search(r'api_key|launch_command|_path"|Bearer|"root": "/', written)


@pytest.fixture
def empty_canaries(tmp_path, monkeypatch):
    """No server is known from before."""
    monkeypatch.setattr("components.engines.server.canaries.cache_root", lambda: tmp_path)
