"""A file of runs: what was recorded comes back, and what goes wrong is said in words."""

import sqlite3
import subprocess
import sys
import zlib
from collections import deque
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.serving import REPOSITORY
from components.errors import RunError, RunStoreError
from components.evaluation import Item, Plan, RunStore
from components.evaluation import migrations as steps
from components.evaluation.packing import (
    PackedFirstTokens,
    PackingError,
    pack_first_tokens,
    unpack_probabilities,
)
from components.evaluation.plan import canonical_json
from components.evaluation.progress import progress_of_models
from components.numbers.distribution import FirstToken
from tests.support.model_ids import unrevised
from tests.support.scripted_runs import MODELS, plan, prediction, rows


@pytest.fixture
def store(tmp_path):
    store = RunStore(tmp_path / "runs.sqlite", busy_seconds=0.2)
    yield store
    store.close()


def test_a_plans_id_is_the_same_tomorrow_and_on_another_machine():
    assert plan(3).run_id == "570c8ac92a05811a530e"


def test_neither_order_nor_source_of_rows_changes_a_plans_id():
    one = plan(4)
    turned = Plan(MODELS[::-1], one.rows[::-1], one.settings, "elsewhere", {})
    assert turned.run_id == one.run_id


@pytest.mark.parametrize(
    "other",
    [
        plan(4),
        plan(3, MODELS[:1]),
        plan(3, tolerance=0.02),
        plan(3, continuation="none"),
        replace(plan(3), rows=(*rows(2), replace(rows(3)[2], price=3.5))),
        replace(plan(3), rows=(*rows(2), replace(rows(3)[2], category=None))),
        replace(plan(3), rows=(*rows(2), replace(rows(3)[2], prompt="?"))),
    ],
)
def test_whatever_is_asked_otherwise_is_another_run(other):
    assert other.run_id != plan(3).run_id


def test_a_plan_asks_each_model_for_each_row_once():
    with pytest.raises(ValueError, match="twice"):
        Plan((MODELS[0], MODELS[0]), rows(2))
    with pytest.raises(ValueError, match="same id"):
        Plan(MODELS, (*rows(1), *rows(1)))
    with pytest.raises(ValueError, match="at least"):
        Plan(MODELS, ())


def test_a_run_comes_back_as_it_was_planned(store):
    info = store.create(plan(3), "visitor")
    assert store.plan(info.id) == plan(3)
    assert (info.owner, info.state, info.origin, info.total) == (
        "visitor",
        "waiting",
        "computed",
        6,
    )
    assert (info.left_out, info.label) == ({"above $999": 2}, "made up")
    assert store.create(plan(3), "another") == info
    assert store.runs() == [info]


def test_a_prediction_comes_back_whole(store):
    run = store.create(plan(3), "me").id
    item = plan(3).rows[1].item
    original = prediction(item)
    store.add(run, MODELS[0], original)
    (record,) = store.predictions(run, MODELS[0])
    assert record.item == item
    assert (record.item_id, record.actual, record.text, record.category) == (
        "row-1",
        2.0,
        "thing 1",
        "b",
    )
    assert record.model == original.model
    assert record.greedy == 129
    assert record.error is None
    assert record.libraries.keys() >= {"basewise", "python", "torch", "transformers"}
    assert record.median == record.distribution.median == 129
    found, expected = record.distribution, original.distribution
    for name in ("overflow", "not_a_number", "unexplored", "untold", "passes", "tokens", "method"):
        assert getattr(found, name) == getattr(expected, name)
    assert record.seconds == expected.seconds
    np.testing.assert_allclose(found.probabilities, expected.probabilities, rtol=1e-6)
    assert found.first_token_information == pytest.approx(expected.first_token_information)
    assert found.top3 == pytest.approx(expected.top3, nan_ok=True)
    assert record.prediction.continuation == original.continuation
    assert store.predictions(run, MODELS[1]) == []


def test_predictions_come_in_the_runs_order_and_what_is_missing_is_pending(store):
    run = store.create(plan(5), "me").id
    for number in (4, 0, 2):
        store.add(run, MODELS[0], prediction(plan(5).rows[number].item))
    assert [record.item_id for record in store.predictions(run, MODELS[0])] == [
        "row-0",
        "row-2",
        "row-4",
    ]
    assert [item.id for item in store.pending(run, MODELS[0])] == ["row-1", "row-3"]
    assert len(store.pending(run, MODELS[1])) == 5


def test_the_first_answer_stays_and_a_failure_gives_way_to_one(store):
    run = store.create(plan(2), "me").id
    item = plan(2).rows[0].item
    store.add_failure(run, MODELS[0], item, "too long", unrevised(MODELS[0]))
    (failure,) = store.predictions(run, MODELS[0])
    assert (failure.error, failure.distribution, failure.prediction) == ("too long", None, None)
    assert store.run(run).failed == 1
    assert item in store.pending(run, MODELS[0])
    store.add(run, MODELS[0], prediction(item, number=5))
    store.add(run, MODELS[0], prediction(item, number=7))
    store.add_failure(run, MODELS[0], item, "too long")
    (record,) = store.predictions(run, MODELS[0])
    assert record.median == 5
    assert (store.run(run).done, store.run(run).failed) == (1, 0)


def test_a_deleted_run_is_gone_with_all_that_belongs_to_it(store):
    run = store.create(plan(200), "me").id
    item = plan(200).rows[0].item
    store.add(run, MODELS[0], prediction(item))
    before = store.database.path.stat().st_size
    store.delete(run)
    assert store.runs() == []
    with pytest.raises(RunError, match="no run"):
        store.run(run)
    with store.database.reading() as connection:
        for table in ("item", "prediction"):
            assert connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0] == 0
    store.add(run, MODELS[0], prediction(item))  # by a worker that did not know
    assert store.runs() == []
    store.close()
    assert store.database.path.stat().st_size < before or before < 100_000


def test_the_mean_error_has_the_interval_of_its_sample(store):
    run = store.create(plan(6), "me").id
    for row in plan(6).rows:
        store.add(run, MODELS[0], prediction(row.item, number=3))
    first, second = progress_of_models(store, run)
    errors = np.abs(np.arange(1, 7) - 3)
    margin = 1.96 * errors.std(ddof=1) / np.sqrt(6)
    assert first.mean_error == pytest.approx(errors.mean())
    assert first.interval == pytest.approx((errors.mean() - margin, errors.mean() + margin))
    assert (first.done, first.scored, second.done, second.mean_error) == (6, 6, 0, None)


def test_a_live_prediction_is_found_by_model_prompt_and_settings(store):
    item = Item("lamp", "A Price is $", 42.0)
    original = prediction(item)
    store.remember(original, 10)
    other_id = Item("same prompt", item.prompt)
    found = store.find(original.model, other_id, original.settings)
    assert found.item == other_id
    assert found.distribution.mode == 129
    assert found.finished
    assert store.find(unrevised("nobody/else"), item, original.settings) is None
    finer = replace(original.settings, tolerance=0.001)
    assert store.find(original.model, item, finer) is None
    assert store.find(original.model, Item("lamp", "? Price is $"), original.settings) is None
    assert [record.actual for record in store.live(MODELS[0])] == [42.0]
    assert store.live(MODELS[1]) == []


def test_a_runs_answer_is_found_too_and_a_failure_is_none(store):
    run = store.create(plan(2), "me").id
    item = plan(2).rows[0].item
    original = prediction(item)
    store.add(run, MODELS[0], original)
    store.add_failure(run, MODELS[0], plan(2).rows[1].item, "failed", original.model)
    assert store.find(original.model, item, original.settings).distribution.mode == 129
    assert store.find(original.model, plan(2).rows[1].item, original.settings) is None


def test_only_the_newest_live_predictions_stay(store):
    for number in range(5):
        store.remember(prediction(Item("x", f"{'A' * (number + 1)} Price is $", number)), 3)
    assert [record.actual for record in store.live()] == [4, 3, 2]


def test_whole_number_tokens_are_packed_and_read_back():
    random = np.random.default_rng(0)
    tokens = tuple(
        FirstToken(i, f"{i}\ufffd“", float(p), np.array([i, 999 - i]), 0.25, 0.5)
        for i, p in enumerate(random.dirichlet(np.ones(900)))
    )
    found = PackedFirstTokens(
        pack_first_tokens((*tokens, FirstToken(7, "a", 0.1, np.empty(0, dtype=np.intp), 0, 0)))
    )
    assert len(found) == 901
    for one, other in zip(tokens, found, strict=False):
        assert (one.token_id, one.text, one.overflow) == (
            other.token_id,
            other.text,
            other.overflow,
        )
        assert one.probability == pytest.approx(other.probability, rel=1e-6)
        assert one.numbers.tolist() == other.numbers.tolist()
    assert len(found[-1].numbers) == 0
    assert len(PackedFirstTokens(pack_first_tokens(()))) == 0


@pytest.mark.parametrize("cut", [0, 1, 10, -1, -5])
def test_bytes_that_are_no_first_tokens_are_refused(cut):
    packed = pack_first_tokens([FirstToken(1, "5", 0.5, np.array([5]), 0, 0)])
    with pytest.raises(PackingError):
        len(PackedFirstTokens(packed[:cut]))
    with pytest.raises(PackingError):
        unpack_probabilities(b"\0" * 3999)


def test_a_decompression_bomb_is_refused():
    with pytest.raises(PackingError, match="too long"):
        len(PackedFirstTokens(zlib.compress(bytes(100_000_000))))


def test_json_of_a_plan_has_no_infinity():
    with pytest.raises(ValueError, match="JSON"):
        canonical_json(float("nan"))


def test_a_locked_file_is_said_and_nothing_is_lost(store):
    run = store.create(plan(2), "me").id
    store.add(run, MODELS[0], prediction(plan(2).rows[0].item))
    other = sqlite3.connect(store.database.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(RunStoreError, match="locked by another program"):
        store.add(run, MODELS[0], prediction(plan(2).rows[1].item))
    assert store.run(run).done == 1  # reading goes on
    other.execute("COMMIT")
    other.close()
    store.add(run, MODELS[0], prediction(plan(2).rows[1].item))
    assert store.run(run).done == 2


def test_a_full_disk_is_said_and_what_was_recorded_stays(store):
    run = store.create(plan(50), "me").id
    pages = store.database._writer.execute("PRAGMA page_count").fetchone()[0]
    store.database._writer.execute(f"PRAGMA max_page_count = {pages + 40}")
    answers = [prediction(row.item) for row in plan(50).rows]
    with pytest.raises(RunStoreError, match=r"disk of .* is full") as caught:
        deque(store.add(run, MODELS[0], answer) for answer in answers)
    assert "Make room" in caught.value.way_out
    done = store.run(run).done
    assert done > 2
    assert store.predictions(run, MODELS[0])[-1].item_id == f"row-{done - 1}"
    store.database._writer.execute("PRAGMA max_page_count = 1000000")
    store.add(run, MODELS[0], prediction(plan(50).rows[done].item))
    assert store.run(run).done == done + 1


@pytest.mark.slow
def test_a_file_at_the_systems_limit_is_said_and_what_was_recorded_stays(tmp_path):
    code = """
import resource, sys
from pathlib import Path
from components.errors import RunStoreError
from components.evaluation import RunStore
from tests.support.scripted_runs import MODELS, plan, prediction
store = RunStore(Path(sys.argv[1]))
run = store.create(plan(400), "me").id
answer = prediction(plan(1).rows[0].item)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, resource.RLIM_INFINITY))
from dataclasses import replace
done = 0
try:
    for row in plan(400).rows:
        store.add(run, MODELS[0], replace(answer, item=row.item))
        done += 1
except RunStoreError as error:
    print(done, str(error).splitlines()[0])
"""
    path = tmp_path / "runs.sqlite"
    printed = subprocess.run(
        [sys.executable, "-c", code, path], cwd=REPOSITORY, capture_output=True, text=True
    )
    done, _, said = printed.stdout.partition(" ")
    assert "at a limit" in said, printed
    assert 5 < int(done) < 400
    store = RunStore(path)
    assert store.runs()[0].done == int(done)
    store.close()


@pytest.mark.parametrize("damage", ["head", "middle", "no database"])
def test_a_damaged_file_is_said(tmp_path, damage):
    path = tmp_path / "runs.sqlite"
    store = RunStore(path)
    run = store.create(plan(300), "me").id
    store.close()
    content = bytearray(path.read_bytes())
    match damage:
        case "head":
            content[:100] = bytes(100)
        case "middle":
            content[4096:] = b"\xaa" * (len(content) - 4096)
        case "no database":
            content = bytearray(b"text,price\n" * 1000)
    path.write_bytes(content)
    with pytest.raises(RunStoreError, match="damaged") as caught:
        RunStore(path).plan(run)
    assert "Move the file away" in caught.value.way_out


def test_a_folder_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunStoreError, match="can't be used"):
        RunStore(tmp_path / "file" / "runs.sqlite")


def test_a_file_of_a_newer_layout_or_another_program_is_left_alone(tmp_path):
    path = tmp_path / "runs.sqlite"
    RunStore(path).close()
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {len(steps.MIGRATIONS) + 1}")
    connection.close()
    with pytest.raises(RunStoreError, match="newer Basewise"):
        RunStore(path)
    other = tmp_path / "other.sqlite"
    connection = sqlite3.connect(other)
    connection.execute("CREATE TABLE mine (x)")
    connection.close()
    with pytest.raises(RunStoreError, match="no file of runs"):
        RunStore(other)


def test_an_older_file_is_brought_up_to_date_and_keeps_its_runs(tmp_path, monkeypatch):
    path = tmp_path / "runs.sqlite"
    store = RunStore(path)
    run = store.create(plan(3), "me").id
    store.close()
    further = "ALTER TABLE run ADD COLUMN remark TEXT; UPDATE run SET remark = 'old'"
    monkeypatch.setattr(steps, "MIGRATIONS", (*steps.MIGRATIONS, further))
    monkeypatch.setattr("components.evaluation.database.MIGRATIONS", steps.MIGRATIONS)
    reopened = RunStore(path)
    with reopened.database.reading() as connection:
        assert steps.version_of(connection) == len(steps.MIGRATIONS)
        assert connection.execute("SELECT remark FROM run").fetchone()[0] == "old"
        assert connection.execute("SELECT COUNT(*) FROM item").fetchone()[0] == 3
        assert connection.execute("SELECT id FROM run").fetchone()[0] == run
    reopened.close()


def test_a_step_that_fails_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "runs.sqlite"
    RunStore(path).close()
    broken = "ALTER TABLE run ADD COLUMN remark TEXT; ALTER TABLE nothing ADD COLUMN x"
    monkeypatch.setattr(steps, "MIGRATIONS", (*steps.MIGRATIONS, broken))
    monkeypatch.setattr("components.evaluation.database.MIGRATIONS", steps.MIGRATIONS)
    with pytest.raises(sqlite3.OperationalError, match="nothing"):
        RunStore(path)
    monkeypatch.undo()
    store = RunStore(path)
    assert store.runs() == []
    store.close()
