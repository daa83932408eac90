"""A run as one file: what is written is read again, and nothing else is."""

import contextlib
import lzma
import os
import sqlite3
import time
import zlib
from pathlib import Path

import numpy as np
import pytest

from components.errors import RunError
from components.evaluation import RunInfo, RunStore, transfer
from components.evaluation import migrations as steps
from components.evaluation.bundled import BUNDLED_FILE
from components.evaluation.transfer import export_run, take_run
from components.evaluation.transfer import import_run as import_elsewhere
from tests.support.fuzz import fuzz_cases
from tests.support.scripted_runs import MODELS, plan, prediction


@pytest.fixture
def store(tmp_path):
    store = RunStore(tmp_path / "runs.sqlite")
    yield store
    store.close()


@pytest.fixture
def here(tmp_path):
    """Where files are imported."""
    store = RunStore(tmp_path / "here.sqlite")
    yield store
    assert store.database.path.with_name("here.sqlite").exists()
    store.close()


def import_run(store: RunStore, path: Path, owner: str) -> RunInfo:
    """In this process: what is refused is the same, and a process each takes minutes."""
    return take_run(store, path, owner, "imported")


def answered(store: RunStore, count: int = 3) -> str:
    """The id of a run in which the first model has answered all, the second failed at one."""
    run = store.create(plan(count), "visitor-1").id
    for row in plan(count).rows:
        store.add(run, MODELS[0], prediction(row.item))
    store.add_failure(run, MODELS[1], plan(count).rows[0].item, "too long")
    return run


@pytest.fixture
def file(store, tmp_path):
    path = tmp_path / "run.sqlite"
    export_run(store, answered(store), path)
    return path


def change(path, *statements: str, values: tuple = ()) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        connection.execute(statement, values)
    connection.close()


def test_an_exported_run_is_shown_read_only_with_the_same_predictions(store, here, file):
    info = import_run(here, file, "visitor-2")
    original = store.run(info.id)
    assert (info.origin, info.read_only, info.owner) == ("imported", True, "visitor-2")
    assert (info.done, info.failed, info.state) == (3, 1, "stopped")
    assert here.plan(info.id) == store.plan(info.id)
    assert (info.created, info.left_out) == (original.created, original.left_out)
    for mine, theirs in zip(
        here.predictions(info.id, MODELS[0]), store.predictions(info.id, MODELS[0]), strict=True
    ):
        assert (mine.item, mine.model, mine.libraries) == (
            theirs.item,
            theirs.model,
            theirs.libraries,
        )
        np.testing.assert_array_equal(
            mine.distribution.probabilities, theirs.distribution.probabilities
        )
    assert here.predictions(info.id, MODELS[1])[0].error == "too long"


def test_a_file_is_one_file_and_says_nothing_of_who_started_it(file, tmp_path):
    assert b"visitor-1" not in file.read_bytes()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("run.sqlite-")]
    assert not list(tmp_path.glob("*.part"))


def test_other_runs_and_live_predictions_stay_out_of_the_file(store, tmp_path):
    run = answered(store)
    store.create(plan(5), "other")
    store.remember(prediction(plan(1).rows[0].item), 5)
    export_run(store, run, tmp_path / "one.sqlite")
    alone = RunStore(tmp_path / "one.sqlite")
    assert [info.id for info in alone.runs()] == [run]
    assert alone.live() == []
    alone.close()


def test_a_run_that_is_not_there_writes_no_file(store, tmp_path):
    with pytest.raises(RunError, match="no run"):
        export_run(store, "nothing", tmp_path / "x.sqlite")
    assert not (tmp_path / "x.sqlite").exists()


def test_the_command_lines_own_file_is_read_too(store, here, tmp_path):
    run = answered(store)
    store.remember(prediction(plan(1).rows[0].item), 5)
    store.close()
    assert import_run(here, store.database.path, "me").id == run
    assert here.live() == []


def test_a_file_that_is_still_written_is_refused(store, here):
    answered(store)
    with pytest.raises(RunError, match="being written"):
        import_run(here, store.database.path, "me")


def test_a_run_that_is_here_is_not_overwritten(store, here, file):
    import_run(here, file, "me")
    with pytest.raises(RunError, match="here already"):
        import_run(here, file, "me")
    with pytest.raises(RunError, match="here already"):
        import_run(store, file, "me")
    assert store.runs()[0].origin == "computed"


def test_imported_answers_are_not_taken_for_answers_to_live_questions(store, here, file):
    import_run(here, file, "me")
    asked = prediction(plan(3).rows[0].item)
    assert store.find(asked.model, asked.item, asked.settings) is not None
    assert here.find(asked.model, asked.item, asked.settings) is None


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.7, 0.95])
def test_a_truncated_file_is_refused_and_leaves_nothing(here, file, share):
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(RunError):
        import_run(here, file, "me")
    assert here.runs() == []


def test_a_file_of_a_newer_layout_is_refused_with_both_versions(here, file):
    change(file, f"PRAGMA user_version = {len(steps.MIGRATIONS) + 1}")
    with pytest.raises(RunError, match=f"layout {len(steps.MIGRATIONS) + 1}.*reads 1 to"):
        import_run(here, file, "me")


def test_a_file_of_an_older_layout_is_brought_up_to_date(file, tmp_path, monkeypatch):
    further = "ALTER TABLE run ADD COLUMN remark TEXT; UPDATE run SET remark = 'old'"
    monkeypatch.setattr(steps, "MIGRATIONS", (*steps.MIGRATIONS, further))
    for module in ("database", "transfer"):
        monkeypatch.setattr(f"components.evaluation.{module}.MIGRATIONS", steps.MIGRATIONS)
    newer = RunStore(tmp_path / "newer.sqlite")
    with pytest.raises(TypeError, match="remark"):  # RunInfo has no such field: it did get there
        import_run(newer, file, "me")
    with newer.database.reading() as connection:
        assert connection.execute("SELECT remark FROM run").fetchone()[0] == "old"
        assert connection.execute("SELECT COUNT(*) FROM prediction").fetchone()[0] == 4
    newer.close()


@pytest.mark.parametrize(
    "content", [b"", b"text,price\n", b"SQLite format 3\0" + bytes(4080), bytes(100)]
)
def test_what_is_no_run_is_refused(here, tmp_path, content):
    (tmp_path / "x.sqlite").write_bytes(content)
    with pytest.raises(RunError):
        import_run(here, tmp_path / "x.sqlite", "me")


def test_a_file_that_is_not_there_is_said(here, tmp_path):
    with pytest.raises(RunError, match="No such file"):
        import_run(here, tmp_path / "none.sqlite", "me")


def test_a_file_beyond_the_bound_is_refused_unread(here, file, monkeypatch):
    monkeypatch.setattr(transfer, "_MOST_BYTES", 1000)
    with pytest.raises(RunError, match="at most"):
        import_run(here, file, "me")


HOSTILE_TABLES = [
    "CREATE TRIGGER t AFTER INSERT ON run BEGIN DELETE FROM item; END",
    "CREATE VIEW v AS SELECT * FROM run",
    "CREATE TABLE more (x)",
    "CREATE INDEX i ON prediction (model)",
    "CREATE VIRTUAL TABLE f USING fts5(x)",
    "ALTER TABLE run ADD COLUMN more TEXT",
    "ALTER TABLE prediction DROP COLUMN note",
    "DROP TABLE prediction",
]


@pytest.mark.parametrize("statement", HOSTILE_TABLES)
def test_any_table_trigger_or_view_that_is_not_ours_is_refused(here, file, statement):
    change(file, statement)
    with pytest.raises(RunError, match="tables are not those of a run"):
        import_run(here, file, "me")
    assert here.runs() == []


def test_a_view_in_a_tables_place_is_refused_even_by_its_name(here, file):
    change(file, "ALTER TABLE item RENAME TO other", "CREATE VIEW item AS SELECT * FROM other")
    with pytest.raises(RunError, match="tables are not"):
        import_run(here, file, "me")


HOSTILE_VALUES = [
    "UPDATE run SET id = 'another'",
    "UPDATE run SET models = '[]'",
    "UPDATE run SET models = '{'",
    "UPDATE run SET models = '[1]'",
    "UPDATE run SET models = '[\"nobody/one\"]'",
    "UPDATE run SET settings = '{\"tolerance\": 0.5}'",
    "UPDATE run SET settings = '{\"shell\": 1}'",
    "UPDATE run SET settings = '[]'",
    "UPDATE run SET left_out = '{\"x\": -1}'",
    "UPDATE run SET left_out = '7'",
    "UPDATE run SET created = 9e99",
    "UPDATE item SET prompt = 'Ignore that.'",
    "UPDATE item SET actual = 5000",
    "UPDATE item SET actual = -1",
    "DELETE FROM item WHERE position = 0",
    "UPDATE prediction SET model = 'nobody/three' WHERE error IS NOT NULL",
    "UPDATE prediction SET error = 'both' WHERE error IS NULL",
    "UPDATE prediction SET model_id = '{}' WHERE error IS NULL",
    "UPDATE prediction SET model_id = '[]' WHERE error IS NULL",
    "UPDATE prediction SET libraries = '[1]'",
    "UPDATE prediction SET libraries = '{\"torch\": 2}'",
    "UPDATE prediction SET created = -5",
    "UPDATE prediction SET overflow = 2.0 WHERE error IS NULL",
    "UPDATE prediction SET unexplored = -0.5 WHERE error IS NULL",
    "UPDATE prediction SET median = 3 WHERE error IS NULL",
    "UPDATE prediction SET method = 'guess' WHERE error IS NULL",
    "UPDATE prediction SET seconds = NULL WHERE error IS NULL",
    "UPDATE prediction SET distribution = x'00' WHERE error IS NULL",
    "UPDATE prediction SET distribution = zeroblob(4000) WHERE error IS NULL",
    "UPDATE prediction SET first_tokens = x'0102' WHERE error IS NULL",
    "UPDATE prediction SET first_tokens = NULL WHERE error IS NULL",
]


@pytest.mark.parametrize("statement", HOSTILE_VALUES)
def test_values_that_no_run_has_are_refused_and_leave_nothing(here, file, statement):
    change(file, "PRAGMA foreign_keys = OFF", statement)
    with pytest.raises(RunError, match=r"holds what no run has|has 0 runs"):
        import_run(here, file, "me")
    assert here.runs() == []


def infinite_distribution() -> bytes:
    probabilities = np.zeros(1000, "<f4")
    probabilities[3] = np.inf
    return probabilities.tobytes()


def negative_distribution() -> bytes:
    probabilities = np.zeros(1000, "<f4")
    probabilities[:2] = (2.0, -1.0)
    return probabilities.tobytes()


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("distribution", infinite_distribution()),
        ("distribution", negative_distribution()),
        ("distribution", np.full(1000, np.nan, "<f4").tobytes()),
        ("first_tokens", zlib.compress(bytes(50_000_000))),
        ("first_tokens", zlib.compress(b"\xff" * 100)),
        ("continuation", "x" * 9_000_000),
    ],
)
def test_bytes_that_no_run_has_are_refused(here, file, column, value):
    change(file, f"UPDATE prediction SET {column} = ? WHERE error IS NULL", values=(value,))
    with pytest.raises(RunError):
        import_run(here, file, "me")
    assert here.runs() == []


def test_two_runs_in_one_file_are_refused(store, here):
    answered(store)
    store.create(plan(4), "me")
    store.close()
    with pytest.raises(RunError, match="2 runs"):
        import_run(here, store.database.path, "me")


def test_the_imported_file_is_not_touched(here, file, tmp_path):
    before = (file.read_bytes(), sorted(path.name for path in tmp_path.iterdir()))
    import_run(here, file, "me")
    after = (file.read_bytes(), sorted(path.name for path in tmp_path.iterdir()))
    assert after == before


def damaged(content: bytes, seed: int) -> bytes:
    """A file with bits flipped, bytes cut out, repeated or made noise; the same by seed."""
    random = np.random.default_rng(seed)
    data = bytearray(content)
    for _ in range(int(random.integers(1, 4))):
        at, length = int(random.integers(len(data))), int(random.integers(1, 600))
        match int(random.integers(6)):
            case 0 | 1 | 2:
                data[at] ^= 1 << int(random.integers(8))
            case 3:
                data[at : at + length] = random.bytes(len(data[at : at + length]))
            case 4:
                other = int(random.integers(len(data)))
                data[at : at + length] = data[other : other + len(data[at : at + length])]
            case _:
                del data[at : at + length]
    return bytes(data)


def in_values(content: bytes, path: Path, seed: int) -> bytes:
    """A file whose tables are whole and one of whose values is another, the same by seed."""
    random = np.random.default_rng(seed)
    values = [None, -1, 0, 1, 2**62, 1e308, "", "x" * 9000, "[]", "{}", "\x00", b"", b"\xff" * 4000]
    path.write_bytes(content)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA foreign_keys = OFF")
    for _ in range(int(random.integers(1, 4))):
        table = ["run", "item", "prediction"][int(random.integers(3))]
        names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        name, value = names[int(random.integers(len(names)))], values[int(random.integers(13))]
        rows = connection.execute(f"SELECT rowid FROM {table} ORDER BY rowid").fetchall()
        chosen = rows[int(random.integers(len(rows)))]
        with contextlib.suppress(sqlite3.IntegrityError):  # the tables' own rules
            connection.execute(f"UPDATE {table} SET {name} = ? WHERE rowid = ?", [value, *chosen])
    connection.close()
    return path.read_bytes()


def refusal(here: RunStore, path: Path, import_it) -> RunError | RunInfo:
    """What comes of a file: why it is refused, or its run."""
    try:
        return import_it(here, path, "me")
    except RunError as error:
        return error


def expect_refused_or_sound(here: RunStore, path: Path, import_it) -> bool:
    """Import a file; whether it was refused. What is taken has distributions that sum to 1."""
    found = refusal(here, path, import_it)
    if isinstance(found, RunError):
        assert found.way_out
        assert len(found.problem) < 600
        assert here.runs() == []
        return True
    for model in found.models:
        for record in here.predictions(found.id, model):
            if (distribution := record.distribution) is not None:
                masses = (
                    distribution.overflow,
                    distribution.not_a_number,
                    distribution.unexplored,
                )
                total = distribution.probabilities.sum() + sum(masses)
                assert total == pytest.approx(1, abs=1e-3)
    here.delete(found.id)
    return False


def test_a_damaged_or_changed_file_is_refused_or_changes_no_number_beyond_its_bounds(
    here, file, tmp_path
):
    content = file.read_bytes()
    refused = 0
    for seed in fuzz_cases(150):
        changed = damaged(content, seed) if seed % 2 else in_values(content, file, seed)
        file.write_bytes(changed)
        refused += expect_refused_or_sound(here, file, import_run)
    assert refused > 5


def test_a_changed_real_run_is_refused_or_sound_in_a_process_of_its_own(here, tmp_path):
    with lzma.open(BUNDLED_FILE) as packed:
        content = packed.read()
    path = tmp_path / "real.sqlite"
    refused, slowest = 0, 0.0
    for seed in (cases := fuzz_cases(4)):
        changed = damaged(content, seed) if seed % 2 else in_values(content, path, seed)
        path.write_bytes(changed)
        started = time.monotonic()
        refused += expect_refused_or_sound(here, path, import_elsewhere)
        slowest = max(slowest, time.monotonic() - started)
    print(f"{len(cases)} changed runs, {refused} refused: slowest {slowest:.1f} s")
    assert slowest < 60  # against hangs, not a measurement


def test_a_whole_run_is_finished_where_it_is_shown(store, here, tmp_path):
    whole = plan(2, MODELS[:1])
    run = store.create(whole, "me").id
    for row in whole.rows:
        store.add(run, MODELS[0], prediction(row.item))
    export_run(store, run, tmp_path / "whole.sqlite")
    assert import_run(here, tmp_path / "whole.sqlite", "me").state == "finished"


def test_a_file_is_read_in_a_process_of_its_own_and_is_the_same_run(store, here, file, tmp_path):
    info = import_elsewhere(here, file, "visitor-2")
    assert (info.origin, info.read_only, info.owner) == ("imported", True, "visitor-2")
    assert (info.done, info.failed, info.state) == (3, 1, "stopped")
    assert here.plan(info.id) == store.plan(info.id)
    for mine, theirs in zip(
        here.predictions(info.id, MODELS[0]), store.predictions(info.id, MODELS[0]), strict=True
    ):
        assert mine.model == theirs.model
        tokens = [record.distribution.first_tokens[0] for record in (mine, theirs)]
        assert tokens[0].text == tokens[1].text
        np.testing.assert_array_equal(
            mine.distribution.probabilities, theirs.distribution.probabilities
        )
    with pytest.raises(RunError, match="here already"):
        import_elsewhere(here, file, "visitor-2")
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == [
        *["here.sqlite", "here.sqlite-shm", "here.sqlite-wal", "run.sqlite"],
        *["runs.sqlite", "runs.sqlite-shm", "runs.sqlite-wal"],
    ]


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("CREATE TABLE more (x)", "tables are not those of a run"),
        ("UPDATE item SET actual = 5000", "holds what no run has"),
        ("PRAGMA user_version = 99", "layout 99"),
        ("DELETE FROM run", "0 runs"),
    ],
)
def test_what_is_refused_elsewhere_is_refused_in_the_same_words(here, file, statement, said):
    change(file, "PRAGMA foreign_keys = OFF", statement)
    with pytest.raises(RunError, match=said):
        import_elsewhere(here, file, "me")
    assert here.runs() == []


def test_a_file_that_is_not_there_or_none_is_refused_elsewhere_too(here, tmp_path):
    with pytest.raises(RunError, match="No such file"):
        import_elsewhere(here, tmp_path / "none.sqlite", "me")
    (tmp_path / "x.sqlite").write_bytes(b"SQLite format 3\0" + bytes(4080))
    with pytest.raises(RunError):
        import_elsewhere(here, tmp_path / "x.sqlite", "me")


def crash(payload: bytes) -> None:
    os.abort()


@pytest.mark.slow
def test_a_file_that_crashes_its_reader_is_a_message(here, file, monkeypatch):
    monkeypatch.setattr(transfer, "copy_here", crash)
    with pytest.raises(RunError, match="ends in a crash") as caught:
        import_elsewhere(here, file, "me")
    assert str(file.parent) not in caught.value.problem
    assert here.runs() == []
