"""The load, soak and kill scenarios at full length, on this machine: figures for docs/hosting.md.

crowd: 20 visitors on all pages while 8 others predict with two models; readers: 200 on the
leaderboard; soak: 2,000 page views and 200 predictions; kills: kill -9 in download, prediction and
import. Gemma 3 270M and SmolLM2 135M Instruct are taken from BASEWISE_CACHE.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.serving import REPOSITORY, Server, hosted_server
from tests.load import kills
from tests.load.scenarios import (
    PAGES,
    Memory,
    ask,
    ask_at_once,
    products,
    read_tables,
    settings,
    tour,
)
from tests.support.loopback_hub import LoopbackHub
from tests.support.small_repositories import add, repository, small_llama
from tests.support.visitor import view

MODELS = ("google/gemma-3-270m", "HuggingFaceTB/SmolLM2-135M-Instruct")
SMALL = "acme/small"
_MB = 1e6


@contextmanager
def fresh_server(hub: LoopbackHub, **environment: str) -> Iterator[Server]:
    """A server that nobody has visited, with runs of its own; its log is shown if it fails."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "server.log"
        cache = Path(os.environ.get("BASEWISE_CACHE", REPOSITORY / ".test-cache"))
        told = settings(hub, Path(folder), cache)
        try:
            with hosted_server(log, told | environment, seconds=180) as server:
                yield server
        except BaseException:
            print(log.read_text(encoding="utf-8")[-4000:], file=sys.stderr)
            raise


async def _alone(url: str, descriptions: list[str]) -> dict[str, object]:
    return {one: await ask(url, MODELS, one) for one in descriptions}


async def _together(url: str, visitors: int, descriptions: list[str]) -> tuple[object, object]:
    return await asyncio.gather(tour(url, visitors), ask_at_once(url, MODELS, descriptions))


def crowd(hub: LoopbackHub, share: float) -> None:
    """Every answer equals a single visitor's; memory at the peak, and after."""
    visitors, descriptions = part(20, share), products(part(8, share))
    with fresh_server(hub) as server, Memory(server) as memory:
        alone = asyncio.run(_alone(server.url, descriptions))
        print(f"one visitor: peak {memory.peak / _MB:,.0f} MB, after {memory.now() / _MB:,.0f} MB")
    with fresh_server(hub) as server, Memory(server) as memory:
        began = time.monotonic()
        pages, answers = asyncio.run(_together(server.url, visitors, descriptions))
        took = time.monotonic() - began
        assert answers == alone, "an answer differs from a single visitor's"
        time.sleep(5)
        asked = f"{visitors} visitors and {len(descriptions)} products asked of two models"
        print(f"{asked}: {took:.0f} s; a page {pages}; answers equal a single visitor's")
        print(f"peak {memory.peak / _MB:,.0f} MB, after {memory.now() / _MB:,.0f} MB")


def readers(hub: LoopbackHub, share: float) -> None:
    """1, 20 and 200 visitors open the leaderboard at once."""
    for visitors in sorted({1, part(20, share), part(200, share)}):
        with fresh_server(hub) as server, Memory(server) as memory:
            asyncio.run(read_tables(server.url, 1))
            times = asyncio.run(read_tables(server.url, visitors))
            peak, after = memory.peak / _MB, memory.now() / _MB
            print(f"{visitors} visitors: table after {times}; {peak:,.0f} MB, {after:,.0f} after")


def soak(hub: LoopbackHub, share: float) -> None:
    """Memory after a tenth, and at the end."""
    views, predictions = part(2000, share), part(200, share)
    add(hub, SMALL, repository(small_llama(max_position_embeddings=4096)))
    with fresh_server(hub, BASEWISE_ANSWERS="20") as server, Memory(server) as memory:
        growth = asyncio.run(_soak(server.url, memory, views, predictions))
    print(f"{views} page views, {predictions} predictions: {growth}")


async def _soak(url: str, memory: Memory, views: int, predictions: int) -> str:
    sizes: list[float] = []
    every = views // predictions
    for number in range(views):
        await view(url, PAGES[number % len(PAGES)])
        if number % every == 0:
            (description,) = products(1, number)
            await ask(url, [SMALL], description)
        if (number + 1) % (views // 20) == 0:
            sizes.append(memory.now() / _MB)
            print(f"  {number + 1} views: {sizes[-1]:,.0f} MB", flush=True)
    tenth, last = sizes[1], sizes[-1]
    return f"{tenth:,.0f} MB after a tenth, {last:,.0f} at the end, {last / tenth - 1:+.1%}"


def killed(hub: LoopbackHub, share: float) -> None:
    """How many of the kills found the process at work."""
    many, few = part(20, share), part(10, share)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name in ("download", "prediction", "import"):
            (root / name).mkdir()
        at_work = kills.in_download(hub, root / "download", many)
        print(f"download: {at_work} of {many} at work")
        at_work = kills.in_prediction(hub, root / "prediction", many)
        print(f"prediction: {at_work} of {many} at work")
        print(f"import: {kills.in_import(root / 'import', few)} of {few} at work")


def part(whole: int, share: float) -> int:
    """A share of a number, at least one."""
    return max(1, round(whole * share))


_SCENARIOS: dict[str, Callable[[LoopbackHub, float], None]] = {
    "crowd": crowd,
    "readers": readers,
    "soak": soak,
    "kills": killed,
}


def main() -> None:
    """Run the scenarios that are named."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.load",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("scenarios", nargs="+", choices=_SCENARIOS)
    parser.add_argument("--share", type=float, default=1.0, help="0.1 for a tenth of the length")
    told = parser.parse_args()
    for name in told.scenarios:
        hub = LoopbackHub()
        _SCENARIOS[name](hub, told.share)


if __name__ == "__main__":
    main()
