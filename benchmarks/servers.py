"""What prices cost over servers: requests, tokens, bytes, seconds, and how far they are from local.

python -m benchmarks.servers [--vllm PYTHON] [--products N] [--tolerance T]

SmolLM2 135M's weights in fp32 on a real llama.cpp server (one thread; the xllamacpp wheel) or, with
--vllm, on a real vLLM by its environment's interpreter (benchmarks/install_vllm.py). Total
variation is to the local engine in fp32 at the same tolerance. The other way to ask, each of 1,000
candidates as a prompt of its own by prompt log-probabilities (lm-evaluation-harness' completions
client), is counted in tokens that its requests hold, and timed on vLLM for some candidates.
"""

import argparse
import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import psutil

from benchmarks import llama_server, vllm_server
from benchmarks.serving import Server

os.environ["BASEWISE_DTYPE"] = "float32"

from components.assets import fetch_weights
from components.control import Control
from components.endpoints import Endpoint
from components.engines import (
    Connections,
    LocalEngine,
    ServerEngine,
    TextLikelihood,
    load_engine,
    price_distribution,
)
from components.numbers import PriceDistribution
from components.pricing import load_catalogue, price_prompt
from components.registry import load_registry

MODEL = "HuggingFaceTB/SmolLM2-135M-Instruct"
PRODUCT = "nintendo-switch-2017"
IN_FLIGHT = (1, 4, 16)
CANDIDATES, TIMED_CANDIDATES = 1000, 16


def total_variation(first: PriceDistribution, second: PriceDistribution) -> float:
    """Over the prices, overflow, not a number and unexplored."""
    parts = [
        np.append(one.probabilities, [one.overflow, one.not_a_number, one.unexplored])
        for one in (first, second)
    ]
    return float(np.abs(parts[0] - parts[1]).sum() / 2)


def server_seconds(server: Server) -> float:
    """What the server's processes have used of the processors so far."""
    process = psutil.Process(server.process.pid)
    family = [process, *process.children(recursive=True)]
    return sum(sum(one.cpu_times()[:2]) for one in family)


def one_product(engine: ServerEngine, server: Server, local: LocalEngine, tolerance: float) -> None:
    """Print what the worked product's distribution takes."""
    prompt = price_prompt(load_catalogue()[PRODUCT].description)
    here = price_distribution(local, prompt, tolerance)
    received, used, started = engine.client.received, server_seconds(server), time.perf_counter()
    found = price_distribution(engine, prompt, tolerance)
    seconds, used = time.perf_counter() - started, server_seconds(server) - used
    received = engine.client.received - received
    print(
        f"{engine.id.engine} {engine.id.revision}, tolerance {tolerance}: {found.passes} requests,"
        f" {found.tokens:,} prompt tokens, {received / 1e6:.2f} MB, {seconds:.1f} s; server"
        f" {used:.1f} CPU s ({used / seconds:.0%} of the time); total variation to local fp32"
        f" {total_variation(here, found):.5f}, unexplored {found.unexplored:.5f}"
    )
    length = len(engine.tokenizer(prompt)["input_ids"])
    numbers = engine.tokenizer([str(n) for n in range(CANDIDATES)], add_special_tokens=False)
    each = CANDIDATES * length + sum(len(ids) for ids in numbers["input_ids"])
    nodes = found.tokens - (found.tokens // length) * length
    print(
        f"  each of {CANDIDATES:,} candidates with its prompt: {each:,} tokens, none of them from a"
        f" cache; ours beyond the cached prompt: about {length + nodes:,}"
    )
    if isinstance(engine, TextLikelihood):
        started, before = time.perf_counter(), server_seconds(server)
        for number in range(TIMED_CANDIDATES):
            engine.log_likelihood(f"{prompt}{number * 60}.", Control())
        share = CANDIDATES / TIMED_CANDIDATES
        print(
            f"  {TIMED_CANDIDATES} of those candidates by prompt log-probabilities, times"
            f" {share:g}: {(time.perf_counter() - started) * share:.0f} s,"
            f" {(server_seconds(server) - before) * share:.0f} server CPU s"
        )


def products_per_minute(engine: ServerEngine, endpoint: Endpoint, count: int) -> None:
    """Print how many products a minute gets done with several in flight, each asked once."""
    prompts = iter([price_prompt(product.description) for product in load_catalogue().values()])
    next(prompts)
    for flight in IN_FLIGHT:
        asked = list(islice(prompts, max(count, flight)))
        changed = endpoint.model_copy(update={"concurrency": flight})
        several = Connections({"box": changed}).engine("box", Control())
        started = time.perf_counter()
        with ThreadPoolExecutor(flight) as pool:
            found = list(pool.map(partial(price_distribution, several, tolerance=0.05), asked))
        rate = 60 * len(asked) / (time.perf_counter() - started)
        print(f"  {flight} in flight, tolerance 0.05: {rate:.1f} products a minute", end="")
        print(f" (each {median(one.seconds for one in found):.1f} s)")


def measure(server: Server, model: str, local: LocalEngine, options: argparse.Namespace) -> None:
    """Everything of one server."""
    given: dict[str, Any] = {"url": server.url, "model": model, "hub_id": MODEL}
    endpoint = Endpoint(name="box", **given)
    engine = Connections({"box": endpoint}).engine("box", Control())
    one_product(engine, server, local, options.tolerance)
    products_per_minute(engine, endpoint, options.products)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--vllm", metavar="PYTHON", help="interpreter that has vLLM")
    parser.add_argument(
        "--products", type=int, default=4, help="at each number in flight, at least as many"
    )
    parser.add_argument("--tolerance", type=float, default=0.01)
    options = parser.parse_args()
    local = load_engine(MODEL)
    registry = load_registry()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.vllm:
            weights = fetch_weights(registry.get(MODEL), registry).folder
            with vllm_server.running_vllm(options.vllm, weights, folder / "vllm.log") as server:
                measure(server, vllm_server.ALIAS, local, options)
            return
        gguf = folder / "model.gguf"
        llama_server.write_gguf(local.model, local.tokenizer, "smollm", gguf)
        with llama_server.running_llama_server(gguf, folder / "llama.log") as server:
            measure(server, llama_server.ALIAS, local, options)


if __name__ == "__main__":
    main()
