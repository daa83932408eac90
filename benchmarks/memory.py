"""Peak memory of the app while both small models are loaded and price a product.

python -m benchmarks.memory

Runs the app as it is served, lets a browser predict with Gemma 3 270M and SmolLM2 135M Instruct,
and samples the resident memory of the server ten times a second. Weights are converted beforehand
if they are not yet: that is done once, in a process of its own.
"""

import tempfile
import threading
from pathlib import Path

import psutil
from playwright.sync_api import sync_playwright

from benchmarks.serving import browser_launch_arguments, running_server
from components.assets import fetch_weights
from components.registry import load_registry

DESCRIPTION = "A desk lamp of brass, 40 cm high, with a cord of 2 m"
MODELS = ("google/gemma-3-270m", "HuggingFaceTB/SmolLM2-135M-Instruct")


class Sampler(threading.Thread):
    """Keeps the largest resident memory of a process, in bytes."""

    def __init__(self, pid: int):
        super().__init__(daemon=True)
        self.process = psutil.Process(pid)
        self.peak = 0
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.wait(0.1):
            self.peak = max(self.peak, self.process.memory_info().rss)


def main() -> None:
    """Print the memory before, at the peak, and after."""
    registry = load_registry()
    for repo_id in MODELS:
        fetch_weights(registry.get(repo_id), registry)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(**browser_launch_arguments())
        with running_server(Path(folder) / "server.log") as server:
            page = browser.new_page()
            # An own question: a product of the catalogue shows the bundled run's answer at once.
            question = {"product": "own", "description": DESCRIPTION}
            page.goto(server.address("live_inference", run=MODELS, **question))
            predict = page.get_by_role("button", name="Predict")
            predict.wait_for()
            sampler = Sampler(server.process.pid)
            before = sampler.process.memory_info().rss
            sampler.start()
            predict.click()
            page.get_by_text("Median price").nth(1).wait_for(timeout=300_000)
            sampler.ended.set()
            after = sampler.process.memory_info().rss
        browser.close()
    print(f"page open, no model: {before / 1e6:,.0f} MB")
    print(f"peak, both models loaded and run: {sampler.peak / 1e6:,.0f} MB")
    print(f"afterwards: {after / 1e6:,.0f} MB")


if __name__ == "__main__":
    main()
