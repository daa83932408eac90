"""Many visitors at once, in a short form: `python -m tests.load` has the long ones."""

import asyncio
import urllib.request
from collections.abc import Iterator

import pytest

from benchmarks.serving import Server, hosted_server
from components.assets import cache_root
from tests.load.scenarios import Memory, ask, ask_at_once, products, read_tables, settings, tour
from tests.support import event_loop
from tests.support.loopback_hub import LoopbackHub
from tests.support.small_repositories import add, repository, small_llama

MODELS = ("acme/one", "acme/two")
MOST_BYTES = 3_000_000_000
# No answer is there a second time: what is asked again is computed again.
FORGETFUL = {"BASEWISE_ANSWERS": "1", "BASEWISE_STORED_ANSWERS": "1"}


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Server]:
    """It has two models that answer differently."""
    folder, hub = tmp_path_factory.mktemp("load"), LoopbackHub()
    for repo_id, spread in zip(MODELS, (0.2, 0.4), strict=True):
        model = small_llama(max_position_embeddings=4096, initializer_range=spread)
        add(hub, repo_id, repository(model))
    told = settings(hub, folder, cache_root()) | FORGETFUL
    with hosted_server(folder / "server.log", told, seconds=180) as running:
        yield running


def computed(server: Server) -> int:
    """How many predictions the server has computed."""
    address = f"{server.url}/_stcore/metrics?families=basewise_predictions"
    with urllib.request.urlopen(address) as answer:
        text = answer.read().decode()
    (line,) = [one for one in text.splitlines() if one.startswith("basewise_predictions_total")]
    return int(float(line.rsplit(" ", 1)[1]))


def test_visitors_at_once_get_the_answers_that_each_alone_would_get(server):
    descriptions = products(2)

    async def alone() -> object:
        answers = {one: await ask(server.url, MODELS, one) for one in descriptions}
        await ask(server.url, MODELS, "another, for whose answers these are forgotten")
        return answers

    async def at_once() -> object:
        asked = ask_at_once(server.url, MODELS, descriptions)
        _, answers = await asyncio.gather(tour(server.url, 4), asked)
        return answers

    with Memory(server) as memory:
        expected, before = event_loop.run(alone()), computed(server)
        assert event_loop.run(at_once()) == expected
    assert computed(server) == before + len(descriptions) * len(MODELS)
    assert memory.peak < MOST_BYTES


def test_twenty_who_open_the_leaderboard_at_once_all_get_its_table(server):
    with Memory(server) as memory:
        times = event_loop.run(read_tables(server.url, 20))
    assert len(times.seconds) == 20
    assert memory.peak < MOST_BYTES
