"""Recorded runs in a real browser: they outlive the page, and are the same for everybody."""

import re

from playwright.sync_api import Browser, Page, expect

from benchmarks.serving import Server
from tests.e2e.test_app import SMOL, expect_no_error, query


def start_a_run(page: Page, server: Server, *, rows: int) -> str:
    """Start a run of one small model; its address."""
    page.goto(server.address("evaluation", evaluate=[SMOL], sample=rows))
    page.get_by_text("New run").click()
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("combobox", name="Run", exact=True)).to_have_value(
        re.compile(rf"{rows} rows")
    )
    return page.url


def test_a_run_goes_on_when_its_tab_is_closed_and_its_link_shows_it(
    server: Server, browser: Browser
):
    first = browser.new_context().new_page()
    address = start_a_run(first, server, rows=4)
    first.context.close()
    page = browser.new_context().new_page()
    page.goto(address)
    expect(page.get_by_role("combobox", name="Run", exact=True)).to_have_value(
        re.compile("4 rows, SmolLM2.*; finished"), timeout=240_000
    )
    expect(page.get_by_text("Mean absolute error by model and read-out").first).to_be_visible()
    expect_no_error(page)
    page.context.close()


def test_the_bundled_run_is_shown_before_any_click_and_on_a_narrow_screen(
    server: Server, browser: Browser
):
    page = browser.new_context(viewport={"width": 390, "height": 844}).new_page()
    page.goto(server.address("evaluation"))
    expect(
        page.get_by_text(re.compile("107 rows (do not )?tell these apart")).first
    ).to_be_visible()
    expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible()
    expect_no_error(page)
    wider = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    assert not wider
    page.context.close()


def test_a_view_of_a_run_is_in_the_address(server: Server, page: Page):
    page.goto(server.address("evaluation"))
    page.get_by_role("radio", name="Calibration").or_(
        page.get_by_role("button", name="Calibration")
    ).first.click()
    expect(page).to_have_url(re.compile("view=calibration"))
    assert query(page)["view"] == ["calibration"]


def test_after_a_refresh_a_visitors_run_is_still_theirs_and_nobody_elses(
    server: Server, browser: Browser
):
    mine, other = browser.new_context(), browser.new_context()
    page = mine.new_page()
    address = start_a_run(page, server, rows=3)
    delete = page.get_by_role("button", name="Delete")
    expect(delete).to_be_visible()
    page.reload()
    expect(delete).to_be_visible()
    page.close()
    page = mine.new_page()
    page.goto(address)
    expect(page.get_by_role("button", name="Delete")).to_be_visible()
    stranger = other.new_page()
    stranger.goto(address)
    expect(stranger.get_by_role("button", name="Run as a file")).to_be_visible()
    expect(stranger.get_by_role("button", name="Delete")).to_have_count(0)
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("combobox", name="Run", exact=True)).not_to_have_value(
        re.compile("3 rows")
    )
    expect_no_error(page)
    mine.close()
    other.close()
