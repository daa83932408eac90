"""A SQLite file that several threads and processes use, and its failures in words."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from components.errors import RunStoreError
from components.evaluation.migrations import APPLICATION_ID, MIGRATIONS, migrate, version_of

_BUSY_SECONDS = 10.0
_MAKE_ROOM = "Make room there, then resume: what was recorded is kept."
_MOVE_AWAY = "Move the file away to start with an empty one, or put a copy of it in its place."


class Database:
    """One file, made or brought up to date when it is opened. Safe to use from several threads.

    Readers see what is committed, and neither wait for the writer nor hold it up (WAL).
    """

    def __init__(self, path: Path, busy_seconds: float = _BUSY_SECONDS):
        self.path = path
        self._busy_seconds = busy_seconds
        self._write_lock = threading.RLock()  # guards _writer
        with usable(path):
            self.locks.mkdir(parents=True, exist_ok=True)
            # SQLite does not wait for another process that makes the same new file.
            with FileLock(self.locks / "open.lock", timeout=busy_seconds):
                # Kept open: the last connection to close writes the whole log into the file.
                self._writer = self._connect(f"{path.absolute().as_uri()}?mode=rwc")
                try:
                    self._prepare()
                except BaseException:
                    self._writer.close()
                    raise

    @property
    def locks(self) -> Path:
        """The folder beside the file for the locks of those who work on it."""
        return self.path.with_name(f"{self.path.name}.locks")

    def _connect(self, uri: str) -> sqlite3.Connection:
        connection = sqlite3.connect(
            uri,
            uri=True,
            timeout=self._busy_seconds,
            isolation_level=None,
            check_same_thread=False,
        )
        connection.row_factory = sqlite3.Row
        return connection

    def _prepare(self) -> None:
        version = version_of(self._writer)
        application = self._writer.execute("PRAGMA application_id").fetchone()[0]
        empty = not self._writer.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0]
        if version > len(MIGRATIONS) or (application != APPLICATION_ID and not empty):
            what = "of a newer Basewise" if application == APPLICATION_ID else "no file of runs"
            raise RunStoreError(
                f"{self.path.name} is {what} (layout {version}; this one reads up to"
                f" {len(MIGRATIONS)}).",
                way_out="Name another file, or use the Basewise that wrote this one.",
            )
        if empty:
            self._writer.execute("PRAGMA auto_vacuum = INCREMENTAL")
        self._writer.execute("PRAGMA journal_mode = WAL")
        # A killed process loses nothing; a power cut may lose the latest predictions, whole ones.
        self._writer.execute("PRAGMA synchronous = NORMAL")
        self._writer.execute("PRAGMA foreign_keys = ON")
        migrate(self._writer)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection of one's own that sees one state of the file. RunStoreError."""
        with usable(self.path):
            connection = self._connect(f"{self.path.absolute().as_uri()}?mode=ro")
            try:
                connection.execute("BEGIN")
                yield connection
            finally:
                connection.close()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction: all of it is committed, or none. RunStoreError."""
        with self._write_lock, usable(self.path):
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:  # SQLite ends it by itself when the disk is full
                    self._writer.execute("ROLLBACK")
                raise

    @property
    def megabytes(self) -> float:
        """What the file holds, without what deleted runs have left free."""
        with self.reading() as connection:
            pages, free, size = (
                connection.execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("page_count", "freelist_count", "page_size")
            )
        return (pages - free) * size / 1e6

    def give_space_back(self) -> None:
        """Shrink the file by what was deleted."""
        with self._write_lock, usable(self.path):
            self._writer.execute("PRAGMA incremental_vacuum").fetchall()

    def close(self) -> None:
        """Give the file free."""
        with self._write_lock:
            self._writer.close()


@contextmanager
def usable(path: Path) -> Iterator[None]:
    """Turn what SQLite says of a file that can't be used into RunStoreError.

    What it says of our own statements is raised as it is.
    """
    try:
        yield
    except sqlite3.Error as error:
        # The extended codes hold the plain one in their lowest byte.
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if (said := _explained(code, path)) is None:
            raise
        problem, way_out = said
        raise RunStoreError(f"{problem} ({error}).", way_out=way_out) from error
    except Timeout as error:  # an OSError too
        problem, way_out = _locked(path)
        raise RunStoreError(f"{problem}.", way_out=way_out) from error
    except OSError as error:
        raise RunStoreError(
            f"{path.name} can't be used ({error.strerror or error}).",
            way_out="Name a file in a folder that can be written.",
        ) from error


def _explained(code: int, path: Path) -> tuple[str, str] | None:
    match code:
        case sqlite3.SQLITE_FULL:
            return f"The disk of {path.name} is full", _MAKE_ROOM
        case sqlite3.SQLITE_IOERR:
            return (
                f"{path.name} can't be written or read: the disk is full, at a limit, or failing",
                _MAKE_ROOM,
            )
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return _locked(path)
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return f"{path.name} is damaged, or no SQLite file", _MOVE_AWAY
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return (
                f"{path.name} can't be opened for writing",
                "Give Basewise the right to write there, or name another file.",
            )
    return None


def _locked(path: Path) -> tuple[str, str]:
    return (
        f"{path.name} is locked by another program",
        "Wait for that program or end it, then resume: what was recorded is kept.",
    )
