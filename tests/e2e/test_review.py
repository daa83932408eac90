"""A new user's first minutes, a decision that a link brings back, and pages for everybody."""

import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from benchmarks.serving import Server
from tests.e2e.test_app import choose

PAGES = ("", "leaderboard", "tokenizer_inspector", "live_inference", "evaluation")
GEMMA, QWEN = "google/gemma-2-9b", "Qwen/Qwen2.5-7B"


def settle(page: Page) -> None:
    """Wait until the page's script has run, with what follows it."""
    page.wait_for_selector("h1", timeout=90_000)  # before, nothing runs either
    done = '[data-testid="stApp"][data-test-script-state="notRunning"]'
    for _ in range(2):
        page.wait_for_selector(done, timeout=90_000)
        page.wait_for_timeout(700)


def test_base_models_are_one_click_from_home_and_a_price_is_at_most_three(
    server: Server, page: Page
):
    page.goto(server.address())
    expect(page.locator(".evidence")).to_be_visible(timeout=90_000)
    page.get_by_role("link", name="Base models up to 9B").click()  # 1
    expect(page.get_by_text(re.compile(r"^\d\d models by average"))).to_be_visible()
    expect(page).to_have_url(re.compile("max_b=9"))
    page.go_back()
    expect(page.locator(".evidence")).to_be_visible(timeout=90_000)
    page.get_by_role("link", name="Price one product").click()  # 1
    if page.get_by_text("A computed example").count() == 0:
        stand_ins = page.get_by_role("button", name="Run the two small stand-ins")
        expect(stand_ins).to_be_visible(timeout=30_000)
    expect(page.get_by_text("A computed example")).to_be_visible()
    expect(page.get_by_text("Median price")).to_have_count(2)


def handed_over(page: Page, name: str, server: Server, folder: Path) -> str:
    """A file of the menu, its server's address taken out."""
    menu = page.get_by_role("button", name="Hand over")
    if page.get_by_role("button", name=name).count() == 0:
        menu.click()
    with page.expect_download() as download:
        page.get_by_role("button", name=name).click()
    file = folder / "record"
    download.value.save_as(file)
    return file.read_text(encoding="utf-8").replace(server.url, "")


def test_a_link_brings_a_decision_back_on_a_cold_server_with_the_same_record(
    server: Server, fresh_server: Server, page: Page, browser: Browser, tmp_path: Path
):
    page.goto(server.address(models=[GEMMA, QWEN], must_licence="permissive"))
    expect(page.locator(".evidence")).to_be_visible(timeout=90_000)
    settle(page)
    choose(page, "The model", "Qwen2.5 7B")
    why = page.get_by_label("Why", exact=True)
    expect(why).to_have_value(re.compile("Its own average is 26.02, the best of the 2"))
    why.fill("Because it may be shipped. " * 100)
    why.press("Control+Enter")
    expect(page).to_have_url(re.compile("why=~"))
    settle(page)
    link = page.url.replace(server.url, fresh_server.url)
    elsewhere = browser.new_context().new_page()
    elsewhere.goto(link)
    expect(elsewhere.get_by_label("Why", exact=True)).to_have_value(
        "Because it may be shipped. " * 100, timeout=90_000
    )
    expect(elsewhere.get_by_text("Struck out.")).to_be_visible()
    settle(elsewhere)
    for name in ("HTML page", "Markdown"):
        assert handed_over(page, name, server, tmp_path) == handed_over(
            elsewhere, name, fresh_server, tmp_path
        )
    elsewhere.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_serious_finding_of_axe(server: Server, browser: Browser, scheme):
    page = browser.new_context(
        viewport={"width": 1366, "height": 900}, color_scheme=scheme
    ).new_page()
    found = []
    for path in PAGES:
        page.goto(server.address(path))
        settle(page)
        for violation in Axe().run(page).response["violations"]:
            if violation["impact"] in ("serious", "critical"):
                nodes = [node["html"][:200] for node in violation["nodes"][:3]]
                found.append((path, violation["id"], nodes))
    page.context.close()
    assert found == []


def test_a_chart_fits_a_phone_and_one_that_needs_a_pages_width_scrolls_in_its_box(
    server: Server, browser: Browser
):
    page = browser.new_context(viewport={"width": 390, "height": 844}).new_page()
    page.goto(server.address("evaluation", view="calibration"))
    expect(page.get_by_test_id("stPlotlyChart")).to_have_count(2)
    page.wait_for_timeout(500)
    widths = page.locator(".js-plotly-plot").evaluate_all("all => all.map(one => one.scrollWidth)")
    assert max(widths) <= 390
    title = page.locator(".js-plotly-plot .gtitle").first
    assert title.locator("tspan").count() == 2
    page.goto(server.address("leaderboard", chart="twins"))
    chart = page.get_by_test_id("stPlotlyChart")
    expect(chart).to_have_count(1)
    box = chart.bounding_box()
    assert box is not None
    assert box["width"] >= 680
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.context.close()


def test_no_page_scrolls_sideways_on_a_phone(server: Server, browser: Browser):
    page = browser.new_context(viewport={"width": 390, "height": 844}).new_page()
    for path in PAGES:
        page.goto(server.address(path))
        settle(page)
        widths = page.evaluate(
            "[document.documentElement.scrollWidth,"
            " document.querySelector('[data-testid=stMain]').scrollWidth]"
        )
        assert max(widths) <= 390, path
    page.context.close()
