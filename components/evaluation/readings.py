"""What models make of a run's own text, on disk: likelihood of descriptions, hidden states."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from components.control import Control
from components.engines import Engine, PromptFeatures, Queue, TextLikelihood
from components.errors import EngineError
from components.evaluation.store import RunStore

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Unread:
    """A row of which there is no reading yet."""

    item_id: str
    prompt: str
    text: str


@dataclass(frozen=True, eq=False)
class Readings:
    """One model's readings of a run's rows.

    `likelihoods` has `item_id`, `nats` (minus the log-likelihood of the description) and `bytes`
    (UTF-8), a row per text. `features` are those of PromptFeatures for each prompt of `featured`
    (item ids, in the run's order), shape (len(featured), 2, size); None if there are none.
    """

    likelihoods: pd.DataFrame
    featured: Sequence[str]
    features: NDArray[np.float16] | None


def can_read(engine: Engine) -> bool:
    """Whether the engine tells likelihoods or hidden states at all."""
    return isinstance(engine, (TextLikelihood, PromptFeatures))


def unread(store: RunStore, run_id: str, repo_id: str) -> list[Unread]:
    """The rows that the model has not read, in the run's order."""
    with store.database.reading() as connection:
        rows = connection.execute(
            "SELECT id, prompt, text FROM item WHERE run = :run AND NOT EXISTS"
            " (SELECT 1 FROM reading WHERE reading.run = :run AND model = :model"
            " AND reading.item = item.id) ORDER BY position",
            {"run": run_id, "model": repo_id},
        ).fetchall()
    return [Unread(*row) for row in rows]


def read_rows(
    store: RunStore,
    run_id: str,
    repo_id: str,
    engine: Engine,
    queue: Queue,
    control: Control,
) -> None:
    """Have the model read the rows that it has not read, each recorded as it is done.

    Nothing for an engine that tells neither likelihoods nor hidden states. What the
    model can't tell of a row is recorded as unknown. Raises StoppedError, RunStoreError.
    """
    rows = unread(store, run_id, repo_id) if can_read(engine) else []
    for done, row in enumerate(rows):
        control.report("Reading the rows' text", done / len(rows), 1, "share")
        read_row(store, run_id, repo_id, row, engine, queue, control)


def read_row(
    store: RunStore,
    run_id: str,
    repo_id: str,
    row: Unread,
    engine: Engine,
    queue: Queue,
    control: Control,
    features: NDArray[np.float16] | None = None,
) -> None:
    """Have the model read one row and record it; `features` spare the pass that finds them.

    As `read_rows` has it.
    """
    if not can_read(engine):
        return
    nats = None
    with queue.place(control):
        if isinstance(engine, TextLikelihood) and row.text:
            with _left_unknown(run_id, repo_id):
                nats = -engine.log_likelihood(row.text, control)
        if isinstance(engine, PromptFeatures) and features is None:
            with _left_unknown(run_id, repo_id):
                features = engine.prompt_features(row.prompt, control)
    _add(store, run_id, repo_id, row, nats, features)


@contextmanager
def _left_unknown(run_id: str, repo_id: str) -> Iterator[None]:
    """What the model can't tell stays unknown, and the log says why."""
    try:
        yield
    except EngineError as error:
        _warn_once(run_id, repo_id, error.problem)


@lru_cache(maxsize=100)
def _warn_once(run_id: str, repo_id: str, problem: str) -> None:
    """Log why rows are not read: once, since what fails for one often fails for all."""
    _log.warning("Rows of run %s are not read by %s: %s", run_id, repo_id, problem)


def _add(
    store: RunStore,
    run_id: str,
    repo_id: str,
    row: Unread,
    nats: float | None,
    features: NDArray[np.float16] | None,
) -> None:
    with store.database.writing() as connection:
        connection.execute(
            "INSERT OR IGNORE INTO reading (run, model, item, nats, bytes, features)"
            " SELECT ?, ?, id, ?, ?, ? FROM item WHERE run = ? AND id = ?",
            [
                run_id,
                repo_id,
                nats,
                len(row.text.encode()),
                None if features is None else features.astype("<f2").tobytes(),
                run_id,
                row.item_id,
            ],
        )


def count_readings(store: RunStore, run_id: str, repo_id: str) -> int:
    """How many rows of a run the model has read. RunStoreError."""
    with store.database.reading() as connection:
        row = connection.execute(
            "SELECT COUNT(*) FROM reading WHERE run = ? AND model = ?", [run_id, repo_id]
        ).fetchone()
    return row[0]


def load_readings(store: RunStore, run_id: str, repo_id: str) -> Readings:
    """What is recorded of the model's readings. RunStoreError."""
    with store.database.reading() as connection:
        rows = connection.execute(
            "SELECT item.id, nats, bytes, features FROM item JOIN reading"
            " ON reading.run = item.run AND reading.item = item.id"
            " WHERE item.run = ? AND model = ? ORDER BY position",
            [run_id, repo_id],
        ).fetchall()
    told = [tuple(row)[:3] for row in rows if row["nats"] is not None]
    likelihoods = pd.DataFrame(told, columns=["item_id", "nats", "bytes"])
    featured = [row for row in rows if row["features"] is not None]
    features = None
    if featured:
        features = np.stack([np.frombuffer(row["features"], "<f2") for row in featured])
        features = features.reshape(len(featured), 2, -1)
    return Readings(likelihoods, [row["id"] for row in featured], features)
