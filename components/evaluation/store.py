"""Runs and predictions on disk: what is finished is kept, whatever happens to the process."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock

from components.engines import ModelId
from components.errors import RunError, RunStoreError
from components.evaluation.database import Database
from components.evaluation.item import InferenceSettings, Item, Prediction, own_item
from components.evaluation.packing import PackingError
from components.evaluation.plan import Plan, canonical_json
from components.evaluation.records import (
    ANSWER_COLUMNS,
    Record,
    answer_of,
    failure_of,
    model_id_of,
    question_of,
    record_of,
    settings_of,
)
from components.evaluation.rows import Row

State = Literal["waiting", "running", "paused", "stopped", "failed", "finished"]
Origin = Literal["computed", "imported", "bundled"]

_ANSWER = ", ".join(["question", *ANSWER_COLUMNS])
_VALUES = ", ".join(f":{name}" for name in ("question", *ANSWER_COLUMNS))
_SET = ", ".join(f"{name} = excluded.{name}" for name in ("question", *ANSWER_COLUMNS))
_UNLESS_THERE = (
    f"ON CONFLICT (run, model, item) DO UPDATE SET {_SET} WHERE prediction.error IS NOT NULL"
)
_KNOWN = (
    f"SELECT model, {_ANSWER} FROM live_prediction WHERE question = :question"
    f" UNION ALL SELECT model, {_ANSWER} FROM prediction WHERE question = :question"
    " AND run IN (SELECT id FROM run WHERE origin != 'imported') LIMIT 1"
)


@dataclass(frozen=True)
class RunInfo:
    """A run as a list shows it.

    `owner` is the random id of the visitor who started it: compared, never shown. `done` and
    `failed` count predictions, of `total`. Times are in seconds since 1970, UTC.
    """

    id: str
    label: str
    models: tuple[str, ...]
    settings: InferenceSettings
    rows: int
    left_out: Mapping[str, int]
    owner: str
    origin: Origin
    state: State
    problem: str | None
    created: float
    changed: float
    done: int
    failed: int

    @property
    def total(self) -> int:
        """How many predictions the plan has."""
        return len(self.models) * self.rows

    @property
    def read_only(self) -> bool:
        """Whether it came as a file: shown, never gone on with."""
        return self.origin != "computed"


class RunStore:
    """A file of runs, and of live predictions. Safe to use from several threads and processes.

    Every method raises RunStoreError where the file can't be used, RunError for a run that is not
    there.
    """

    def __init__(self, path: Path, **options: float):
        self.database = Database(path, **options)

    def close(self) -> None:
        """Give the file free."""
        self.database.close()

    def lock(self, run_id: str) -> FileLock:
        """The lock that whoever works on a run holds; the system frees it when a process dies."""
        # Not shared between threads of this process: two workers in it exclude each other too.
        return FileLock(self.database.locks / f"{run_id}.lock", thread_local=False)

    def create(self, plan: Plan, owner: str) -> RunInfo:
        """Write a plan down as a run that waits; the run as it is if it is there already."""
        now = time.time()
        run = {
            "id": plan.run_id,
            "label": plan.label,
            "models": canonical_json(plan.models),
            "settings": canonical_json(asdict(plan.settings)),
            "left_out": canonical_json(plan.left_out),
            "owner": owner,
            "origin": "computed",
            "state": "waiting",
            "problem": None,
            "created": now,
            "changed": now,
        }
        with self.database.writing() as connection:
            if not connection.execute("SELECT 1 FROM run WHERE id = ?", [plan.run_id]).fetchone():
                _insert(connection, "run", [run])
                _insert(connection, "item", _items(plan))
        return self.run(plan.run_id)

    def runs(self) -> list[RunInfo]:
        """All runs, the latest started first."""
        with self.database.reading() as connection:
            rows = connection.execute(f"{_RUNS} ORDER BY created DESC, id").fetchall()
        return [_info(row) for row in rows]

    def run(self, run_id: str) -> RunInfo:
        """One run."""
        with self.database.reading() as connection:
            row = connection.execute(f"{_RUNS} WHERE run.id = ?", [run_id]).fetchone()
        if row is None:
            raise RunError(
                f"There is no run {run_id!r}.",
                way_out="Pick one of the list; it may have been deleted, or be on another host.",
            )
        return _info(row)

    def plan(self, run_id: str) -> Plan:
        """The plan that a run was made from."""
        info = self.run(run_id)
        with self.database.reading() as connection:
            rows = connection.execute(
                "SELECT id, prompt, text, actual, category FROM item WHERE run = ?"
                " ORDER BY position",
                [run_id],
            ).fetchall()
        items = tuple(Row(*row) for row in rows)
        return Plan(info.models, items, info.settings, info.label, info.left_out)

    def pending(self, run_id: str, repo_id: str) -> list[Item]:
        """The items without an answer of this model, in the run's order; failures count as none."""
        with self.database.reading() as connection:
            rows = connection.execute(
                "SELECT id, prompt, actual, category FROM item WHERE run = :run AND id NOT IN"
                " (SELECT item FROM prediction WHERE run = :run AND model = :model"
                " AND error IS NULL) ORDER BY position",
                {"run": run_id, "model": repo_id},
            ).fetchall()
        return [Item(*row) for row in rows]

    def add(self, run_id: str, repo_id: str, prediction: Prediction) -> None:
        """Record a model's answer, unless there is one; it takes a failure's place."""
        self._record(run_id, repo_id, prediction.item.id, answer_of(prediction))

    def add_known(
        self, run_id: str, repo_id: str, item: Item, model: ModelId, settings: InferenceSettings
    ) -> bool:
        """Record the answer to this that is stored already, as it was given then; False if none is.

        Live, or in another run; what was imported is not trusted for it.
        """
        values = {
            "question": question_of(model, item.prompt, settings),
            "run": run_id,
            "model": repo_id,
            "item": item.id,
        }
        with self.database.writing() as connection:
            added = connection.execute(
                f"INSERT INTO prediction (run, model, item, {_ANSWER})"
                f" SELECT :run, :model, :item, {_ANSWER} FROM ({_KNOWN}) WHERE true"
                f" {_UNLESS_THERE}",
                values,
            )
            return added.rowcount > 0

    def add_failure(
        self, run_id: str, repo_id: str, item: Item, reason: str, model: ModelId | None = None
    ) -> None:
        """Record why an item could not be answered, unless it was."""
        self._record(run_id, repo_id, item.id, failure_of(model, reason))

    def _record(self, run_id: str, repo_id: str, item_id: str, answer: dict[str, Any]) -> None:
        values = {**answer, "run": run_id, "model": repo_id, "item": item_id}
        with self.database.writing() as connection:
            connection.execute(
                f"INSERT INTO prediction (run, model, item, {_ANSWER})"
                f" SELECT :run, :model, :item, {_VALUES} FROM run WHERE id = :run"
                f" {_UNLESS_THERE}",
                values,
            )
            connection.execute(
                "UPDATE run SET changed = :created WHERE id = :run",
                {"created": answer["created"], "run": run_id},
            )

    def model_ids(self, run_id: str, repo_id: str) -> set[ModelId]:
        """As which models a run's model has answered so far: one, or none yet."""
        with self.database.reading() as connection:
            rows = connection.execute(
                "SELECT DISTINCT model_id FROM prediction"
                " WHERE run = ? AND model = ? AND error IS NULL",
                [run_id, repo_id],
            ).fetchall()
        return {model_id_of(row[0]) for row in rows}

    def predictions(self, run_id: str, repo_id: str) -> list[Record]:
        """What is recorded of a run's model, in the run's order; failures have their `error`."""
        settings = self.run(run_id).settings
        with self.database.reading() as connection:
            rows = connection.execute(
                f"SELECT model, item, prompt, text, category, actual, {_ANSWER}"
                " FROM item JOIN prediction ON prediction.run = item.run AND item = item.id"
                " WHERE item.run = ? AND model = ? ORDER BY position",
                [run_id, repo_id],
            ).fetchall()
        return [self._record_of(row, settings) for row in rows]

    def seconds_per_prediction(self, repo_id: str) -> float | None:
        """How long the model's distributions took on average; None if there are none."""
        with self.database.reading() as connection:
            row = connection.execute(
                "SELECT AVG(seconds) FROM prediction WHERE model = ? AND error IS NULL", [repo_id]
            ).fetchone()
        return row[0]

    def set_state(self, run_id: str, state: State, problem: str | None = None) -> None:
        """Say how a run stands."""
        with self.database.writing() as connection:
            connection.execute(
                "UPDATE run SET state = ?, problem = ?, changed = ? WHERE id = ?",
                [state, problem, time.time(), run_id],
            )

    def delete(self, run_id: str) -> None:
        """Remove a run with all its predictions. Hold its lock."""
        with self.database.writing() as connection:
            # By run: a cascade from each item would look through all predictions of its run.
            for table in ("score", "reading", "prediction", "item"):
                connection.execute(f"DELETE FROM {table} WHERE run = ?", [run_id])
            connection.execute("DELETE FROM run WHERE id = ?", [run_id])
        self.database.give_space_back()

    def insert_run(
        self,
        run: Mapping[str, Any],
        items: Iterable[Mapping[str, Any]],
        predictions: Iterable[Mapping[str, Any]],
        readings: Iterable[Mapping[str, Any]] = (),
    ) -> None:
        """Put a whole run in, by columns, in one transaction; it must not be there."""
        with self.database.writing() as connection:
            _insert(connection, "run", [run])
            _insert(connection, "item", items)
            _insert(connection, "prediction", predictions)
            _insert(connection, "reading", readings)

    def remember(self, prediction: Prediction, keep: int) -> None:
        """Record a live prediction; only the newest `keep` of them stay."""
        item = prediction.item
        values = {
            **answer_of(prediction),
            "model": prediction.model.repo_id,
            "item": own_item(item.prompt).id,
            "prompt": item.prompt,
            "actual": item.actual,
            "settings": canonical_json(asdict(prediction.settings)),
        }
        with self.database.writing() as connection:
            _insert(connection, "live_prediction", [values], otherwise="OR REPLACE")
            connection.execute(
                "DELETE FROM live_prediction WHERE question IN (SELECT question FROM"
                " live_prediction ORDER BY created DESC LIMIT -1 OFFSET ?)",
                [keep],
            )

    def find(self, model: ModelId, item: Item, settings: InferenceSettings) -> Prediction | None:
        """The answer to this, live or in a run; what was imported is not trusted for it."""
        question = question_of(model, item.prompt, settings)
        with self.database.reading() as connection:
            row = connection.execute(_KNOWN, {"question": question}).fetchone()
        if row is None:
            return None
        asked = {"item": item.id, "prompt": item.prompt, "actual": item.actual}
        found = {**dict(row), **asked, "text": "", "category": item.category}
        return self._record_of(found, settings).prediction

    def newest(self, repo_id: str, item: Item, settings: InferenceSettings) -> Record | None:
        """The newest answer of a model to this, whatever its revision and precision of weights.

        Live or in a run; what was imported is not trusted for it.
        """
        asked = {
            "model": repo_id,
            "prompt": item.prompt,
            "own": own_item(item.prompt).id,
            "item": item.id,
            "settings": canonical_json(asdict(settings)),
        }
        with self.database.reading() as connection:
            row = connection.execute(_NEWEST, asked).fetchone()
        if row is None:
            return None
        found = {"item": item.id, "prompt": item.prompt, "actual": item.actual}
        return self._record_of({**dict(row), **found, "text": "", "category": None}, settings)

    def live(self, repo_id: str | None = None) -> list[Record]:
        """The live predictions, of one model or all, the newest first.

        Their items have a hash of the prompt as id, and the prompt as text.
        """
        with self.database.reading() as connection:
            rows = connection.execute(
                "SELECT *, prompt AS text, NULL AS category FROM live_prediction"
                " WHERE :model IS NULL OR model = :model ORDER BY created DESC",
                {"model": repo_id},
            ).fetchall()
        return [self._record_of(row, settings_of(row["settings"])) for row in rows]

    def _record_of(self, row: Mapping[str, Any], settings: InferenceSettings) -> Record:
        try:
            return record_of(row, settings)
        except PackingError as error:
            raise RunStoreError(
                f"{self.database.path} is damaged: {error}.",
                way_out="Delete the run, or put a copy of the file in its place.",
            ) from error


_RUNS = """
SELECT run.*,
    (SELECT COUNT(*) FROM item WHERE run = run.id) AS rows,
    (SELECT COUNT(*) FROM prediction WHERE run = run.id AND error IS NULL) AS done,
    (SELECT COUNT(*) FROM prediction WHERE run = run.id AND error IS NOT NULL) AS failed
FROM run"""


_NEWEST = f"""
SELECT model, {_ANSWER} FROM live_prediction
    WHERE model = :model AND item = :own AND settings = :settings
UNION ALL
SELECT model, {_ANSWER} FROM prediction
    WHERE run IN (SELECT id FROM run WHERE settings = :settings AND origin != 'imported')
    AND model = :model AND item IN (:item, :own) AND error IS NULL
    AND :prompt = (SELECT prompt FROM item
        WHERE item.run = prediction.run AND item.id = prediction.item)
ORDER BY created DESC LIMIT 1"""


def _info(row: Mapping[str, Any]) -> RunInfo:
    read = dict(row)
    return RunInfo(
        **{
            **read,
            "models": tuple(json.loads(read["models"])),
            "settings": settings_of(read["settings"]),
            "left_out": json.loads(read["left_out"]),
        }
    )


def _items(plan: Plan) -> list[dict[str, Any]]:
    return [
        {
            "run": plan.run_id,
            "position": position,
            "id": row.id,
            "prompt": row.prompt,
            "text": row.text,
            "actual": float(row.price),
            "category": row.category,
        }
        for position, row in enumerate(plan.rows)
    ]


def _insert(
    connection: Any, table: str, rows: Iterable[Mapping[str, Any]], otherwise: str = ""
) -> None:
    rows = iter(rows)
    if (first := next(rows, None)) is not None:
        connection.executemany(
            f"INSERT {otherwise} INTO {table} ({', '.join(first)})"
            f" VALUES ({', '.join(f':{name}' for name in first)})",
            chain([first], rows),
        )
