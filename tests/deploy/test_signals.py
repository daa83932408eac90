"""A server that is told to end while it downloads for a visitor: it ends, and loses nothing."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import psutil
import pytest

from benchmarks.serving import Server, hosted_server, running_server
from tests.support import event_loop
from tests.support.loopback_hub import LoopbackHub
from tests.support.small_repositories import add, repository, small_llama
from tests.support.visitor import visit

MODEL = "acme/small"
END_SECONDS = 3.0
MIB = 1 << 20

Starter = Callable[[Path, dict[str, str]], AbstractContextManager[Server]]


def with_launcher(log: Path, environment: dict[str, str]) -> AbstractContextManager[Server]:
    return hosted_server(log, environment)


def with_streamlit(log: Path, environment: dict[str, str]) -> AbstractContextManager[Server]:
    return running_server(log, environment=environment)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("start", [with_launcher, with_streamlit])
def test_a_signal_ends_the_server_within_seconds_also_in_mid_download(
    hub: LoopbackHub, tmp_path, start: Starter, number: int
):
    weights = os.urandom(24 * MIB)
    files = {**repository(small_llama()), "model.safetensors": weights}
    hub.add_repo(MODEL, files, lfs=["model.safetensors"])
    hub.bytes_per_second = MIB  # a chunk of the client's takes longer than there is
    cache = tmp_path / "cache"
    told = {"BASEWISE_CACHE": str(cache), "BASEWISE_RUNS_FILE": str(tmp_path / "runs.sqlite")}

    async def interrupt(server: Server) -> float:
        query: dict[str, Any] = {"run": MODEL, "product": "own", "description": "a lamp"}
        async with visit(server.url, "live_inference", **query) as visitor:
            await visitor.until(lambda one: one.finished > 0)
            await visitor.press("Predict")
            async with asyncio.timeout(240):
                while not hub.asked_for("model.safetensors"):
                    await asyncio.sleep(0.1)
            await asyncio.sleep(0.5)
            began = time.monotonic()
            children = psutil.Process(server.process.pid).children(recursive=True)
            server.process.send_signal(number)
            await asyncio.to_thread(server.process.wait, 20)
            took = time.monotonic() - began
            # Servers of examinations hear of its end by their socket.
            assert not psutil.wait_procs(children, END_SECONDS)[1]
            return took

    with start(tmp_path / "first.log", told) as server:
        assert event_loop.run(interrupt(server)) < END_SECONDS
    whole = [b for b in cache.glob("hub/*/blobs/*") if len(b.name) == 64]
    assert not [b for b in whole if b.read_bytes() != weights]
    # The next start goes on from there.
    hub.bytes_per_second = None
    add(hub, MODEL, repository(small_llama()))
    with start(tmp_path / "second.log", told) as server:
        event_loop.run(predict(server))


async def predict(server: Server) -> None:
    query: dict[str, Any] = {"run": MODEL, "product": "own", "description": "a lamp"}
    async with visit(server.url, "live_inference", **query) as visitor:
        await visitor.until(lambda one: one.finished > 0)
        await visitor.press("Predict")
        await visitor.until(lambda one: bool(one.all("metric")), 240)
        assert not visitor.faults
