"""The live page beside its worker: what is at work is left, found again, shared and given up.

Its models answer when a test lets them.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from benchmarks.serving import REPOSITORY
from components.errors import EngineError
from components.settings import load_settings
from components.ui import run_services, services
from components.ui.inference import run as controls
from tests.app.test_pages import TIMEOUT, everything_said, evidence_shown
from tests.support.gated_predictor import GatedPredictor

ME, OTHER = "0" * 32, "1" * 32
ONE, TWO, THREE = "nobody/one", "nobody/two", "nobody/three"
WAITS, NOT_RUN = "Waits for its turn.", "Not run on this product yet."


@pytest.fixture
def predictor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hub) -> Iterator[GatedPredictor]:
    """Models that answer when they may, on a host with a store of its own."""
    monkeypatch.setenv("BASEWISE_RUNS_FILE", str(tmp_path / "runs.sqlite"))
    gated = GatedPredictor()
    monkeypatch.setattr(services, "predictor", lambda: gated)
    st.cache_resource.clear()
    yield gated
    gated.let_all_answer()
    run_services.live().close(20)
    st.cache_resource.clear()


def visit(visitor: str = ME, run: tuple[str, ...] = (ONE, TWO), **query: str) -> AppTest:
    """The page in a new session of this visitor's."""
    at = AppTest.from_file(str(REPOSITORY / "app.py"), default_timeout=TIMEOUT)
    at.switch_page("pages/live_inference.py")
    at.session_state["visitor"] = visitor
    at.query_params["run"] = list(run)
    at.query_params["models"] = list(run)
    for name, value in query.items():
        at.query_params[name] = value
    return again(at)


def again(at: AppTest) -> AppTest:
    """The page as it is now, which a browser sees without a click."""
    at.run()
    assert not at.exception
    return at


def button(at: AppTest, label: str):
    return next(found for found in at.button if found.label == label)


def click(at: AppTest, label: str) -> AppTest:
    button(at, label).click().run()
    assert not at.exception
    return at


def pick(at: AppTest, *models: str) -> AppTest:
    at.main.multiselect[0].set_value(list(models)).run()
    assert not at.exception
    return at


def shows(at: AppTest, said: Callable[[str], bool], seconds: float = 30) -> AppTest:
    """The page once it says so."""
    deadline = time.monotonic() + seconds
    while not said(whole(at)):
        assert time.monotonic() < deadline, whole(at)
        time.sleep(0.05)
        again(at)
    return at


def whole(at: AppTest) -> str:
    bars = [element.proto.text for element in at.get("progress")]
    code = [element.value for element in at.code]
    metrics = [f"{metric.label} {metric.value}" for metric in at.metric]
    return "\n".join([everything_said(at), *bars, *code, *metrics]).replace("\\", "")


def test_each_result_is_there_as_soon_as_its_model_is_ready(predictor):
    at = click(visit(), "Predict")
    shows(at, lambda said: "Scoring prices: 40.0 %" in said)
    assert WAITS in whole(at)
    assert button(at, "Predict").disabled
    assert not button(at, "Stop").disabled
    predictor.priced.set()
    shows(at, lambda said: "Price is $12▌" in said and "Median price $129" in said)
    assert WAITS in whole(at)
    assert not at.get("plotly_chart")  # once all are there
    predictor.told.set()
    shows(at, lambda said: said.count("Median price $129") == 2)
    again(at)
    assert "▌" not in whole(at)
    assert len(at.get("plotly_chart")) == 2
    assert not button(at, "Predict").disabled
    assert button(at, "Stop").disabled
    assert predictor.asked == [ONE, TWO]


def test_what_ends_while_the_page_is_drawn_leaves_no_button_as_it_was_before(
    predictor, monkeypatch: pytest.MonkeyPatch
):
    draw_buttons = controls._buttons

    def end_it_after(*asked) -> bool:
        drawn = draw_buttons(*asked)
        deadline = time.monotonic() + 20
        while run_services.live().wanted_by(ME):
            predictor.let_all_answer()
            assert time.monotonic() < deadline
            time.sleep(0.01)
        return drawn

    monkeypatch.setattr(controls, "_buttons", end_it_after)
    at = click(visit(), "Predict")
    assert whole(at).count("Median price $129") == 2
    assert not button(at, "Predict").disabled
    assert button(at, "Stop").disabled


def test_a_visitor_who_leaves_and_comes_back_finds_it_at_work_and_then_its_answer(predictor):
    click(visit(), "Predict")
    at = visit()  # a refresh: another session
    shows(at, lambda said: "Scoring prices" in said)
    assert not button(at, "Stop").disabled
    assert button(at, "Predict").disabled
    predictor.let_all_answer()
    shows(at, lambda said: said.count("Median price $129") == 2)
    assert predictor.asked == [ONE, TWO]
    assert "Stopped" not in whole(visit())
    assert whole(visit()).count("Median price $129") == 2


def test_another_page_is_visited_meanwhile_and_the_review_says_how_it_stands(predictor):
    at = click(visit(run=(ONE,)), "Predict")
    at.switch_page("app.py").run()
    assert not at.exception
    assert "at work" in evidence_shown(at)
    predictor.let_all_answer()
    deadline = time.monotonic() + 20
    while "$129 (median)" not in evidence_shown(again(at)):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_taking_off_a_model_that_waits_does_not_stop_the_one_at_work(predictor):
    at = click(visit(), "Predict")
    shows(at, lambda said: "Scoring prices" in said)
    pick(at, ONE)
    assert "Scoring prices" in whole(at)
    predictor.let_all_answer()
    shows(at, lambda said: "Median price $129" in said)
    assert "Stopped" not in whole(at)
    assert predictor.asked == [ONE]
    pick(at, ONE, TWO)
    assert NOT_RUN in whole(at)


def test_a_model_added_while_another_is_at_work_waits_and_is_asked(predictor):
    at = click(visit(run=(ONE,)), "Predict")
    shows(at, lambda said: "Scoring prices" in said)
    pick(at, ONE, THREE)
    assert "Scoring prices" in whole(at)
    assert WAITS in whole(at)
    predictor.let_all_answer()
    shows(at, lambda said: said.count("Median price $129") == 2)
    assert predictor.asked == [ONE, THREE]


def test_stop_says_stopped_of_the_one_at_work_alone_and_nothing_is_kept_of_nothing(predictor):
    at = click(visit(), "Predict")
    shows(at, lambda said: "Scoring prices" in said)
    click(at, "Stop")
    said = whole(at)
    assert said.count("Stopped before it was finished: there is no result.") == 1
    assert "is kept" not in said
    assert NOT_RUN in said
    assert not button(at, "Predict").disabled
    assert button(at, "Stop").disabled
    assert "Stopped before it was finished: there is no result." in whole(visit())


def test_stop_keeps_the_prices_and_the_text_that_are_there(predictor):
    predictor.priced.set()
    at = click(visit(run=(ONE,)), "Predict")
    shows(at, lambda said: "▌" in said)
    click(at, "Stop")
    said = whole(at)
    assert "Stopped before it was finished; what there is is kept." in said
    assert "Median price $129" in said
    assert "Price is $12" in said.splitlines()
    assert len(at.get("plotly_chart")) == 2


def test_a_stranger_sees_it_at_work_joins_and_it_outlives_the_first_ones_stop(predictor):
    mine = click(visit(), "Predict")
    theirs = visit(OTHER)
    shows(theirs, lambda said: "Scoring prices" in said)
    assert "Another visitor asked this" in whole(theirs)
    assert button(theirs, "Stop").disabled
    click(theirs, "Predict")
    assert "Another visitor asked this" not in whole(theirs)
    click(mine, "Stop")
    said = whole(mine)
    assert "Stopped" not in said
    assert said.count("it goes on for another visitor") == 2
    predictor.let_all_answer()
    shows(theirs, lambda said: said.count("Median price $129") == 2)
    assert predictor.asked == [ONE, TWO]
    assert "goes on for another visitor" not in whole(again(mine))


def test_what_is_at_work_on_another_question_is_named_and_stopped_too(predictor):
    at = click(visit(run=(ONE,)), "Predict")
    shows(at, lambda said: "Scoring prices" in said)
    product = next(box for box in at.selectbox if box.label == "Product")
    product.set_value("sony-wh-1000xm4-2020").run()
    assert not at.exception
    assert "At work on other questions of yours: nobody/one. Stop ends these too." in whole(at)
    assert not button(at, "Predict").disabled
    click(at, "Stop")
    assert "At work on other questions" not in whole(at)
    assert button(at, "Stop").disabled


def test_a_failure_is_the_engines_own_sentence_and_a_fault_is_called_one(predictor):
    predictor.failures[ONE] = EngineError("It does not fit here.", way_out="Pick a smaller model.")
    predictor.failures[TWO] = KeyError("a name")
    predictor.let_all_answer()
    at = click(visit(), "Predict")
    shows(at, lambda said: "It does not fit here." in said and "A fault of Basewise's own" in said)
    assert "Pick a smaller model." in whole(at)
    again(at)
    assert not button(at, "Predict").disabled


def test_what_nobody_looked_at_says_so(predictor, monkeypatch):
    monkeypatch.setenv("BASEWISE_LIVE_UNWATCHED_SECONDS", "1")
    load_settings.cache_clear()
    at = click(visit(run=(ONE,)), "Predict")
    shows(at, lambda said: "Scoring prices" in said)
    time.sleep(1.3)
    assert "Ended, as nobody looked at it for 1 s: there is no result" in whole(visit())


def test_a_visitor_with_too_much_waiting_is_told_how_to_go_on(predictor, monkeypatch):
    monkeypatch.setenv("BASEWISE_LIVE_WAITING", "1")
    load_settings.cache_clear()
    at = click(visit(run=(ONE, TWO, THREE)), "Predict")
    assert "1 prediction of yours waits already" in everything_said(at)
    assert whole(at).count(NOT_RUN) == 1
