"""How much other visitors feel of files that do harm.

python -m benchmarks.bad_input [RUNS]

A browser opens the leaderboard, alone and while two other visitors have each just uploaded a
tokenizer whose pattern takes for ever and a file of prices of 5 MB, all of it columns. The clock
runs from opening to the table, which a page without a file of its own waits for. Then the server's
peak memory and its log's tracebacks.
"""

import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.memory import Sampler
from benchmarks.serving import Server, browser_launch_arguments, running_server

VISITORS = 2
MODELS = ["openai-community/gpt2"]
HANGS = """
{"version": "1.0", "added_tokens": [], "normalizer": null, "post_processor": null, "decoder": null,
 "pre_tokenizer": {"type": "Split", "pattern": {"Regex": "([a-z ]+)+\\\\$\\\\$"},
                   "behavior": "Isolated", "invert": false},
 "model": {"type": "WordLevel", "vocab": {"a": 0, "[UNK]": 1}, "unk_token": "[UNK]"}}
"""


def open_leaderboard(browser: Browser, server: Server) -> float:
    """Seconds from opening to the table, in a browser context of its own."""
    context = browser.new_context()
    page = context.new_page()
    started = time.monotonic()
    page.goto(server.address("leaderboard"))
    page.get_by_test_id("stDataFrame").first.wait_for(timeout=60_000)
    seconds = time.monotonic() - started
    context.close()
    return seconds


def bring_files(page: Page, tokenizer: Path, prices: Path) -> None:
    """Upload both, and do not wait for what comes of them."""
    page.get_by_role("tab", name="Upload").click()
    boxes = page.get_by_test_id("stFileUploaderDropzoneInput")
    boxes.last.set_input_files(tokenizer)
    page.get_by_role("tab", name="First token").click()
    boxes.first.set_input_files(prices)


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        tokenizer, prices = Path(folder) / "tokenizer.json", Path(folder) / "prices.csv"
        tokenizer.write_text(HANGS)
        prices.write_bytes(b"1," * 2_450_000)
        log = Path(folder) / "server.log"
        browser = playwright.chromium.launch(**browser_launch_arguments())
        with running_server(log) as server:
            sampler = Sampler(server.process.pid)
            others = [browser.new_context().new_page() for _ in range(VISITORS)]
            for page in others:
                page.goto(server.address("tokenizer_inspector", models=MODELS, prices="own"))
                page.locator(".strip").first.wait_for(timeout=60_000)
            open_leaderboard(browser, server)
            alone = [open_leaderboard(browser, server) for _ in range(runs)]
            sampler.start()
            beside = []
            for _ in range(runs):
                for page in others:
                    bring_files(page, tokenizer, prices)
                beside.append(open_leaderboard(browser, server))
                time.sleep(20)
                for page in others:
                    page.reload()
                    page.locator(".strip").first.wait_for(timeout=60_000)
            sampler.ended.set()
            sampler.join()
        browser.close()
        tracebacks = log.read_text(errors="replace").count("Traceback")
    print(f"alone   {median(alone):.2f} s ({min(alone):.2f} to {max(alone):.2f})")
    print(f"beside  {median(beside):.2f} s ({min(beside):.2f} to {max(beside):.2f})")
    print(f"ratio   {median(beside) / median(alone):.2f}")
    print(f"server  {sampler.peak / 1e6:,.0f} MB at most, {tracebacks} tracebacks in its log")


if __name__ == "__main__":
    main()
