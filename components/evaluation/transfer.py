"""A run as one file, written and read: docs/runs.md says what is in it.

A file that is read is untrusted: it is opened in a process of its own and read-only, its tables
must be ours to the letter (no trigger, view or further index runs), SQLite may do nothing but read
them, and every value is checked before it is written elsewhere. The app reads what that process
wrote, and checks it again.
"""

from __future__ import annotations

import json
import os
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from components.errors import RunError, RunStoreError
from components.evaluation.checks import check_plan, check_prediction, check_reading
from components.evaluation.database import usable
from components.evaluation.migrations import APPLICATION_ID, MIGRATIONS, migrate, version_of
from components.evaluation.records import settings_of
from components.evaluation.score_table import add_scores
from components.evaluation.store import Origin, RunInfo, RunStore
from components.isolation import IsolationError, Limits, run_isolated

MAGIC = b"SQLite format 3\0"
_MOST_BYTES = 4_000_000_000
_LONGEST_VALUE = 8_000_000
_CHECK_SECONDS = 60.0
_STEPS_BETWEEN_CHECKS = 100_000
# Not `score`: what is in it follows from the answers, and is computed from them here.
_TABLES = ("run", "item", "prediction", "reading")
_WAY_OUT = "Export the run again, with this version of Basewise or an older one."
_ENDED = {
    "memory": "reading it takes more memory than a run of its size needs",
    "time": "reading it takes too long",
    "crash": "reading it ends in a crash",
    "output": "it holds more than a file of its size can",
}


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


def import_run(store: RunStore, path: Path, owner: str) -> RunInfo:
    """Bring in the run of a file that export_run or the command line wrote; it is read-only.

    The file is read and checked in a process of its own. RunError says why it is refused; nothing
    of it is kept then.
    """
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        _copy_elsewhere(path, copy)
        return take_run(store, copy, owner, "imported")


def _copy_elsewhere(path: Path, copy: Path) -> None:
    size_mb = path.stat().st_size / 1e6 if path.is_file() else 0.0
    limits = Limits(
        memory_mb=500 + min(round(8 * size_mb), 6000),
        cpu_seconds=60 + round(size_mb),
        seconds=180 + 3 * size_mb,
        output_mb=100 + round(3 * size_mb),
    )
    asked = json.dumps([str(path.absolute()), str(copy)]).encode()
    try:
        run_isolated(copy_here, asked, limits)
    except IsolationError as error:
        raise RunError(
            f"{path.name} can't be read: {_ENDED[error.reason]}.",
            way_out=_WAY_OUT,
            details=error.detail or None,
        ) from error


def copy_here(payload: bytes) -> str:
    """What `import_run` has a process of its own do: write the run of one file into another."""
    source, target = map(Path, json.loads(payload))
    try:
        store = RunStore(target)
        try:
            return take_run(store, source, "", "imported").id
        finally:
            store.close()
    except RunStoreError as error:
        raise RunError(
            f"{source.name} holds more than a run of its size can.",
            way_out=_WAY_OUT,
            details=error.problem,
        ) from error


def take_run(store: RunStore, path: Path, owner: str, origin: Origin) -> RunInfo:
    """Check the run of a file and put it into the store, in this process. RunError."""
    with _refused(path), _opened(path) as opened, _up_to_date(opened) as source:
        runs = _rows(source, "run")
        if len(runs) != 1:
            raise RunError(
                f"The file has {len(runs)} runs; one is read.",
                way_out="Export the one that is wanted.",
            )
        run, items = runs[0], _rows(source, "item")
        check_plan(run, items)
        for info in store.runs():
            if info.id == run["id"]:
                raise RunError(
                    f"This run is here already ({info.label}, {info.state}).",
                    way_out="Open it in the list, or delete it first.",
                )
        answered = sum(1 for _ in source.execute("SELECT 1 FROM prediction WHERE error IS NULL"))
        whole = answered == len(items) * len(json.loads(run["models"]))
        state = "finished" if whole or run["state"] == "finished" else "stopped"
        run |= {"owner": owner, "origin": origin, "state": state, "changed": time.time()}
        store.insert_run(
            run, items, _predictions(source, run, items), _readings(source, run, items)
        )
        for repo_id in json.loads(run["models"]):
            add_scores(store, run["id"], repo_id)
    return store.run(run["id"])


def _predictions(
    source: sqlite3.Connection, run: Mapping[str, Any], items: list[dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    """Each checked, one after the other: a file may hold more than memory does."""
    models, settings = set(json.loads(run["models"])), settings_of(run["settings"])
    by_id = {item["id"]: item for item in items}
    with _refused(Path("The file")):
        for row in source.execute("SELECT * FROM prediction"):
            prediction = dict(row)
            item = by_id.get(prediction["item"])
            if item is None or prediction["run"] != run["id"] or prediction["model"] not in models:
                raise ValueError("a prediction of what is not in the plan")
            check_prediction(prediction, item, settings)
            yield prediction


def _readings(
    source: sqlite3.Connection, run: Mapping[str, Any], items: list[dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    """Each checked; the features of one model have one length."""
    models, known = set(json.loads(run["models"])), {item["id"] for item in items}
    sizes: dict[str, int] = {}
    with _refused(Path("The file")):
        for row in source.execute("SELECT * FROM reading"):
            reading = dict(row)
            if reading["item"] not in known or reading["run"] != run["id"]:
                raise ValueError("a reading of what is not in the plan")
            if reading["model"] not in models:
                raise ValueError("a reading of a model that is not in the plan")
            check_reading(reading, sizes)
            yield reading


@contextmanager
def _refused(path: Path) -> Iterator[None]:
    """What can't be read, or can't have been written by a run, as RunError."""
    try:
        yield
    except (sqlite3.Error, OverflowError, UnicodeDecodeError) as error:
        raise RunError(f"{path.name} can't be read: {error}.", way_out=_WAY_OUT) from error
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        # A value of another kind than it has to be, wherever that shows first.
        raise RunError(
            f"{path.name} holds what no run has: {error}"[:300], way_out=_WAY_OUT
        ) from error


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


@contextmanager
def _up_to_date(opened: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """The file if it has today's layout, else its rows in a database of our own that got there."""
    version = _check_layout(opened)
    if opened.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
        raise RunError("The file is damaged or cut off.", way_out=_WAY_OUT)
    _only_read(opened)
    if version == len(MIGRATIONS):
        yield opened
        return
    with closing(sqlite3.connect("", isolation_level=None)) as ours:  # on disk while it lasts
        ours.row_factory = sqlite3.Row
        migrate(ours, version)
        for table in _TABLES:
            names = _columns(ours, table)
            if not names:  # a table that came later
                continue
            ours.executemany(
                f"INSERT INTO {table} ({', '.join(names)})"
                f" VALUES ({', '.join('?' for _ in names)})",
                (tuple(row) for row in opened.execute(f"SELECT {', '.join(names)} FROM {table}")),
            )
        migrate(ours)
        yield ours
