"""Take the README's screenshots of this version: python -m tests.e2e.take_screenshots"""

import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from benchmarks.serving import Server, browser_launch_arguments, running_server

FOLDER = Path(__file__).with_name("screenshots")
RUN = ["google/gemma-3-270m", "HuggingFaceTB/SmolLM2-135M-Instruct"]


def _page(browser: Browser, *, scheme: str = "light", height: int = 900) -> Page:
    context = browser.new_context(
        viewport={"width": 1366, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    return context.new_page()


def _settle_and_save(page: Page, name: str) -> None:
    expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible(timeout=60_000)
    page.wait_for_timeout(1500)  # the table and charts paint after they are in the page
    page.screenshot(path=FOLDER / f"{name}.png")
    page.context.close()


def take(server: Server, browser: Browser) -> None:
    """One picture per page."""
    page = _page(browser, height=1400)
    page.goto(server.address())
    expect(page.locator(".evidence td", has_text="per row")).to_have_count(4, timeout=120_000)
    _settle_and_save(page, "review")

    page = _page(browser, height=1900)
    page.goto(
        server.address("leaderboard", vintage="2024-10-15", kind="base", max_b=9, rank="twin_score")
    )
    _settle_and_save(page, "leaderboard")

    page = _page(browser, scheme="dark", height=1420)
    page.goto(server.address("tokenizer_inspector"))
    _settle_and_save(page, "tokenizer_inspector")

    page = _page(browser, height=3140)
    page.goto(server.address("live_inference", run=RUN, product="sony-wh-1000xm4-2020"))
    expect(page.get_by_role("heading", name="Estimates")).to_be_visible(timeout=60_000)
    _settle_and_save(page, "live_inference")

    page = _page(browser, height=1500)
    page.goto(server.address("evaluation"))
    expect(page.get_by_text("Always the median price").first).to_be_visible(timeout=60_000)
    _settle_and_save(page, "evaluation")


def main() -> None:
    """Write the pictures into `screenshots/`."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(**browser_launch_arguments())
        with running_server(Path(folder) / "server.log") as server:
            take(server, browser)
        browser.close()


if __name__ == "__main__":
    main()
