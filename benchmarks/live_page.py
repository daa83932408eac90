"""Time from Predict to the first result and to the last on the live page, with two models.

python -m benchmarks.live_page [RUNS]

Cold: a fresh server, which has the weights on its disk and nothing in memory, and prices the
first product. Warm: the same server and visitor, the next products. The products are descriptions
of the catalogue as a visitor's own, asked in other words than the recorded run's, whose answers
would be there before the click. The results are those that a visitor sees: the first card with a
median price, and the charts below once both models are done.
"""

import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

from playwright.sync_api import Page, sync_playwright

from benchmarks.serving import browser_launch_arguments, running_server
from components.assets import fetch_weights
from components.pricing import load_catalogue
from components.registry import load_registry

MODELS = ("google/gemma-3-270m", "HuggingFaceTB/SmolLM2-135M-Instruct")
_PATIENCE_MS = 300_000


class Seconds(NamedTuple):
    """From the click on Predict to the first card with a price, and to the charts of both."""

    first: float
    all: float


def predict(page: Page, address: str) -> Seconds:
    """Open a product's page, press Predict and wait for what a visitor waits for."""
    page.goto(address)
    button = page.get_by_role("button", name="Predict")
    button.wait_for()
    started = time.perf_counter()
    button.click()
    page.get_by_text("Median price").first.wait_for(timeout=_PATIENCE_MS)
    first = time.perf_counter() - started
    page.get_by_test_id("stPlotlyChart").first.wait_for(timeout=_PATIENCE_MS)
    return Seconds(first, time.perf_counter() - started)


def main() -> None:
    """Print the medians and the range of all runs."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    registry = load_registry()
    products = list(load_catalogue())[:3]
    for repo_id in MODELS:
        fetch_weights(registry.get(repo_id), registry)
    cold: list[Seconds] = []
    warm: list[Seconds] = []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(**browser_launch_arguments())
        for run in range(runs):
            # Runs of its own: answers of the server before would be there at once.
            environment = {"BASEWISE_RUNS_FILE": str(Path(folder) / f"{run}.sqlite")}
            log = Path(folder) / "server.log"
            with running_server(log, environment=environment) as server:
                page = browser.new_page()
                for product in products:
                    address = server.address(
                        "live_inference",
                        run=MODELS,
                        product=product,
                        wording="own",
                        question="What is the price of this, to the nearest dollar?",
                    )
                    (warm if product != products[0] else cold).append(predict(page, address))
                page.close()
        browser.close()
    for name, times in (("cold", cold), ("warm", warm)):
        for what, seconds in zip(Seconds._fields, zip(*times, strict=True), strict=True):
            shown = f"{median(seconds):.1f} s ({min(seconds):.1f} to {max(seconds):.1f})"
            print(f"{name}, {what}: median {shown} of {len(seconds)}")


if __name__ == "__main__":
    main()
