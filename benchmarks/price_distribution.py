"""How long one exact price distribution takes, beside other ways to it and beside arithmetic alone.

python -m benchmarks.price_distribution [--lm-eval PYTHON] [--products N]

One model, prompt and precision in one run. Each way of ours is timed in turn with the floor, and
the medians of their ratios are printed: other work on the machine slows both. The floor is the
time that this machine takes for the model's own matrix products alone, prompt and scored nodes
in full passes; attention and everything else is on top.

lm-evaluation-harness scores the thousand candidates `0.` to `999.` (loglikelihood) in an
environment of its own, which --lm-eval names: in our precision with its own batching
(`batch_size="auto"`, which tries out what fits, and that is part of its time) and with the batch
size that was the fastest of 1, 4, 16 and 64 here, then with that size in fp32.
    python -m venv lm-eval && lm-eval/bin/pip install torch==2.13.0 lm-eval accelerate
"""

import argparse
import json
import subprocess
import time
from collections import defaultdict
from os.path import commonprefix
from statistics import median
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile

from components.assets import fetch_weights
from components.engines import LocalEngine, load_engine
from components.pricing import load_catalogue, price_prompt
from components.registry import load_registry

MODEL, OTHER = "HuggingFaceTB/SmolLM2-135M-Instruct", "google/gemma-3-270m"
PRODUCT = "nintendo-switch-2017"
ROUNDS, SAMPLES, CANDIDATES, PASS = 7, 1000, 1000, 256

FASTEST_BATCH = 16

# Runs in the harness's environment.
HARNESS = """
import json, sys, time, torch
from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM
task = json.load(sys.stdin)
model = HFLM(pretrained=task["folder"], device=task["device"], dtype=task["dtype"],
             batch_size=task["batch"])
requests = [
    Instance("loglikelihood", {}, (task["prompt"], f"{n}."), n) for n in range(task["candidates"])
]
model.model(torch.ones(16, 200, dtype=torch.long))
start = time.perf_counter()
model.loglikelihood(requests, disable_tqdm=True)
print(time.perf_counter() - start)
"""

GROUPS = {
    "matrix products": ("aten::mm", "aten::addmm", "aten::bmm", "mkldnn"),
    "attention": ("scaled_dot_product",),
    "sum over the vocabulary": ("aten::logsumexp", "aten::exp", "aten::amax", "aten::log"),
    "moving and copying": ("aten::copy_", "aten::cat", "aten::index", "aten::gather"),
}


def seconds(run: Any) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def floor(engine: LocalEngine) -> tuple[float, float]:
    """Seconds per token of the layers' matrix products, and of the vocabulary's, in full passes."""
    head = engine.model.get_output_embeddings()
    assert isinstance(head, torch.nn.Linear)
    layers = [
        module
        for module in engine.model.modules()
        if isinstance(module, torch.nn.Linear) and module is not head
    ]
    inputs = {
        module.in_features: torch.randn(PASS, module.in_features, dtype=engine.model.dtype)
        for module in [*layers, head]
    }
    with torch.inference_mode():
        body = seconds(lambda: [module(inputs[module.in_features]) for module in layers])
        vocabulary = seconds(lambda: head(inputs[head.in_features]))
    return body / PASS, vocabulary / PASS


def sample(engine: LocalEngine, prompt: str) -> None:
    """A thousand sampled continuations, as long as the longest number and its end."""
    inputs = engine.tokenizer(prompt, return_tensors="pt")
    generate: Any = engine.model.generate
    with torch.inference_mode():
        for _ in range(SAMPLES // 100):
            generate(**inputs, do_sample=True, top_k=0, max_new_tokens=4, num_return_sequences=100)


def harness_seconds(
    python: str, engine: LocalEngine, prompt: str, batch: str | int, dtype: torch.dtype
) -> float:
    registry = load_registry()
    task = {
        "folder": str(fetch_weights(registry.get(engine.id.repo_id), registry).folder),
        "device": str(engine.model.device),
        "dtype": str(dtype).removeprefix("torch."),
        "prompt": prompt,
        "candidates": CANDIDATES,
        "batch": batch,
    }
    printed = subprocess.run(
        [python, "-c", HARNESS], input=json.dumps(task), capture_output=True, text=True, check=True
    )
    return float(printed.stdout.split()[-1])


def ours(engine: LocalEngine, prompt: str, tolerance: float) -> float:
    """Print the times at a tolerance and give the median in seconds."""
    taken, ratios = [], []
    found = engine.price_distribution(prompt, tolerance)
    for _ in range(ROUNDS):
        body, vocabulary = floor(engine)
        found = engine.price_distribution(prompt, tolerance)
        read = len(engine.tokenizer(prompt)["input_ids"])
        least = found.tokens * body + (found.tokens - read + 1) * vocabulary
        taken.append(found.seconds)
        ratios.append(found.seconds / least)
    print(
        f"ours at tolerance {tolerance}: {median(taken):.2f} s (best {min(taken):.2f} s),"
        f" {found.passes} passes, {found.tokens} tokens, {found.method};"
        f" {median(ratios):.1f} times the floor (best {min(ratios):.1f})"
    )
    return median(taken)


def breakdown(engine: LocalEngine, prompt: str) -> None:
    """Print where the processor's time goes."""
    with profile(activities=[ProfilerActivity.CPU]) as profiled:
        found = engine.price_distribution(prompt)
    spent: dict[str, float] = defaultdict(float)
    for event in profiled.key_averages():
        group = next(
            (name for name, kinds in GROUPS.items() if any(kind in event.key for kind in kinds)),
            "elementwise and the rest",
        )
        spent[group] += event.self_cpu_time_total / 1e6
    spent["outside torch"] = max(0.0, found.seconds - sum(spent.values()))
    shares = ", ".join(
        f"{group} {part / found.seconds:.0%}"
        for group, part in sorted(spent.items(), key=lambda item: -item[1])
    )
    print(f"time under the profiler ({found.seconds:.2f} s): {shares}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--lm-eval", metavar="PYTHON", help="interpreter that has lm-eval")
    parser.add_argument("--products", type=int, default=20, help="how many of the catalogue")
    options = parser.parse_args()
    prompt = price_prompt(load_catalogue()[PRODUCT].description)
    engine = load_engine(MODEL)
    print(f"{MODEL}, {engine.model.dtype}, {torch.get_num_threads()} threads")
    first = seconds(lambda: engine.price_distribution(prompt))
    print(f"first use, with the check: {first:.2f} s")
    ours(engine, prompt, 0)
    breakdown(engine, prompt)
    # Each beside ours before and after it.
    before = ours(engine, prompt, 0.01)
    sampled = seconds(lambda: sample(engine, prompt))
    after = ours(engine, prompt, 0.01)
    ratio = sampled / median([before, after])
    print(f"generate, {SAMPLES} samples: {sampled:.1f} s, {ratio:.0f} times ours at 0.01")
    if options.lm_eval:
        own = engine.model.dtype
        for batch, dtype in (
            ("auto", own),
            (FASTEST_BATCH, own),
            (FASTEST_BATCH, torch.float32),
        ):
            before = after
            theirs = harness_seconds(options.lm_eval, engine, prompt, batch, dtype)
            after = ours(engine, prompt, 0.01)
            ratio = theirs / median([before, after])
            print(
                f"lm-evaluation-harness, batch size {batch}, {dtype}: {theirs:.1f} s, {ratio:.0f}"
                " times ours at 0.01"
            )
    other = load_engine(OTHER)
    for loaded in (engine, other):
        products = list(load_catalogue().values())[: options.products]
        prompts = [price_prompt(product.description) for product in products]
        loaded.price_distribution(prompts[0])
        found = [loaded.price_distribution(prompt) for prompt in prompts]
        each = median(distribution.seconds for distribution in found)
        # What running the prompts' common opening once would save.
        opening = len(loaded.tokenizer(commonprefix(prompts))["input_ids"])  # noqa: RUF071
        share = opening / median(distribution.tokens for distribution in found)
        print(
            f"{loaded.id.repo_id}: {60 / each:.0f} products per minute; the prompts begin with the"
            f" same {opening} tokens, {share:.1%} of what is run"
        )


if __name__ == "__main__":
    main()
