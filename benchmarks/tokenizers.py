"""The number atlas against one transformers call per number; loading; the page: opening and edits.

python -m benchmarks.tokenizers [RUNS] [--only atlas loading page edits]

The atlas: for ten loaded tokenizers, `number_atlas` of 0 to 999 with its pieces, beside calling
the same transformers tokenizer once per number and keeping its tokens, turn by turn. First it is
checked that both give the same tokens. The library uses all cores and the calls one, so that busy
neighbours slow the atlas more than the calls.

Loading: each tokenizer warm from disk. The page: a fresh server and browser until the first token
strip of the default shortlist is visible, and again in the same server. Tokenizers are fetched
beforehand if they are not on this disk.

Edits: in a session that is open and at rest, from the key that ends an edit of the text (its time
stamp) to the animation frame after all strips show the new text, by the page's own clock; turn by
turn with a script that shows the text of an `st.text_area` by `st.write`. The target is a median of
at most 300 ms. On a machine that does other work at the same time, read the ratio.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, Page, sync_playwright
from transformers import PreTrainedTokenizerFast

from benchmarks.leaderboard import wait_until_quiet
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

EDITS = 10
BARE = """import streamlit as st
st.set_page_config(layout="wide")
st.write(st.text_area("Text"))
"""
CLOCK = """
([selector, count, text]) => {
    window.sinceEdit = new Promise((done, failed) => {
        const start = event => {
            if (event.key !== "Enter") return;
            window.removeEventListener("keydown", start, true);
            const look = now => {
                const shown = [...document.querySelectorAll(selector)];
                const isNew = shown.filter(element => element.textContent.includes(text));
                if (isNew.length === count)
                    requestAnimationFrame(() => done(performance.now() - event.timeStamp));
                else if (now > event.timeStamp + 30000) failed(`${text} was not shown within 30 s`);
                else requestAnimationFrame(look);
            };
            requestAnimationFrame(look);
        };
        window.addEventListener("keydown", start, true);
    });
}
"""


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


def milliseconds_of_edit(page: Page, shown_in: str, count: int, number: int) -> float:
    """From the key that ends the edit to all `count` elements showing the new text."""
    box = page.get_by_role("textbox", name="Text")
    box.fill(f"Wireless headphones, edit{number}, with 30 hours of battery.\n\nPrice is $349.99")
    wait_until_quiet(page)
    page.evaluate(CLOCK, [shown_in, count, f"edit{number},"])
    box.press("Control+Enter")
    return page.evaluate("sinceEdit")


def time_edits(edits: int = EDITS) -> None:
    """Print how long an edit of the text takes to be seen, beside the bare page."""
    ours, bare = [], []
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        (folder / "bare.py").write_text(BARE, encoding="utf-8")
        browser = playwright.chromium.launch(**browser_launch_arguments())
        with (
            running_server(folder / "app.log") as app,
            running_server(folder / "bare.log", folder / "bare.py") as other,
        ):
            inspector, script = (browser.new_context().new_page() for _ in range(2))
            inspector.goto(app.address("tokenizer_inspector"))
            inspector.locator(".js-plotly-plot .main-svg").first.wait_for(timeout=120_000)
            strips = inspector.locator(".strip:not(.legend)").count()
            script.goto(other.address())
            for number in range(edits + 1):
                spent = milliseconds_of_edit(inspector, ".strip:not(.legend)", strips, number)
                beside = milliseconds_of_edit(script, "[data-testid=stMarkdown]", 1, number)
                if number:  # the first one warms both
                    ours.append(spent)
                    bare.append(beside)
        browser.close()
    print(f"an edited text to its {strips} strips, warm, ms, median (least to most) of {edits}:")
    for what, spent in (("the inspector", ours), ("text_area and st.write", bare)):
        print(f"  {what:24}{median(spent):5.0f} ({min(spent):.0f} to {max(spent):.0f})")
    ratio = median(one / other for one, other in zip(ours, bare, strict=True))
    print(f"  {'ratio':24}{ratio:7.1f}; target: a median of at most 300 ms")


def time_loading() -> None:
    """Print how long each tokenizer takes to load warm from disk."""
    print("loading warm from disk, median of 3:")
    for repo_id in MODELS:
        load_tokenizer(repo_id)
        loads = [seconds(lambda repo_id=repo_id: load_tokenizer(repo_id)) for _ in range(3)]
        print(f"  {repo_id:34}{median(loads):6.2f} s")


def main() -> None:
    """Print all figures, or some."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("runs", type=int, nargs="?", default=40)
    parts = ("atlas", "loading", "page", "edits")
    parser.add_argument("--only", nargs="+", choices=parts, default=parts)
    asked = parser.parse_args()
    if "atlas" in asked.only:
        compare_atlas([load_tokenizer(repo_id) for repo_id in MODELS], asked.runs)
    if "loading" in asked.only:
        time_loading()
    if "page" in asked.only:
        time_page(3)
    if "edits" in asked.only:
        time_edits()


if __name__ == "__main__":
    main()
