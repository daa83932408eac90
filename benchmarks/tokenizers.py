"""The number atlas against one transformers call per number; loading; time to the first strip.

python -m benchmarks.tokenizers [RUNS]

The atlas: for ten loaded tokenizers, `number_atlas` of 0 to 999 with its pieces, beside calling
the same transformers tokenizer once per number and keeping its tokens, turn by turn. First it is
checked that both give the same tokens. The library uses all cores and the calls one, so that busy
neighbours slow the atlas more than the calls.

Loading: each tokenizer warm from disk. The page: a fresh server and browser until the first token
strip of the default shortlist is visible, and again in the same server. Tokenizers are fetched
beforehand if they are not on this disk.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, sync_playwright
from transformers import PreTrainedTokenizerFast

from benchmarks.serving import Server, browser_launch_arguments, running_server
from components.numbers import PREFIX, number_atlas
from components.tokenization import load_tokenizer

MODELS = (
    "meta-llama/Llama-3.1-8B",
    "Qwen/Qwen2.5-7B",
    "Qwen/Qwen3-8B",
    "google/gemma-2-9b",
    "google/gemma-3-270m",
    "microsoft/Phi-3-mini-4k-instruct",
    "mistralai/Mistral-Nemo-Base-2407",
    "01-ai/Yi-1.5-9B",
    "deepseek-ai/DeepSeek-V3-Base",
    "openai-community/gpt2",
)


def one_call_per_number(tokenizer: PreTrainedTokenizerFast) -> list[list[str]]:
    """The tokens of `Price is $` and each of 0 to 999."""
    return [
        tokenizer(f"{PREFIX}{number}", add_special_tokens=False).tokens() for number in range(1000)
    ]


def seconds(work: Callable[[], object]) -> float:
    """How long the work takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def compare_atlas(tokenizers: list[PreTrainedTokenizerFast], runs: int) -> None:
    """Print both times for all tokenizers together, and the ratio."""
    for tokenizer in tokenizers:
        prefix = len(tokenizer(PREFIX, add_special_tokens=False)["input_ids"])
        alone = [tuple(tokens[prefix:]) for tokens in one_call_per_number(tokenizer)]
        assert number_atlas(tokenizer).pieces == alone
    ours, calls = [], []
    for _ in range(runs):
        ours.append(seconds(lambda: [number_atlas(tokenizer).pieces for tokenizer in tokenizers]))
        calls.append(seconds(lambda: [one_call_per_number(tokenizer) for tokenizer in tokenizers]))
    print(f"atlas of 0 to 999, {len(tokenizers)} tokenizers, {runs} runs, median and least:")
    for name, times in (("number_atlas with pieces", ours), ("one transformers call each", calls)):
        print(f"  {name:30}{1000 * median(times):6.1f} ms  {1000 * min(times):6.1f} ms")
    print(f"  {'ratio':30}{median(calls) / median(ours):6.1f}     {min(calls) / min(ours):6.1f}")


def seconds_to_strip(browser: Browser, server: Server) -> float:
    """Seconds from opening the page to the first visible token strip."""
    context = browser.new_context(viewport={"width": 1366, "height": 900})
    page = context.new_page()
    started = time.perf_counter()
    page.goto(server.address("tokenizer_inspector"))
    page.locator(".strip span[title]").first.wait_for(state="visible", timeout=120_000)
    elapsed = time.perf_counter() - started
    context.close()
    return elapsed


def time_page(runs: int) -> None:
    """Print the time to the first strip, cold and warm."""
    cold, warm = [], []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(**browser_launch_arguments())
        for _ in range(runs):
            with running_server(Path(folder) / "server.log") as server:
                cold.append(seconds_to_strip(browser, server))
                warm.append(seconds_to_strip(browser, server))
        browser.close()
    print(f"page to its first strip, four tokenizers, median of {runs}:")
    print(f"  first visitor of a server:    {median(cold):6.2f} s")
    print(f"  next visitor:                 {median(warm):6.2f} s")


def main() -> None:
    """Print all figures."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    tokenizers = [load_tokenizer(repo_id) for repo_id in MODELS]
    compare_atlas(tokenizers, runs)
    print("loading warm from disk, median of 3:")
    for repo_id in MODELS:
        loads = [seconds(lambda repo_id=repo_id: load_tokenizer(repo_id)) for _ in range(3)]
        print(f"  {repo_id:34}{median(loads):6.2f} s")
    time_page(3)


if __name__ == "__main__":
    main()
