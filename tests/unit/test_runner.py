"""The worker that outlives pages: start, pause, resume, stop, delete, and what goes wrong."""

import sqlite3
import threading
import time
from collections.abc import Callable

import pytest

from components.control import Control
from components.errors import RunError, StoppedError
from components.evaluation import RunStore
from components.evaluation.runner import Runner
from components.evaluation.transfer import export_run, import_run
from components.evaluation.work import carry_out
from components.settings import Settings
from tests.support.model_ids import unrevised
from tests.support.scripted_runs import MODELS, ScriptedPredictor, plan, prediction

ME, OTHER = "visitor-1", "visitor-2"


@pytest.fixture
def store(tmp_path):
    store = RunStore(tmp_path / "runs.sqlite", busy_seconds=0.3)
    yield store
    store.close()


@pytest.fixture
def predictor():
    return ScriptedPredictor()


@pytest.fixture
def runner(store, predictor):
    runner = Runner(store, predictor, Settings())
    yield runner
    runner.close()


def wait_for(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.005)


def in_state(runner: Runner, run: str, state: str) -> None:
    wait_for(lambda: runner.store.run(run).state == state)


def asked_once(store: RunStore, run: str) -> None:
    """Every model has answered every item, each once."""
    for model in MODELS:
        assert len(store.predictions(run, model)) == store.run(run).rows


def test_a_started_run_is_finished_in_the_plans_order(runner, store, predictor):
    run = runner.start(plan(4), ME)
    in_state(runner, run, "finished")
    assert predictor.asked == [(model, f"row-{i}") for model in MODELS for i in range(4)]
    asked_once(store, run)
    assert store.run(run).problem is None


def test_the_same_plan_is_the_same_run_and_asks_nothing_twice(runner, predictor):
    run = runner.start(plan(4), ME)
    assert runner.start(plan(4), OTHER) == run
    in_state(runner, run, "finished")
    assert runner.start(plan(4), OTHER) == run
    time.sleep(0.05)
    assert len(predictor.asked) == 8
    assert len(runner.runs()) == 1
    assert runner.runs()[0].owner == ME


def test_a_paused_run_stays_where_it_is_and_goes_on(runner, store, predictor):
    predictor.seconds = 0.02
    run = runner.start(plan(20), ME)
    wait_for(lambda: store.run(run).done > 2)
    runner.pause(run, ME)
    assert store.run(run).state == "paused"
    wait_for(lambda: runner.progress(run).doing is None)
    done = store.run(run).done
    assert 2 < done < 40
    time.sleep(0.1)
    assert (store.run(run).done, store.run(run).state) == (done, "paused")
    predictor.seconds = 0
    runner.resume(run, ME)
    in_state(runner, run, "finished")
    asked_once(store, run)
    assert len(predictor.asked) <= 41  # the one that was under way may be asked again


def test_a_run_resumed_while_it_still_halts_goes_on(runner, store, predictor):
    predictor.seconds = 0.1
    run = runner.start(plan(3), ME)
    wait_for(lambda: store.run(run).state == "running")
    for _ in range(3):
        runner.pause(run, ME)
        runner.resume(run, ME)
    predictor.seconds = 0
    in_state(runner, run, "finished")
    asked_once(store, run)


def test_a_stopped_run_keeps_its_predictions_and_is_resumed_by_the_same_plan(
    runner, store, predictor
):
    predictor.seconds = 0.02
    run = runner.start(plan(20), ME)
    wait_for(lambda: store.run(run).done > 0)
    runner.stop(run, ME)
    wait_for(lambda: runner.progress(run).doing is None)
    assert store.run(run).state == "stopped"
    assert store.run(run).done > 0
    predictor.seconds = 0
    runner.start(plan(20), ME)
    in_state(runner, run, "finished")


def test_a_run_deleted_in_the_middle_is_gone(runner, store, predictor):
    predictor.seconds = 0.02
    run = runner.start(plan(20), ME)
    wait_for(lambda: store.run(run).done > 0)
    runner.delete(run, ME)
    time.sleep(0.1)
    assert store.runs() == []


def test_runs_wait_for_each_other_and_a_waiting_one_can_be_paused(runner, store, predictor):
    predictor.seconds = 0.02
    first = runner.start(plan(5), ME)
    second, third = runner.start(plan(6), ME), runner.start(plan(7), OTHER)
    assert store.run(third).state == "waiting"
    runner.pause(second, ME)
    predictor.seconds = 0
    in_state(runner, third, "finished")
    assert store.run(first).state == "finished"
    assert (store.run(second).state, store.run(second).done) == ("paused", 0)


def test_only_who_started_a_run_may_change_it(runner, store, predictor):
    run = runner.start(plan(2), ME)
    in_state(runner, run, "finished")
    for change in (runner.pause, runner.resume, runner.stop, runner.delete):
        with pytest.raises(RunError, match="Another visitor"):
            change(run, OTHER)
        with pytest.raises(RunError, match="Another visitor"):
            change(run, "")
    assert store.run(run).state == "finished"


def test_progress_says_rate_time_left_and_error_so_far(runner, store, predictor):
    predictor.seconds = 0.02
    run = runner.start(plan(30), ME)
    wait_for(lambda: store.run(run).done >= 5)
    progress = runner.progress(run)
    assert progress.info.state == "running"
    assert progress.doing is not None
    assert 0 < progress.rate < 60 / 0.02
    assert 0 < progress.seconds_left < 600
    assert progress.models[0].mean_error == pytest.approx(126, abs=5)
    assert progress.models[0].interval is not None
    assert progress.models[1].done == 0
    runner.stop(run, ME)


def test_an_item_that_fails_is_recorded_and_tried_again_when_resumed(runner, store, predictor):
    predictor.failing = {"row-1"}
    run = runner.start(plan(3), ME)
    in_state(runner, run, "finished")
    assert (store.run(run).done, store.run(run).failed) == (4, 2)
    assert "too long" in store.predictions(run, MODELS[0])[1].error
    predictor.failing = set()
    runner.resume(run, ME)
    wait_for(lambda: store.run(run).done == 6)
    assert store.run(run).failed == 0


def test_a_model_that_cannot_be_had_fails_alone_with_its_reason(runner, store, predictor):
    predictor.missing = {MODELS[0]}
    run = runner.start(plan(3), ME)
    in_state(runner, run, "failed")
    assert "could not be fetched" in store.run(run).problem
    assert len(store.predictions(run, MODELS[1])) == 3
    predictor.missing = set()
    runner.resume(run, ME)
    in_state(runner, run, "finished")
    assert store.run(run).problem is None
    asked_once(store, run)


def test_a_run_never_mixes_two_models_under_one_name(runner, store, predictor):
    run = store.create(plan(3), ME).id
    other = prediction(plan(3).rows[0].item)
    store.add(run, MODELS[0], other)
    predictor.precision = "bfloat16"
    runner.start(plan(3), ME)
    in_state(runner, run, "failed")
    assert "BASEWISE_DTYPE to float32" in store.run(run).problem
    assert len(store.predictions(run, MODELS[0])) == 1
    assert store.model_ids(run, MODELS[0]) == {unrevised(MODELS[0])}


def test_a_fault_of_ours_is_logged_shown_and_does_not_end_the_worker(
    runner, store, predictor, caplog
):
    predictor.fault = ZeroDivisionError("ours")
    run = runner.start(plan(2), ME)
    in_state(runner, run, "failed")
    assert "A fault of Basewise's own (ZeroDivisionError: ours)" in store.run(run).problem
    assert "Traceback" in caplog.text
    predictor.fault = None
    runner.start(plan(2), ME)
    in_state(runner, run, "finished")


def test_what_the_store_cannot_take_is_said_and_the_run_goes_on_later(runner, store, predictor):
    predictor.seconds = 0.02
    run = runner.start(plan(10), ME)
    wait_for(lambda: store.run(run).done > 1)
    other = sqlite3.connect(store.database.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    wait_for(lambda: runner.progress(run).info.state == "failed")
    assert "locked by another program" in runner.progress(run).info.problem
    assert runner.runs()[0].state == "failed"
    other.execute("COMMIT")
    other.close()
    runner.resume(run, ME)
    in_state(runner, run, "finished")
    assert runner.runs()[0].problem is None
    asked_once(store, run)


def test_interrupted_runs_go_on_at_the_next_start_and_halted_ones_do_not(store, predictor):
    predictor.seconds = 0.02
    first = Runner(store, predictor, Settings())
    halted, waiting = first.start(plan(5), ME), first.start(plan(6), ME)
    first.pause(halted, ME)
    wait_for(lambda: store.run(waiting).done > 0)
    last = first.start(plan(7), ME)
    first.close()
    assert store.run(waiting).state == "running"
    assert store.run(waiting).done < 12
    predictor.seconds = 0
    second = Runner(store, predictor, Settings())
    assert second.resume_interrupted() == [waiting, last]
    in_state(second, last, "finished")
    asked_once(store, waiting)
    assert store.run(halted).state == "paused"
    second.close()


def test_two_workers_on_one_plan_ask_everything_once(tmp_path, predictor):
    predictor.seconds = 0.01
    stores = [RunStore(tmp_path / "runs.sqlite") for _ in range(2)]
    runners = [Runner(store, predictor, Settings()) for store in stores]
    run, _ = (runner.start(plan(10), ME) for runner in runners)
    for runner in runners:
        in_state(runner, run, "finished")
        wait_for(lambda runner=runner: not runner._waiting and runner._job is None)
    assert len(predictor.asked) == 20
    asked_once(stores[0], run)
    for runner, store in zip(runners, stores, strict=True):
        runner.close()
        store.close()


def test_the_second_worker_takes_over_from_one_that_ended(tmp_path, predictor):
    predictor.seconds = 0.02
    stores = [RunStore(tmp_path / "runs.sqlite") for _ in range(2)]
    runners = [Runner(store, predictor, Settings()) for store in stores]
    run = runners[0].start(plan(20), ME)
    wait_for(lambda: stores[0].run(run).done > 0)
    runners[1].start(plan(20), ME)
    runners[0].close()
    predictor.seconds = 0
    in_state(runners[1], run, "finished")
    asked_once(stores[1], run)
    runners[1].close()
    for store in stores:
        store.close()


def test_a_host_refuses_what_is_beyond_its_limits(store, predictor):
    runner = Runner(store, predictor, Settings(runs=1, run_predictions=10))
    with pytest.raises(RunError, match="12 predictions; this host allows 10"):
        runner.start(plan(6), ME)
    run = runner.start(plan(2), ME)
    with pytest.raises(RunError, match="keeps 1 runs"):
        runner.start(plan(3), ME)
    assert runner.start(plan(2), ME) == run
    runner.close()
    with store.database.writing() as connection:
        connection.execute("UPDATE run SET label = hex(zeroblob(600000))")
    small = Runner(store, predictor, Settings(runs_mb=1))
    with pytest.raises(RunError, match="keeps 1 MB"):
        small.start(plan(3), ME)


def test_a_run_that_did_not_change_for_long_is_deleted_and_others_stay(store, predictor):
    old, new = store.create(plan(2), ME).id, store.create(plan(3), ME).id
    store.set_state(old, "finished")
    with store.database.writing() as connection:
        connection.execute("UPDATE run SET changed = changed - 86400 * 91 WHERE id = ?", [old])
    runner = Runner(store, predictor, Settings())
    runner.resume_interrupted()
    assert [info.id for info in store.runs()] == [new]
    runner.close()


def test_an_imported_run_is_never_gone_on_with(store, predictor, tmp_path):
    run = store.create(plan(3), ME).id
    store.add(run, MODELS[0], prediction(plan(3).rows[0].item))
    export_run(store, run, tmp_path / "run.sqlite")
    elsewhere = RunStore(tmp_path / "elsewhere.sqlite")
    import_run(elsewhere, tmp_path / "run.sqlite", ME)
    runner = Runner(elsewhere, predictor, Settings())
    with pytest.raises(RunError, match="read-only"):
        runner.resume(run, ME)
    with pytest.raises(RunError, match="read-only"):
        runner.start(plan(3), OTHER)
    assert runner.resume_interrupted() == []
    runner.delete(run, ME)
    assert elsewhere.runs() == []
    runner.close()
    elsewhere.close()


def test_a_stopped_control_ends_the_work_between_items(store, predictor):
    run = store.create(plan(5), ME).id
    control = Control()
    heard = []

    def stop_after_two(repo_id: str, error: str | None) -> None:
        heard.append(repo_id)
        if len(heard) == 2:
            control.stop()

    with pytest.raises(StoppedError):
        carry_out(store, predictor, run, control, stop_after_two)
    assert store.run(run).done == 2


@pytest.mark.slow
def test_pages_that_read_do_not_hold_up_the_worker(runner, store, predictor):
    run = runner.start(plan(30), ME)
    stop = threading.Event()
    failures: list[BaseException] = []

    def watch() -> None:
        while not stop.is_set():
            try:
                runner.progress(run)
                store.predictions(run, MODELS[0])
            except BaseException as error:
                failures.append(error)
                return

    watchers = [threading.Thread(target=watch) for _ in range(8)]
    for watcher in watchers:
        watcher.start()
    in_state(runner, run, "finished")
    stop.set()
    for watcher in watchers:
        watcher.join()
    assert failures == []
    asked_once(store, run)


def test_what_is_known_is_not_asked_again_and_keeps_when_and_by_what_it_was_computed(
    runner, store, predictor
):
    first = runner.start(plan(4, MODELS[:1]), ME)
    in_state(runner, first, "finished")
    with store.database.writing() as connection:
        connection.execute('UPDATE prediction SET created = 5, libraries = \'{"torch":"1"}\'')
    live = prediction(plan(5).rows[4].item, number=7)
    store.remember(live, 10)
    second = runner.start(plan(5), ME)
    in_state(runner, second, "finished")
    assert predictor.asked == [(MODELS[0], f"row-{i}") for i in range(4)] + [
        (MODELS[1], f"row-{i}") for i in range(5)
    ]
    records = store.predictions(second, MODELS[0])
    assert [record.median for record in records] == [129] * 4 + [7]
    assert [(record.created, record.libraries) for record in records[:4]] == [
        (5, {"torch": "1"})
    ] * 4
    runner.delete(first, ME)
    assert len(store.predictions(second, MODELS[0])) == 5
