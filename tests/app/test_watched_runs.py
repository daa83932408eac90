"""A run at work as pages show it: watched by many, changed by its owner, gone on with by any page.

Its models follow a script, so that it is at work for as long as a test needs.
"""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from benchmarks.serving import REPOSITORY
from components.evaluation import RunStore
from components.evaluation.host import has_interrupted, host_store_path
from components.evaluation.score_table import stored_scores
from components.ui import run_services, services
from tests.app.test_pages import TIMEOUT, everything_said
from tests.support.scripted_runs import MODELS, ScriptedPredictor, plan

ME, OTHER = "0" * 32, "1" * 32
ROWS = 150


@pytest.fixture
def predictor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedPredictor]:
    """Models that follow a script, on a host with runs of its own."""
    monkeypatch.setenv("BASEWISE_RUNS_FILE", str(tmp_path / "runs.sqlite"))
    scripted = ScriptedPredictor()
    monkeypatch.setattr(services, "predictor", lambda: scripted)
    st.cache_resource.clear()
    yield scripted
    run_services.runner().close()
    st.cache_resource.clear()


def visit(visitor: str, run: str, page: str = "pages/evaluation.py") -> AppTest:
    """The page as this visitor sees it."""
    at = AppTest.from_file(str(REPOSITORY / "app.py"), default_timeout=TIMEOUT)
    if page != "app.py":
        at.switch_page(page)
    at.session_state["visitor"] = visitor
    at.query_params["evaluation"] = run
    at.run()
    assert not at.exception
    return at


def labels(at: AppTest) -> set[str]:
    return {button.label for button in at.button}


def click(at: AppTest, label: str) -> None:
    next(button for button in at.button if button.label == label).click().run(timeout=TIMEOUT)
    assert not at.exception


def state(run: str) -> str:
    return run_services.store().run(run).state


def wait_for(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.01)


def run_that_ended_unseen() -> None:
    import streamlit as st

    from components.ui.evaluation import runs

    run_id, was_at_work = st.session_state["run"], st.session_state.pop("was_at_work", False)
    runs._progress(run_id, was_at_work)


def test_a_click_in_the_moment_in_which_a_run_ends_counts(predictor):
    run = run_services.runner().start(plan(2), ME)
    wait_for(lambda: state(run) == "finished")
    at = AppTest.from_function(run_that_ended_unseen, default_timeout=TIMEOUT)
    at.session_state["visitor"] = ME
    at.session_state["run"] = run
    at.run()
    at.session_state["was_at_work"] = True
    next(button for button in at.button if button.label == "Delete").click().run()
    assert run not in {kept.id for kept in run_services.runner().runs()}


def test_whoever_started_a_run_pauses_resumes_stops_and_deletes_it_and_nobody_else(predictor):
    predictor.seconds = 0.1
    run = run_services.runner().start(plan(ROWS), ME)
    wait_for(lambda: run_services.store().run(run).done > 1)
    mine = visit(ME, run)
    assert {"Pause", "Stop", "Delete"} <= labels(mine)
    assert "predictions a minute" in everything_said(mine)
    assert "reload the page for more" in everything_said(mine)
    theirs = visit(OTHER, run)
    assert not {"Pause", "Stop", "Resume", "Delete"} & labels(theirs)
    assert "Another visitor started this run" in everything_said(theirs)

    click(mine, "Pause")
    wait_for(lambda: state(run) == "paused")
    done = run_services.store().run(run).done
    mine = visit(ME, run)
    assert "Paused" in everything_said(mine)
    assert {"Resume", "Delete"} <= labels(mine)
    assert "Pause" not in labels(mine)
    time.sleep(0.3)
    assert run_services.store().run(run).done == done

    click(mine, "Resume")
    wait_for(lambda: run_services.store().run(run).done > done)
    mine = visit(ME, run)
    click(mine, "Stop")
    wait_for(lambda: state(run) == "stopped")
    mine = visit(ME, run)
    assert "Stopped" in everything_said(mine)

    click(mine, "Delete")
    assert run not in {info.id for info in run_services.store().runs()}
    assert "There is no run" in everything_said(visit(OTHER, run))


def test_eight_sessions_watch_one_run_and_each_sees_it_grow(predictor):
    predictor.seconds = 0.02
    run = run_services.runner().start(plan(ROWS), ME)
    wait_for(lambda: run_services.store().run(run).done > 10)
    sessions = [visit(f"{number:032x}", run) for number in range(8)]
    for at in sessions:
        assert "Mean error of the median so far" in everything_said(at)
    wait_for(lambda: state(run) == "finished", 60)
    for at in sessions:
        at.run(timeout=TIMEOUT)
        assert not at.exception
        assert f"{ROWS} rows" in everything_said(at)
        assert "reload the page for more" not in everything_said(at)
    assert sorted(predictor.asked) == sorted(
        (model, f"row-{i}") for model in MODELS for i in range(ROWS)
    )


def test_eight_threads_read_scores_while_they_are_written_and_all_get_the_same(predictor):
    run = run_services.runner().start(plan(ROWS), ME)
    store, failures, frames = run_services.store(), [], {}

    def watch(number: int) -> None:
        try:
            while store.run(run).state != "finished":
                stored_scores(store, run, MODELS[0])
                run_services.runner().progress(run)
            found = stored_scores(store, run, MODELS[0])
            frames[number] = None if found is None else found.frame()
        except BaseException as error:
            failures.append(error)

    watchers = [threading.Thread(target=watch, args=[number]) for number in range(8)]
    for watcher in watchers:
        watcher.start()
    for watcher in watchers:
        watcher.join()
    assert failures == []
    assert all(frame is not None and frame.equals(frames[0]) for frame in frames.values())
    assert len(frames[0]) == ROWS


@pytest.mark.parametrize("page", ["app.py", "pages/leaderboard.py"])
def test_the_first_visit_of_any_page_goes_on_with_what_a_killed_server_left(predictor, page):
    left = RunStore(host_store_path())
    run = left.create(plan(4), ME).id
    left.set_state(run, "running")
    left.close()
    assert has_interrupted(host_store_path())
    visit(OTHER, run, page)
    wait_for(lambda: state(run) == "finished")
    assert not has_interrupted(host_store_path())


def test_where_nothing_was_interrupted_no_page_but_evaluation_starts_a_worker(
    predictor, monkeypatch
):
    store = RunStore(host_store_path())
    run = store.create(plan(4), ME).id
    store.set_state(run, "stopped")
    store.close()
    started = []
    monkeypatch.setattr(
        "components.evaluation.runner.Runner.resume_interrupted", lambda _: started.append(1)
    )
    visit(OTHER, run, "pages/leaderboard.py")
    assert started == []


@pytest.mark.parametrize("content", [None, b"", b"no database at all", b"SQLite format 3\0 cut"])
def test_a_file_that_holds_no_runs_has_none_interrupted(tmp_path, content):
    path = tmp_path / "runs.sqlite"
    if content is not None:
        path.write_bytes(content)
    assert not has_interrupted(path)
