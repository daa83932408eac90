"""What models make of a run's own text: read once per row, kept, and handed on."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from components.control import Control
from components.engines import PooledEngine, Queue, Scorer
from components.errors import EngineError, RunError, StoppedError
from components.evaluation import RunStore
from components.evaluation.predictor import ModelSource
from components.evaluation.readings import count_readings, load_readings, read_rows, unread
from components.evaluation.transfer import export_run, import_run, take_run
from components.evaluation.work import carry_out
from components.numbers import NumberTrie, TokenPath
from tests.support.scripted_runs import MODELS, ScriptedPredictor, plan
from tests.unit.test_evaluate import ScriptedEngine, ScriptedScorer

MODEL = MODELS[0]


class KeepingScorer(ScriptedScorer):
    """Keeps features that no prompt has."""

    _kept: NDArray[np.float16] | None = None

    def keep_features(self) -> None:
        self._kept = np.full((2, 3), 0.5, dtype=np.float16)

    def features(self) -> NDArray[np.float16] | None:
        return self._kept


class ReadingEngine(ScriptedEngine):
    """Each character has 2 nats; features say how long a prompt is. It can't read row 1."""

    def __init__(self) -> None:
        super().__init__(129, "129.00 ")
        self.read: list[str] = []

    def scorer(self, prompt: TokenPath, trie: NumberTrie, control: Control) -> Scorer:
        return KeepingScorer(trie, 129, control, None)

    def log_likelihood(self, text: str, control: Control) -> float:
        control.check()
        if text == "thing 1":
            raise EngineError("The text is too long.", way_out="Shorten it.")
        self.read.append(text)
        return -2.0 * len(text)

    def prompt_features(self, prompt: str, control: Control) -> NDArray[np.float16]:
        return np.array([[len(prompt), 1, 2], [3, 4, 5]], dtype=np.float16)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RunStore]:
    store = RunStore(tmp_path / "runs.sqlite")
    yield store
    store.close()


@pytest.fixture
def run(store: RunStore) -> str:
    return store.create(plan(4), "visitor").id


def read(store: RunStore, run: str, engine: ScriptedEngine, control: Control | None = None) -> None:
    read_rows(store, run, MODEL, engine, Queue(), control or Control())


def test_each_row_is_read_once_and_what_can_not_be_told_stays_unknown(store, run):
    engine = ReadingEngine()
    assert [row.item_id for row in unread(store, run, MODEL)] == [f"row-{i}" for i in range(4)]
    read(store, run, engine)
    read(store, run, engine)
    assert engine.read == ["thing 0", "thing 2", "thing 3"]
    assert unread(store, run, MODEL) == []
    assert count_readings(store, run, MODEL) == 4
    found = load_readings(store, run, MODEL)
    assert found.likelihoods.to_dict("list") == {
        "item_id": ["row-0", "row-2", "row-3"],
        "nats": [14.0] * 3,
        "bytes": [7] * 3,
    }
    assert found.featured == [f"row-{i}" for i in range(4)]  # row 1's text alone is too long
    assert found.features is not None
    assert found.features.shape == (4, 2, 3)
    assert found.features[0].tolist() == [[len(plan(4).rows[0].prompt), 1, 2], [3, 4, 5]]


def test_a_run_reads_each_text_after_its_answer_and_takes_the_features_of_the_answers_passes(
    store, run
):
    engine = ReadingEngine()
    order: list[tuple[str, int]] = []

    class Predictor(ScriptedPredictor):
        def engine(self, files: ModelSource, control: Control) -> PooledEngine:
            return PooledEngine(engine)

    def heard(repo_id: str, error: str | None) -> None:
        order.append((repo_id, count_readings(store, run, repo_id)))

    carry_out(store, Predictor(), run, Control(), heard)
    assert order == [(model, done) for model in MODELS for done in range(1, 5)]
    features = load_readings(store, run, MODEL).features
    assert features is not None
    assert features[:, 0, 0].tolist() == [0.5] * 4  # kept by the scorer, not the prompts' lengths


def test_an_engine_that_tells_neither_reads_nothing(store, run):
    read(store, run, ScriptedEngine(129, "129.00 "))
    assert count_readings(store, run, MODEL) == 0
    assert load_readings(store, run, MODEL).features is None


def test_a_stopped_reading_goes_on_where_it_was(store, run):
    engine, control = ReadingEngine(), Control()
    stopping = control.with_listener(lambda _: control.stop() if len(engine.read) == 1 else None)
    with pytest.raises(StoppedError):
        read(store, run, engine, stopping)
    assert 0 < count_readings(store, run, MODEL) < 4
    read(store, run, engine)
    assert count_readings(store, run, MODEL) == 4


def test_readings_are_handed_on_with_their_run_and_deleted_with_it(store, run, tmp_path):
    read(store, run, ReadingEngine())
    file = tmp_path / "run.sqlite"
    export_run(store, run, file)
    elsewhere = RunStore(tmp_path / "elsewhere.sqlite")
    import_run(elsewhere, file, "visitor")
    before, after = load_readings(store, run, MODEL), load_readings(elsewhere, run, MODEL)
    assert after.likelihoods.equals(before.likelihoods)
    assert before.features is not None
    assert after.features is not None
    assert np.array_equal(after.features, before.features)
    elsewhere.close()
    store.delete(run)
    assert count_readings(store, run, MODEL) == 0


@pytest.mark.parametrize(
    "change",
    [
        "nats = -1",
        "nats = 9e999",
        "bytes = -3",
        "features = x'00'",
        "features = x'007c007c007c007c'",
        "item = 'row-9'",
        "model = 'somebody/else'",
    ],
)
def test_readings_that_no_run_has_refuse_the_file(store, run, tmp_path, change):
    read(store, run, ReadingEngine())
    file = tmp_path / "run.sqlite"
    export_run(store, run, file)
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute(f"UPDATE reading SET {change} WHERE item = 'row-2'")
    connection.close()
    elsewhere = RunStore(tmp_path / "elsewhere.sqlite")
    with pytest.raises(RunError):
        take_run(elsewhere, file, "visitor", "imported")
    assert elsewhere.runs() == []
    elsewhere.close()
