"""What is typed and picked while the page around it changes.

What runs meanwhile is real; the test holds it, so that it decides when a page is drawn anew.
"""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from benchmarks.serving import Server
from tests.e2e.test_app import GPT2, SMOL, click_star, expect_no_error, expect_shortlist
from tests.e2e.test_live import GEMMA, LOAD_MS, PREDICT, STOP, predict
from tests.support.gated_server import HeldServer

KEY_MS = 40  # between two keys


def search(page: Page, where: str, name: str) -> Locator:
    return page.get_by_test_id(where).get_by_role("combobox", name=name)


def start_typing(page: Page, box: Locator, text: str) -> None:
    box.click()
    page.keyboard.type(text, delay=KEY_MS)
    expect(box).to_have_value(text)


@pytest.mark.parametrize(
    ("where", "name"), [("stSidebar", "Shortlist"), ("stMain", "Models to run")]
)
def test_a_name_half_typed_survives_the_end_of_a_prediction(
    held: HeldServer, page: Page, where: str, name: str
):
    held.hold("text")
    picked = [SMOL] if where == "stMain" else []
    predict(page, held.address(f"{name}, half typed?", *picked, models=[SMOL]))
    expect(page.get_by_text("▌")).to_be_visible(timeout=LOAD_MS)
    box = search(page, where, name)
    start_typing(page, box, "gemma 3 ")
    page.wait_for_timeout(1500)  # the cards are drawn anew meanwhile
    expect(box).to_have_value("gemma 3 ")
    held.let_go()
    # The whole page is drawn anew; of what is outside an open list no roles are told.
    expect(page.get_by_test_id("stPlotlyChart")).to_have_count(2, timeout=LOAD_MS)
    expect(box).to_have_value("gemma 3 ")
    expect(page.get_by_role("option", name="Gemma 3 270M", exact=True)).to_be_visible()
    page.keyboard.type("270m", delay=KEY_MS)
    page.keyboard.press("Enter")
    chip = page.get_by_test_id(where).locator('button[aria-label="Remove Gemma 3 270M"]')
    expect(chip).to_be_visible()
    expect(page.get_by_text("Not run on this product yet.")).to_be_visible()
    expect_no_error(page)


@pytest.mark.parametrize("typed", ["gemma 3 270m", GEMMA])
def test_a_model_typed_while_another_is_at_work_is_asked_too(
    held: HeldServer, page: Page, typed: str
):
    held.hold("text")
    predict(page, held.address(f"{typed}, typed meanwhile?", models=[SMOL]))
    expect(page.get_by_text("▌")).to_be_visible(timeout=LOAD_MS)
    start_typing(page, search(page, "stSidebar", "Shortlist"), typed)
    page.keyboard.press("Enter")
    expect_shortlist(page, "SmolLM2 135M Instruct", "Gemma 3 270M")
    expect(page.get_by_text("Waits for its turn.")).to_be_visible()
    expect(page.get_by_text("▌")).to_be_visible()
    held.let_go()
    expect(page.get_by_text("Median price")).to_have_count(2, timeout=LOAD_MS)
    expect_no_error(page)


def test_a_typed_name_is_picked_with_the_mouse_while_another_is_at_work(
    held: HeldServer, page: Page
):
    held.hold("text")
    predict(page, held.address("Picked with the mouse?", models=[SMOL]))
    expect(page.get_by_text("▌")).to_be_visible(timeout=LOAD_MS)
    start_typing(page, search(page, "stSidebar", "Shortlist"), "gemma 3 270")
    page.wait_for_timeout(1500)  # the cards are drawn anew meanwhile
    page.get_by_role("option", name="Gemma 3 270M", exact=True).click()
    expect_shortlist(page, "SmolLM2 135M Instruct", "Gemma 3 270M")
    expect(page.get_by_text("Waits for its turn.")).to_be_visible()
    expect_no_error(page)


def test_a_description_half_typed_survives_the_end_of_a_prediction(held: HeldServer, page: Page):
    held.hold("text")
    address = held.address("Half described?", SMOL, product="own", description="A brass bell.")
    predict(page, address)
    expect(page.get_by_text("▌")).to_be_visible(timeout=LOAD_MS)
    description = page.get_by_label("Description")
    description.press("Control+End")
    page.keyboard.type(" It rings", delay=KEY_MS)
    held.let_go()
    expect(page.get_by_role("button", name=STOP)).to_be_disabled(timeout=LOAD_MS)
    expect(page.get_by_test_id("stPlotlyChart")).to_have_count(2)
    expect(description).to_have_value("A brass bell. It rings")
    page.keyboard.type(" loudly.", delay=KEY_MS)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Press Predict to run the models")).to_be_visible()
    expect(page.get_by_role("button", name=PREDICT)).to_be_enabled()
    expect(description).to_have_value("A brass bell. It rings loudly.")
    expect_no_error(page)


def test_names_are_typed_one_after_the_other_on_the_leaderboard_without_a_pause(
    server: Server, page: Page
):
    page.goto(server.address("leaderboard", models=[GPT2]))
    expect(page.get_by_test_id("stDataFrame").first).to_be_visible()
    start_typing(page, search(page, "stSidebar", "Shortlist"), "gemma 3 270m")
    for name in ("gemma 2 9b", "qwen2.5 7b"):
        page.keyboard.press("Enter")
        page.keyboard.type(name, delay=100)  # the page is drawn anew for the one before
    page.keyboard.press("Enter")
    expect_shortlist(page, "GPT-2 124M", "Gemma 3 270M", "Gemma 2 9B", "Qwen2.5 7B")
    expect_no_error(page)


def test_a_name_is_typed_into_the_leaderboards_shortlist_after_a_star(server: Server, page: Page):
    page.goto(server.address("leaderboard", models=[GPT2]))
    click_star(page, 1)  # GPT-2 is pinned above
    expect_shortlist(page, "GPT-2 124M", "Qwen/Qwen2.5-72B-Instruct")
    start_typing(page, search(page, "stSidebar", "Shortlist"), "gemma 3 270m")
    page.keyboard.press("Enter")
    expect_shortlist(page, "GPT-2 124M", "Qwen/Qwen2.5-72B-Instruct", "Gemma 3 270M")
    expect_no_error(page)


# Charts wait for an idle browser. Here it becomes idle in the task in which Enter does its work,
# just before: what both change is sent as one.
_IDLE_AT_ENTER = """
window.waiting = [];
const whenIdle = window.requestIdleCallback.bind(window);
window.requestIdleCallback = call => window.waiting.push(call);
window.addEventListener("keydown", event => {
    if (event.key !== "Enter") return;
    window.requestIdleCallback = whenIdle;
    window.waiting.forEach(call => call());
}, { capture: true });
"""


def press_enter_as_charts_are_first_drawn(page: Page, where: Locator, *, charts: int) -> None:
    page.wait_for_function(f"window.waiting.length === {charts}")
    where.press("Enter")


def test_a_choice_made_in_the_moment_of_the_first_paint_is_shown(server: Server, page: Page):
    page.add_init_script(_IDLE_AT_ENTER)
    page.goto(server.address("tokenizer_inspector", models=[GPT2]))
    context = search(page, "stMain", "Context")
    context.fill("USD {n:,}")
    press_enter_as_charts_are_first_drawn(page, context, charts=3)
    expect(page).to_have_url(re.compile("context=USD"))
    expect(page.get_by_text("Tokens that each number takes, in “USD {n:,}”")).to_be_visible()
    page.get_by_role("tab", name="First token").click()
    expect(page.get_by_test_id("stPlotlyChart").locator(".main-svg").first).to_be_attached()
    expect(page.get_by_test_id("stPlotlyChart")).to_have_count(3)
    expect_no_error(page)


def test_a_button_pressed_in_the_moment_of_the_first_paint_is_pressed(
    server: Server, page: Page, tmp_path: Path
):
    no_run = tmp_path / "no-run.sqlite"
    no_run.write_text("This is no database.")
    page.add_init_script(_IDLE_AT_ENTER)
    page.goto(server.address("evaluation"))
    page.get_by_text("Bring in a run that was computed elsewhere").click()
    page.get_by_test_id("stFileUploaderDropzoneInput").first.set_input_files(no_run)
    button = page.get_by_test_id("stButton").get_by_role("button", name="Import")
    expect(button).to_be_visible()
    press_enter_as_charts_are_first_drawn(page, button, charts=1)
    said = page.get_by_test_id("stAlert").filter(has_text="Give a file that export wrote")
    expect(said).to_be_visible()
    expect_no_error(page)
