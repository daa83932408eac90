"""Many visitors at once, and for long, in short forms: `python -m tests.load` has the long ones."""

import asyncio
import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.serving import Server, hosted_server
from components.assets import cache_root
from tests.load import kills
from tests.load.scenarios import (
    Memory,
    ask,
    ask_at_once,
    products,
    read_tables,
    shared_packages,
    tour,
)
from tests.support.loopback_hub import LoopbackHub
from tests.support.small_repositories import add, repository, small_llama
from tests.support.visitor import view

ONE, TWO = "acme/one", "acme/two"
MOST_BYTES = 3_000_000_000


@pytest.fixture(scope="module")
def small_hub() -> LoopbackHub:
    """Two models that answer differently."""
    hub = LoopbackHub()
    for repo_id, spread in ((ONE, 0.2), (TWO, 0.4)):
        model = small_llama(max_position_embeddings=4096, initializer_range=spread)
        add(hub, repo_id, repository(model))
    return hub


@pytest.fixture(scope="module")
def server(small_hub, tmp_path_factory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("load")
    with hosted_server(folder / "server.log", settings(small_hub, folder)) as running:
        yield running


def settings(hub: LoopbackHub, folder: Path) -> dict[str, str]:
    """A cache and runs of one's own."""
    cache = shared_packages(folder / "cache", cache_root())
    told = {"BASEWISE_CACHE": str(cache), "BASEWISE_RUNS_FILE": str(folder / "runs.sqlite")}
    return {"HF_ENDPOINT": hub.url, **told}


def test_visitors_at_once_get_the_answers_that_each_alone_would_get(server, small_hub, tmp_path):
    descriptions = products(2)

    async def at_once() -> object:
        _, answers = await asyncio.gather(
            tour(server.url, 2), ask_at_once(server.url, [ONE, TWO], descriptions)
        )
        return answers

    async def alone(url: str) -> object:
        return {one: await ask(url, [ONE, TWO], one) for one in descriptions}

    with Memory(server) as memory:
        found = asyncio.run(at_once())
    with hosted_server(tmp_path / "server.log", settings(small_hub, tmp_path)) as other:
        assert asyncio.run(alone(other.url)) == found
    assert memory.peak < MOST_BYTES


def test_twenty_who_open_the_leaderboard_at_once_all_get_its_table(server):
    with Memory(server) as memory:
        times = asyncio.run(read_tables(server.url, 20))
    assert len(times.seconds) == 20
    assert memory.peak < MOST_BYTES


def test_page_views_leave_no_memory_behind(server):
    async def views(count: int) -> None:
        for _ in range(count):
            await view(server.url, "leaderboard")

    memory = Memory(server)
    asyncio.run(views(10))
    before = memory.now()
    asyncio.run(views(30))
    gc.collect()
    assert memory.now() < 1.10 * before


def test_a_killed_download_leaves_nothing_damaged_and_goes_on(hub, tmp_path):
    assert kills.in_download(hub, tmp_path, 5) >= 3


def test_a_killed_prediction_loses_no_answer_and_leaves_the_store_whole(hub, tmp_path):
    assert kills.in_prediction(hub, tmp_path, 3) >= 2


def test_a_killed_import_leaves_all_of_a_run_or_nothing(tmp_path):
    assert kills.in_import(tmp_path, 4) >= 1
