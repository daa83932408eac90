"""What many visitors do at once, and what it takes of the server: used by the tests and at length.

Each scenario runs against a server that is up, checks every answer, and returns its figures.
"""

import asyncio
import statistics
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from benchmarks.serving import Server
from components.pricing import load_catalogue
from tests.support.loopback_hub import LoopbackHub
from tests.support.visitor import Visitor, visit

PAGES = ("", "leaderboard", "tokenizer_inspector", "live_inference", "evaluation")
_QUESTION = "How much would a shop ask for this, in whole dollars?"
_PATIENCE_SECONDS = 900
# What the cards say that is the same whoever asks: prices, continuations, masses.
Answer = tuple[str, ...]


class Memory(threading.Thread):
    """The resident memory of a server and of what it started, ten times a second, in bytes."""

    def __init__(self, server: Server):
        super().__init__(daemon=True)
        self._process = psutil.Process(server.process.pid)
        self._ended = threading.Event()
        self.peak = 0

    def now(self) -> int:
        """The server's alone, as it is."""
        return self._process.memory_info().rss

    def run(self) -> None:
        while not self._ended.wait(0.1):
            family = [self._process, *self._process.children(recursive=True)]
            self.peak = max(self.peak, sum(map(_resident, family)))

    def __enter__(self) -> "Memory":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self.join()


def _resident(process: psutil.Process) -> int:
    try:
        return process.memory_info().rss
    except psutil.NoSuchProcess:
        return 0


def settings(hub: LoopbackHub, folder: Path, cache: Path) -> dict[str, str]:
    """Variables of a server whose cache and runs are in `folder`, with the packages of `cache`."""
    own = folder / "cache"
    own.mkdir()
    (own / "packages").symlink_to(cache / "packages")
    told = {"HF_ENDPOINT": hub.url, "HF_HUB_DISABLE_XET": "1", "BASEWISE_CACHE": str(own)}
    return told | {"BASEWISE_RUNS_FILE": str(folder / "runs.sqlite")}


@dataclass(frozen=True)
class Times:
    """Seconds of many visitors."""

    seconds: Sequence[float]

    def __str__(self) -> str:
        ordered = sorted(self.seconds)
        p95 = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
        return f"median {statistics.median(ordered):.1f} s, p95 {p95:.1f}, most {ordered[-1]:.1f}"


async def read_tables(url: str, visitors: int) -> Times:
    """So many open it at once, each in a visit that stays open until all are served."""
    reached: list[float] = []
    served = asyncio.Event()

    async def read() -> None:
        async with visit(url, "leaderboard") as visitor:
            await visitor.until(lambda one: one.finished > 0, _PATIENCE_SECONDS)
            await visitor.paint(_PATIENCE_SECONDS)
            assert not visitor.faults, visitor.faults
            reached.append(visitor.seconds_to["dataframe"])
            if len(reached) == visitors:
                served.set()
            await served.wait()

    async with asyncio.timeout(_PATIENCE_SECONDS), asyncio.TaskGroup() as group:
        for _ in range(visitors):
            group.create_task(read())
    return Times(reached)


async def tour(url: str, visitors: int) -> Times:
    """So many visitors at once go over all pages, each from another one on; seconds a page, with
    its charts."""
    took: list[float] = []

    async def go(first: int) -> None:
        order = [PAGES[(first + step) % len(PAGES)] for step in range(len(PAGES))]
        async with visit(url, order[0]) as visitor:
            began = time.monotonic()
            await visitor.until(lambda one: one.finished > 0, _PATIENCE_SECONDS)
            await visitor.paint(_PATIENCE_SECONDS)
            assert not visitor.faults, visitor.faults
            took.append(time.monotonic() - began)
            for page in order[1:]:
                began = time.monotonic()
                await visitor.go(page, _PATIENCE_SECONDS)
                await visitor.paint(_PATIENCE_SECONDS)
                assert not visitor.faults, visitor.faults
                took.append(time.monotonic() - began)

    async with asyncio.TaskGroup() as group:
        for number in range(visitors):
            group.create_task(go(number))
    return Times(took)


def products(count: int, offset: int = 0) -> list[str]:
    """Descriptions that no recorded run has the answers to, as they are asked otherwise."""
    catalogue = list(load_catalogue().values())
    return [
        f"{catalogue[n % len(catalogue)].description} No. {n}"
        for n in range(offset, offset + count)
    ]


async def ask(url: str, models: Sequence[str], description: str) -> Answer:
    """One visitor predicts a product: what the page says of the models."""
    query: dict[str, Any] = {"run": list(models), "product": "own", "wording": "own"}
    query |= {"description": description, "question": _QUESTION}
    async with visit(url, "live_inference", **query) as visitor:
        await visitor.until(lambda one: one.finished > 0, _PATIENCE_SECONDS)
        await visitor.press("Predict")
        await visitor.until(lambda one: _answered(one, len(models)), _PATIENCE_SECONDS)
        await visitor.paint(_PATIENCE_SECONDS)
        assert not visitor.faults, visitor.faults
        return _answer(visitor)


def _answered(visitor: Visitor, models: int) -> bool:
    """Whether every card is complete, and what is below them there: nothing is at work."""
    if errors := [one.body for one in visitor.all("alert") if "error" in str(one.icon)]:
        raise AssertionError(errors)
    (predict,) = [one for one in visitor.all("button") if one.label == "Predict"]
    return not predict.disabled and len(_continuations(visitor)) == models


def _continuations(visitor: Visitor) -> list[str]:
    return [text for text in visitor.texts if text.startswith("Price is $")]


def _answer(visitor: Visitor) -> Answer:
    prices = [one.body for one in visitor.all("metric")]
    masses = [text for text in visitor.texts if text.startswith(("80 % interval", "**No price"))]
    return (*prices, *_continuations(visitor), *masses)


async def ask_at_once(
    url: str, models: Sequence[str], descriptions: Sequence[str]
) -> Mapping[str, Answer]:
    """A visitor for each product, all at once."""
    async with asyncio.TaskGroup() as group:
        asked = {one: group.create_task(ask(url, models, one)) for one in descriptions}
    return {one: task.result() for one, task in asked.items()}
