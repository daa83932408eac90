"""Live predictions in a worker: shared by visitors, given up by each for themselves, bounded."""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from components.errors import EngineError, FaultError, QueueError
from components.evaluation import InferenceSettings, LivePredictions, LiveRequest, own_item
from components.evaluation.live import State
from components.settings import Settings
from tests.support.gated_predictor import GatedPredictor

ME, OTHER = "visitor-1", "visitor-2"
HOW = InferenceSettings()


def request(model: str = "one", prompt: str = "A lamp. Price is $") -> LiveRequest:
    return LiveRequest(f"nobody/{model}", own_item(prompt), HOW)


ONE, TWO, THREE = request("one"), request("two"), request("three")


@pytest.fixture
def predictor() -> GatedPredictor:
    return GatedPredictor()


@pytest.fixture
def live(predictor: GatedPredictor) -> Iterator[LivePredictions]:
    live = LivePredictions(predictor, Settings())
    yield live
    predictor.let_all_answer()
    live.close(20)


def wait_for(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.002)


def state(live: LivePredictions, visitor: str, asked: LiveRequest = ONE) -> State | None:
    standing = live.standing(visitor, asked)
    return None if standing is None else standing.state


def reach(live: LivePredictions, visitor: str, wanted: State, asked: LiveRequest = ONE) -> None:
    wait_for(lambda: state(live, visitor, asked) == wanted)


def reach_text(live: LivePredictions, visitor: str, asked: LiveRequest = ONE) -> None:
    """Until the prices are there and the text has begun."""

    def begun() -> bool:
        standing = live.standing(visitor, asked)
        return standing is not None and standing.prediction is not None

    wait_for(begun)


def test_an_answer_comes_in_steps_and_whoever_asked_has_it(live, predictor):
    live.ask(ME, ONE)
    wait_for(lambda: live.standing(ME, ONE).doing is not None)
    assert live.standing(ME, ONE).doing.stage == "Scoring prices"
    assert live.standing(ME, ONE).prediction is None
    predictor.priced.set()
    reach_text(live, ME)
    half = live.standing(ME, ONE)
    assert (half.state, half.mine, half.prediction.finished) == ("running", True, False)
    predictor.told.set()
    reach(live, ME, "finished")
    assert live.standing(ME, ONE).prediction.distribution.mode == 129
    assert live.standing(ME, ONE).prediction.finished
    assert live.standing(OTHER, ONE) is None  # the store has it for others
    assert live.wanted_by(ME) == []


def test_two_visitors_who_ask_the_same_share_one_computation(live, predictor):
    live.ask(ME, ONE)
    live.ask(OTHER, ONE)
    predictor.let_all_answer()
    reach(live, ME, "finished")
    assert state(live, OTHER) == "finished"
    assert predictor.asked == ["nobody/one"]


def test_what_is_known_of_the_item_is_the_askers_own_where_the_question_is_shared(live, predictor):
    mine = replace(ONE, item=replace(ONE.item, actual=10.0))
    live.ask(OTHER, ONE)
    live.ask(ME, mine)
    predictor.let_all_answer()
    reach(live, ME, "finished", mine)
    assert live.standing(ME, mine).prediction.item.actual == 10.0
    assert live.standing(OTHER, ONE).prediction.item.actual is None
    assert len(predictor.asked) == 1


def test_who_gives_up_what_another_waits_for_stops_nothing(live, predictor):
    live.ask(ME, ONE)
    live.ask(OTHER, ONE)
    live.give_up(ME)
    assert state(live, ME) == "left"
    assert state(live, OTHER) == "running"
    predictor.let_all_answer()
    reach(live, OTHER, "finished")
    assert live.standing(ME, ONE) is None


def test_the_last_to_give_it_up_stops_it_at_once_and_keeps_what_is_there(live, predictor):
    live.ask(ME, ONE)
    live.ask(OTHER, ONE)
    predictor.priced.set()
    reach_text(live, ME)
    live.give_up(ME)
    live.give_up(OTHER)
    assert state(live, ME) is None
    stopped = live.standing(OTHER, ONE)
    assert (stopped.state, stopped.prediction.continuation) == ("stopped", "12")
    wait_for(lambda: not live._threads, 2)


def test_stop_before_there_are_prices_keeps_nothing(live):
    live.ask(ME, ONE)
    reach(live, ME, "running")
    live.give_up(ME)
    assert state(live, ME) == "stopped"
    assert live.standing(ME, ONE).prediction is None


def test_of_what_only_waited_nothing_is_said_to_be_stopped(live, predictor):
    for asked in (ONE, TWO):
        live.ask(ME, asked)
    assert (state(live, ME, ONE), state(live, ME, TWO)) == ("running", "waiting")
    live.give_up(ME)
    assert state(live, ME, ONE) == "stopped"
    assert live.standing(ME, TWO) is None
    assert predictor.asked == ["nobody/one"]


def test_giving_up_one_that_waits_leaves_the_one_at_work_alone(live, predictor):
    for asked in (ONE, TWO, THREE):
        live.ask(ME, asked)
    live.give_up(ME, [TWO])
    predictor.let_all_answer()
    reach(live, ME, "finished", THREE)
    assert state(live, ME, ONE) == "finished"
    assert live.standing(ME, TWO) is None
    assert predictor.asked == ["nobody/one", "nobody/three"]


def test_a_visitors_requests_take_turns_and_hold_up_nobody_else(live, predictor):
    for asked in (ONE, TWO):
        live.ask(ME, asked)
    live.ask(OTHER, THREE)
    wait_for(lambda: len(predictor.asked) == 2)
    assert predictor.asked == ["nobody/one", "nobody/three"]
    assert state(live, ME, TWO) == "waiting"
    live.ask(OTHER, TWO)  # its other visitor is at work too
    assert state(live, OTHER, TWO) == "waiting"
    live.ask("visitor-3", TWO)
    reach(live, ME, "running", TWO)


def test_no_more_are_worked_on_at_a_time_than_the_host_allows(predictor):
    live = LivePredictions(predictor, Settings(live_jobs=2))
    for number in range(4):
        live.ask(f"visitor-{number}", request(str(number)))
    wait_for(lambda: len(predictor.asked) == 2)
    assert [state(live, f"visitor-{n}", request(str(n))) for n in range(4)] == [
        *["running"] * 2,
        *["waiting"] * 2,
    ]
    predictor.let_all_answer()
    for number in range(4):
        reach(live, f"visitor-{number}", "finished", request(str(number)))


def test_a_visitor_who_asks_for_too_much_is_told_so_and_others_are_not(predictor):
    live = LivePredictions(predictor, Settings(live_waiting=2))
    for name in ("at-work", "a", "b"):
        live.ask(ME, request(name))
    with pytest.raises(QueueError, match="2 predictions of yours wait already"):
        live.ask(ME, request("c"))
    live.ask(ME, request("a"))  # it waits already
    live.ask(OTHER, request("c"))
    predictor.let_all_answer()
    reach(live, OTHER, "finished", request("c"))


@pytest.mark.slow
@pytest.mark.parametrize("begun", [True, False])
def test_what_nobody_looks_at_is_ended_and_whoever_looks_keeps_it(predictor, begun):
    live = LivePredictions(predictor, Settings(live_unwatched_seconds=1))
    if not begun:
        live.ask(ME, TWO)
    live.ask(ME, ONE)
    until = time.monotonic() + 1.5
    while time.monotonic() < until:
        assert state(live, OTHER) == ("running" if begun else "waiting")
        live.standing(ME, TWO)
        time.sleep(0.05)
    time.sleep(1.2)
    assert live.wanted_by(ME) == []
    assert state(live, ME) == "abandoned"
    assert live.standing(OTHER, ONE) is None
    wait_for(lambda: not live._threads, 2)
    live.ask(ME, ONE)
    predictor.let_all_answer()
    reach(live, ME, "finished")


def test_a_models_failure_is_shown_in_its_own_words_and_can_be_tried_again(live, predictor):
    predictor.priced.set()
    predictor.failures["nobody/one"] = EngineError("It does not fit.", way_out="Pick another.")
    live.ask(ME, ONE)
    live.ask(ME, TWO)
    reach(live, ME, "failed")
    assert live.standing(ME, ONE).error.problem == "It does not fit."
    predictor.failures.clear()
    live.ask(ME, ONE)
    assert live.standing(ME, ONE).error is None
    predictor.told.set()
    reach(live, ME, "finished", TWO)
    reach(live, ME, "finished")


def test_a_fault_of_ours_is_logged_with_its_traceback_and_ends_no_worker(live, predictor, caplog):
    predictor.let_all_answer()
    predictor.failures["nobody/one"] = KeyError("/srv/secret/path")
    with caplog.at_level(logging.ERROR):
        live.ask(ME, ONE)
        live.ask(ME, TWO)
        reach(live, ME, "finished", TWO)
    error = live.standing(ME, ONE).error
    assert isinstance(error, FaultError)
    assert "KeyError" in str(error)
    assert "secret" not in str(error)
    assert "/srv/secret/path" in caplog.text
    assert "Traceback" in caplog.text


def test_what_was_stopped_is_asked_anew(live, predictor):
    live.ask(ME, ONE)
    reach(live, ME, "running")
    live.give_up(ME)
    live.ask(ME, ONE)
    assert state(live, ME) in ("waiting", "running")
    predictor.let_all_answer()
    reach(live, ME, "finished")
    assert predictor.asked == ["nobody/one"] * 2


def test_what_was_done_before_stop_reached_it_is_said_to_be_finished(live, predictor):
    predictor.deaf.add("nobody/one")
    live.ask(ME, ONE)
    reach(live, ME, "running")
    live.give_up(ME)
    assert state(live, ME) == "stopped"
    predictor.told.set()
    reach(live, ME, "finished")
    assert live.standing(ME, ONE).prediction.finished


def test_one_that_hears_no_stop_holds_up_neither_its_visitor_nor_others(live, predictor):
    predictor.deaf.add("nobody/one")
    live.ask(ME, ONE)
    reach(live, ME, "running")
    live.give_up(ME)
    predictor.priced.set()
    live.ask(ME, TWO)
    reach_text(live, ME, TWO)


def test_whoever_looks_at_anothers_sees_how_far_it_is_and_stops_nothing(live, predictor):
    live.ask(ME, ONE)
    reach(live, OTHER, "running")
    assert not live.standing(OTHER, ONE).mine
    assert live.wanted_by(OTHER) == []
    live.give_up(OTHER)
    assert state(live, ME) == "running"


def test_one_that_ends_with_its_process_stops_within_its_seconds(live, predictor):
    live.ask(ME, ONE)
    live.ask(ME, TWO)
    reach(live, ME, "running")
    started = time.monotonic()
    live.close(5)
    assert time.monotonic() - started < 5
    assert state(live, ME) == "stopped"
    assert predictor.asked == ["nobody/one"]
