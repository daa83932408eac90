"""A run as one file, written and read: docs/runs.md says what is in it.

A file that is read is untrusted: it is opened read-only, its tables must be ours to the letter
(no trigger, view or further index runs), SQLite may do nothing but read them, and every value is
checked before it is written elsewhere.
"""

from __future__ import annotations

import json
import math
import os
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from components.errors import RunError
from components.evaluation.database import usable
from components.evaluation.migrations import APPLICATION_ID, MIGRATIONS, migrate, version_of
from components.evaluation.plan import run_id as id_of_plan
from components.evaluation.records import model_id_of, record_of, settings_of
from components.evaluation.rows import PRICE_LIMIT, Row
from components.evaluation.store import Origin, RunInfo, RunStore

MAGIC = b"SQLite format 3\0"
_MOST_BYTES = 4_000_000_000
_LONGEST_VALUE = 8_000_000
_CHECK_SECONDS = 60.0
_STEPS_BETWEEN_CHECKS = 100_000
_SUM_TOLERANCE = 1e-3  # of a thousand float32 and four float64
_TABLES = ("run", "item", "prediction", "reading")
_WAY_OUT = "Export the run again, with this version of Basewise or an older one."


def export_run(store: RunStore, run_id: str, path: Path) -> None:
    """Write one run with its items and predictions to `path`, whole or not at all.

    Who started it is left out. RunError for a run that is not there, RunStoreError if the file
    can't be written.
    """
    store.run(run_id)
    with usable(path):
        descriptor, name = tempfile.mkstemp(suffix=".part", dir=path.absolute().parent)
        os.close(descriptor)
        written = Path(name)
        try:
            with closing(sqlite3.connect(written, isolation_level=None)) as target:
                migrate(target)
                target.execute(
                    "ATTACH ? AS source", [f"{store.database.path.absolute().as_uri()}?mode=ro"]
                )
                target.execute("BEGIN")
                for table in _TABLES:
                    key = "id" if table == "run" else "run"
                    names = ", ".join(_columns(target, table))
                    target.execute(
                        f"INSERT INTO {table} ({names}) SELECT {names} FROM source.{table}"
                        f" WHERE {key} = ?",
                        [run_id],
                    )
                target.execute("UPDATE run SET owner = ''")
                target.execute("COMMIT")
            written.replace(path)
        finally:
            written.unlink(missing_ok=True)


def import_run(store: RunStore, path: Path, owner: str, origin: Origin = "imported") -> RunInfo:
    """Bring in the run of a file that export_run or the command line wrote; it is read-only.

    RunError says why a file is refused. Nothing of it is kept then.
    """
    run, items, predictions, readings = _read(path)
    present = [info for info in store.runs() if info.id == run["id"]]
    if present:
        raise RunError(
            f"This run is here already ({present[0].label}, {present[0].state}).",
            way_out="Open it in the list, or delete it first.",
        )
    now = time.time()
    whole = len(predictions) == len(items) * len(json.loads(run["models"]))
    state = "finished" if whole else "stopped"
    run = {**run, "owner": owner, "origin": origin, "state": state, "changed": now}
    store.insert_run(run, items, predictions, readings)
    return store.run(run["id"])


_Rows = list[dict[str, Any]]


def _read(path: Path) -> tuple[dict[str, Any], _Rows, _Rows, _Rows]:
    """The checked rows of a file's one run, by table, in today's columns."""
    with _refused_by_sqlite(path), _opened(path) as source:
        version = _check_layout(source)
        if source.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise RunError("The file is damaged or cut off.", way_out=_WAY_OUT)
        present = {name for kind, name, *_ in _layout(source) if kind == "table"}
        _only_read(source)
        found = {table: _rows(source, table) for table in _TABLES if table in present}
    if version < len(MIGRATIONS):
        found = _brought_up_to_date(found, version)
    if len(found["run"]) != 1:
        raise RunError(
            f"The file has {len(found['run'])} runs; one is read.",
            way_out="Export the one that is wanted.",
        )
    run = found["run"][0]
    try:
        _check_values(run, found["item"], found["prediction"])
        _check_readings(run, found["item"], found["reading"])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise RunError(
            f"The file holds what no run has: {error}"[:300], way_out=_WAY_OUT
        ) from error
    return run, found["item"], found["prediction"], found["reading"]


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(len(MAGIC))
        log = path.with_name(f"{path.name}-wal")
        unwritten = log.exists() and log.stat().st_size > 0
    except OSError as error:
        raise RunError(
            f"{path} can't be read: {error.strerror or error}.", way_out="Name a run's file."
        ) from error
    if head != MAGIC:
        raise RunError(f"{path.name} is no SQLite file.", way_out="Give a file that export wrote.")
    if size > _MOST_BYTES:
        raise RunError(
            f"The file has {size / 1e6:,.0f} MB; at most {_MOST_BYTES / 1e6:,.0f} MB are read.",
            way_out="Export a run with fewer predictions.",
        )
    if unwritten:
        raise RunError(
            f"{path.name} is being written, or its process was killed.",
            way_out="Let its command finish: the same one goes on, and closes the file.",
        )
    # Immutable: no file beside it is looked for, made or locked.
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True, isolation_level=None
    )
    with closing(connection):
        connection.row_factory = sqlite3.Row
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
        deadline = time.monotonic() + _CHECK_SECONDS
        connection.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS_BETWEEN_CHECKS)
        for pragma in ("trusted_schema = OFF", "query_only = ON", "cell_size_check = ON"):
            connection.execute(f"PRAGMA {pragma}")
        yield connection


@contextmanager
def _refused_by_sqlite(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OverflowError, UnicodeDecodeError) as error:
        raise RunError(f"{path.name} can't be read: {error}.", way_out=_WAY_OUT) from error


def _check_layout(source: sqlite3.Connection) -> int:
    """The file's version, if its tables and indexes are exactly those of it."""
    version = version_of(source)
    if source.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise RunError(
            "The file holds no run of Basewise.", way_out="Give a file that export wrote."
        )
    if not 1 <= version <= len(MIGRATIONS):
        raise RunError(
            f"The file has layout {version}; this Basewise reads 1 to {len(MIGRATIONS)}.",
            way_out="Open it with the Basewise that wrote it, or a newer one.",
        )
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as ours:
        migrate(ours, version)
        expected = _layout(ours)
    if _layout(source) != expected:
        raise RunError(
            "The file's tables are not those of a run: it was changed.", way_out=_WAY_OUT
        )
    return version


def _layout(connection: sqlite3.Connection) -> set[tuple[Any, ...]]:
    rows = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master")
    return {tuple(row) for row in rows}


def _only_read(source: sqlite3.Connection) -> None:
    allowed = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ}
    source.set_authorizer(
        lambda action, *_: sqlite3.SQLITE_OK if action in allowed else sqlite3.SQLITE_DENY
    )


def _rows(source: sqlite3.Connection, table: str) -> list[dict[str, Any]]:
    return [dict(row) for row in source.execute(f"SELECT * FROM {table}")]


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]


def _brought_up_to_date(
    found: dict[str, list[dict[str, Any]]], version: int
) -> dict[str, list[dict[str, Any]]]:
    """Rows of an older layout after the steps that it lacks, taken in a database of our own."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as ours:
        ours.row_factory = sqlite3.Row
        migrate(ours, version)
        for table, rows in found.items():
            names = _columns(ours, table)
            ours.executemany(
                f"INSERT INTO {table} ({', '.join(names)})"
                f" VALUES ({', '.join('?' for _ in names)})",
                [[row[name] for name in names] for row in rows],
            )
        migrate(ours)
        return {table: _rows(ours, table) for table in _TABLES}


def _check_values(
    run: Mapping[str, Any], items: list[dict[str, Any]], predictions: list[dict[str, Any]]
) -> None:
    """ValueError, TypeError or KeyError for what can't have been written by a run."""
    models = json.loads(run["models"])
    settings = json.loads(run["settings"])
    rows = [
        Row(item["id"], item["prompt"], item["text"], item["actual"], item["category"])
        for item in items
    ]
    if not all(isinstance(model, str) for model in models) or not rows:
        raise ValueError("a run has models and rows")
    left_out = json.loads(run["left_out"])
    if not all(isinstance(count, int) for count in left_out.values()):
        raise ValueError("rows left out are counted")
    for row in rows:
        if not 0 < row.price < PRICE_LIMIT:
            raise ValueError(f"a price of {row.price}")
    _check_time(run["created"])
    tolerance = settings_of(run["settings"]).tolerance
    if not 0 <= tolerance < 1:
        raise ValueError(f"a tolerance of {tolerance}")
    if run["id"] != id_of_plan(models, rows, settings):
        raise ValueError("its id is not that of its plan")
    asked = {(model, item["id"]) for model in models for item in items}
    by_id = {item["id"]: item for item in items}
    for prediction in predictions:
        if prediction["run"] != run["id"] or (prediction["model"], prediction["item"]) not in asked:
            raise ValueError("a prediction of what is not in the plan")
        item = by_id[prediction["item"]]
        columns = {name: item[name] for name in ("prompt", "text", "category", "actual")}
        _check_prediction({**prediction, **columns}, settings_of(run["settings"]))


def _check_readings(run: Mapping[str, Any], items: _Rows, found: _Rows) -> None:
    models, known = set(json.loads(run["models"])), {item["id"] for item in items}
    sizes: dict[str, int] = {}
    for reading in found:
        if (
            reading["run"] != run["id"]
            or reading["model"] not in models
            or reading["item"] not in known
        ):
            raise ValueError("a reading of what is not in the plan")
        nats = reading["nats"]
        if (nats is not None and not 0 <= nats < math.inf) or not reading["bytes"] >= 0:
            raise ValueError("nats and bytes are 0 or more")
        if (blob := reading["features"]) is not None:
            size = sizes.setdefault(reading["model"], len(blob))
            if len(blob) != size or size % 2 or not np.isfinite(np.frombuffer(blob, "<f2")).all():
                raise ValueError("features of one model are numbers of one length")


def _check_prediction(row: Mapping[str, Any], settings: Any) -> None:
    _check_time(row["created"])
    record = record_of(row, settings)
    if not all(isinstance(value, str) for value in record.libraries.values()):
        raise ValueError("versions of libraries are texts")
    found = record.distribution
    if (found is None) == (record.error is None):
        raise ValueError("a prediction has a distribution, or an error")
    if found is None:
        return
    if record.model is None or asdict(model_id_of(row["model_id"]))["repo_id"] != row["model"]:
        raise ValueError("a prediction of another model than it says")
    masses = [found.overflow, found.not_a_number, found.unexplored]
    if not all(0 <= mass <= 1 for mass in [*masses, found.untold]):
        raise ValueError("masses are from 0 to 1")
    if not (found.probabilities >= 0).all() or not math.isclose(
        found.probabilities.sum() + sum(masses), 1, abs_tol=_SUM_TOLERANCE
    ):
        raise ValueError("a distribution sums to 1")
    if found.method not in ("tree", "plain") or not 0 <= found.seconds < math.inf:
        raise ValueError("its method and seconds are none")
    if row["median"] != (None if math.isnan(found.median) else found.median):
        raise ValueError("a median that is not its distribution's")
    len(found.first_tokens)  # reads them


def _check_time(seconds: float) -> None:
    if not 0 <= seconds < 1e11:
        raise ValueError("a time that is none")
