"""Live predictions in a real browser: they go on when it leaves, and Stop stops what is its own.

The models are real; the test holds their passes, so that it decides what it meets at work.
"""

import re
import shutil
import signal

from playwright.sync_api import Browser, Page, WebSocket, expect

from components.assets import cache_root
from components.evaluation import RunStore
from tests.e2e.test_app import SMOL, expect_no_error
from tests.support.gated_server import HeldServer

GEMMA = "google/gemma-3-270m"
LOAD_MS = 240_000
PREDICT, STOP = "Predict", "Stop"
KEPT = "Stopped before it was finished; what there is is kept."


def predict(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_role("button", name=PREDICT).click()
    expect(page.get_by_role("button", name=STOP)).to_be_enabled()


def test_it_goes_on_while_the_page_is_left_refreshed_and_closed(held: HeldServer, browser: Browser):
    held.hold("text")
    context = browser.new_context()
    page = context.new_page()
    address = held.address("What does it cost?", SMOL)
    predict(page, address)
    page.get_by_test_id("stSidebar").get_by_role("link", name="Leaderboard").click()
    expect(page.get_by_test_id("stDataFrame").first).to_be_visible()
    page.get_by_test_id("stSidebar").get_by_role("link", name="Live inference").click()
    expect(page.get_by_text("▌")).to_be_visible(timeout=LOAD_MS)  # priced meanwhile
    page.reload()
    expect(page.get_by_text("▌")).to_be_visible()
    expect(page.get_by_role("button", name=STOP)).to_be_enabled()  # still this visitor's
    page.close()
    held.let_go()
    page = context.new_page()
    page.goto(address)
    expect(page.get_by_text("Median price")).to_be_visible()
    expect(page.get_by_role("button", name=STOP)).to_be_disabled()
    expect(page.get_by_text("▌")).to_have_count(0)
    expect(page.get_by_text(re.compile("Stopped"))).to_have_count(0)
    expect_no_error(page)
    context.close()


def test_a_waiting_model_is_taken_off_while_another_is_at_work(held: HeldServer, page: Page):
    held.hold("text")
    predict(page, held.address("How much?", SMOL, GEMMA))
    expect(page.get_by_text("▌")).to_be_visible(timeout=LOAD_MS)
    expect(page.get_by_text("Waits for its turn.")).to_be_visible()
    page.get_by_test_id("stMain").get_by_role("button", name="Remove Gemma 3 270M").click()
    expect(page.get_by_text("Waits for its turn.")).to_have_count(0)
    expect(page.get_by_text("▌")).to_be_visible()
    held.let_go()
    expect(page.get_by_text("▌")).to_have_count(0, timeout=LOAD_MS)
    expect(page.get_by_text("Median price")).to_have_count(1)
    expect(page.get_by_text(re.compile("Stopped"))).to_have_count(0)
    expect(page.get_by_role("button", name=STOP)).to_be_disabled()
    expect_no_error(page)


def test_stop_is_seen_at_once_keeps_what_is_there_and_leaves_another_visitors_alone(
    held: HeldServer, browser: Browser
):
    held.hold("text")
    mine, theirs = browser.new_context().new_page(), browser.new_context().new_page()
    address = held.address("Its price?", SMOL)
    predict(mine, address)
    expect(mine.get_by_text("▌")).to_be_visible(timeout=LOAD_MS)
    predict(theirs, address)
    expect(theirs.get_by_text("▌")).to_be_visible()
    mine.get_by_role("button", name=STOP).click()
    expect(mine.get_by_text("it goes on for another visitor")).to_be_visible()
    expect(mine.get_by_text("Stopped")).to_have_count(0)
    expect(theirs.get_by_text("▌")).to_be_visible()
    theirs.get_by_role("button", name=STOP).click()
    expect(theirs.get_by_text(KEPT)).to_be_visible()
    expect(theirs.get_by_text("Median price")).to_be_visible()
    expect_no_error(theirs)
    for page in (mine, theirs):
        page.context.close()


def test_stop_stops_and_keeps_what_was_generated(held: HeldServer, page: Page):
    held.hold("text")  # after its first token
    predict(page, held.address("What does it cost to the nearest dollar?", SMOL, GEMMA))
    expect(page.get_by_text(re.compile(r"^Price is \$.+▌"))).to_be_visible(timeout=LOAD_MS)
    page.get_by_role("button", name=STOP).click()
    expect(page.get_by_text(KEPT)).to_be_visible()
    expect(page.get_by_text("Not run on this product yet.")).to_be_visible()
    kept = page.get_by_text(re.compile(r"^Price is \$.")).inner_text()
    assert len(kept) < len("Price is $199.99.\n\nThe tablet is available for")
    expect(page.get_by_role("button", name=PREDICT)).to_be_enabled()
    expect_no_error(page)


def test_stop_while_prices_are_scored_keeps_nothing(held: HeldServer, page: Page):
    held.hold("Scoring prices")
    predict(page, held.address("a?", SMOL, tolerance="0"))
    expect(page.get_by_text(re.compile("Scoring prices: "))).to_be_visible(timeout=LOAD_MS)
    page.get_by_role("button", name=STOP).click()
    expect(page.get_by_text("Stopped before it was finished: there is no result.")).to_be_visible()
    expect(page.get_by_text("Median price")).to_have_count(0)
    expect(page.get_by_role("button", name=PREDICT)).to_be_enabled()
    expect_no_error(page)


def test_the_first_uses_check_is_said_and_stop_stops_it(fresh_held: HeldServer, page: Page):
    shutil.rmtree(cache_root() / "checks", ignore_errors=True)  # what earlier runs found out
    fresh_held.hold("First use of this model")
    predict(page, fresh_held.address("A tablet.", SMOL))
    expect(page.get_by_text(re.compile("First use of this model"))).to_be_visible(timeout=LOAD_MS)
    expect(page.get_by_role("button", name=STOP)).to_have_count(1)  # Streamlit's own has none
    page.get_by_role("button", name=STOP).click()
    expect(page.get_by_text("Stopped before it was finished")).to_be_visible()
    expect(page.get_by_text("Median price")).to_have_count(0)
    expect_no_error(page)
    fresh_held.let_go()
    page.get_by_role("button", name=PREDICT).click()
    expect(page.get_by_text("Median price")).to_be_visible(timeout=LOAD_MS)


def test_a_page_at_rest_asks_the_server_for_nothing(held: HeldServer, page: Page):
    frames: list[object] = []

    def listen(socket: WebSocket) -> None:
        socket.on("framereceived", lambda frame: frames.append(frame))

    page.on("websocket", listen)
    predict(page, held.address("What is it worth?", SMOL))
    expect(page.get_by_text("Median price")).to_be_visible(timeout=LOAD_MS)
    expect(page.get_by_test_id("stPlotlyChart")).to_have_count(2)
    expect(page.get_by_role("button", name=STOP)).to_be_disabled()
    page.wait_for_timeout(1500)
    before = len(frames)
    assert before > 0
    page.wait_for_timeout(2000)
    assert len(frames) == before


def test_a_signal_ends_the_server_with_a_prediction_at_work_and_nothing_is_lost(
    fresh_held: HeldServer, page: Page
):
    held = fresh_held
    predict(page, held.address("Price, please?", SMOL))
    expect(page.get_by_text("Median price")).to_be_visible(timeout=LOAD_MS)
    expect(page.get_by_role("button", name=STOP)).to_be_disabled()
    held.hold("text")
    predict(page, held.address("And what is it worth?", SMOL))
    expect(page.get_by_text("▌")).to_be_visible(timeout=LOAD_MS)
    held.server.process.send_signal(signal.SIGTERM)
    held.server.process.wait(20)  # the prediction is held for ever
    assert "Traceback" not in held.log.read_text(errors="replace")
    store = RunStore(held.runs_file)
    (kept,) = store.live()
    assert kept.prediction is not None
    store.close()
