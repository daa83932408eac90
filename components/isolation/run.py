"""Start a function in a process of its own, wait for it, and tell how it ended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import IO, Any, Literal, Protocol

from components import errors
from components.control import Control
from components.errors import Attempt, BasewiseError
from components.isolation.environment import ROOT, clean_environment
from components.isolation.fork_server import ForkServers, Libraries
from components.isolation.limits import Limits

Reason = Literal["memory", "time", "crash", "output"]

_POLL_SECONDS = 0.02
# As many at a time: each takes a core, and may take memory up to its limit.
_places = threading.BoundedSemaphore(min(4, max(2, os.cpu_count() or 1)))
_servers = ForkServers()


class IsolationError(Exception):
    """The function was ended, or its process crashed; `detail` is the last that it wrote."""

    def __init__(self, reason: Reason, detail: str):
        self.reason: Reason = reason
        self.detail = detail
        super().__init__(f"{reason}: {detail}")


class IsolatedFaultError(Exception):
    """The function raised what is no BasewiseError: a programming error, with its traceback."""


def run_isolated(
    function: Callable[[bytes], Any],
    payload: bytes,
    limits: Limits,
    control: Control | None = None,
    libraries: Libraries = "data",
) -> Any:
    """What `function(payload)` returns in a process of its own: bytes, or what JSON has of it.

    `function` is one of a module, found there by its name. Where processes can be forked
    (Linux), `libraries` are imported there already: pandas, pyarrow and tokenizers, or torch and
    transformers for "models". Raises the BasewiseError that it raises, IsolationError if it goes
    over a limit or crashes, IsolatedFaultError for any other exception, and StoppedError once
    `control` is to stop. Waits while as many others run as may.
    """
    call = {"function": f"{function.__module__}:{function.__qualname__}", "limits": asdict(limits)}
    with (
        _place(control),
        tempfile.TemporaryFile() as given,
        tempfile.TemporaryFile() as answered,
        tempfile.TemporaryFile() as said,
    ):
        given.write(payload)
        given.seek(0)
        process = _start(call, libraries, (given, answered, said))
        try:
            in_time = _wait(process, limits.seconds, control)
        finally:
            process.kill()
        answer, detail = _content(answered), _last_words(said)
    if not in_time:
        raise IsolationError("time", f"more than {limits.seconds:g} s")
    return _result(process.returncode or 0, answer, detail)


class _Process(Protocol):
    """A call's process, by a fork server or started for it alone."""

    returncode: int | None

    def ends_within(self, seconds: float) -> bool:
        """Whether it has ended, waiting for that at most so long."""
        ...

    def kill(self) -> None:
        """End it, and all that it started. Nothing happens where it has ended."""
        ...


class _StartedProcess:
    """A call's process where none can be forked."""

    def __init__(self, call: Mapping[str, Any], files: tuple[IO[bytes], IO[bytes], IO[bytes]]):
        given, answered, said = files
        self._process = subprocess.Popen(
            [sys.executable, "-m", "components.isolation", "call", json.dumps(call)],
            cwd=ROOT,
            env=clean_environment(),
            stdin=given,
            stdout=answered,
            stderr=said,
            start_new_session=True,
        )

    @property
    def returncode(self) -> int | None:
        return self._process.returncode

    def ends_within(self, seconds: float) -> bool:
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill(self) -> None:
        if self._process.poll() is None:
            if os.name == "posix":
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()
            self._process.wait()


def _start(
    call: Mapping[str, Any], libraries: Libraries, files: tuple[IO[bytes], IO[bytes], IO[bytes]]
) -> _Process:
    # A fork of a process that has torch imported is safe on Linux alone.
    if sys.platform == "linux":
        return _servers.start(call, libraries, files)
    return _StartedProcess(call, files)


@contextmanager
def _place(control: Control | None) -> Iterator[None]:
    while not _places.acquire(timeout=_POLL_SECONDS if control else None):
        if control is not None:
            control.check()
    try:
        yield
    finally:
        _places.release()


def _wait(process: _Process, seconds: float, control: Control | None) -> bool:
    """Whether the process ends by itself within so many seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if control is not None:
            control.check()
        if process.ends_within(_POLL_SECONDS):
            return True
    return False


def _content(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()


def _last_words(file: IO[bytes]) -> str:
    file.seek(max(0, file.seek(0, os.SEEK_END) - 4000))
    lines = file.read().decode("utf-8", "replace").strip().splitlines()
    return " ".join(lines[-3:])[-400:]


def _result(returncode: int, answer: bytes, detail: str) -> Any:
    if returncode == 0:
        head, _, body = answer.partition(b"\n")
        found = json.loads(head)
        if "bytes" in found:
            return body
        if "refused" in found:
            raise _refusal(found["refused"])
        if "fault" in found:
            raise IsolatedFaultError(found["fault"])
        if "ended" in found:
            raise IsolationError(found["ended"], found["detail"])
        return found["value"]
    ended_by = -returncode if returncode < 0 else 0
    if os.name == "posix" and ended_by in (signal.SIGXCPU, signal.SIGKILL):
        raise IsolationError("time", "more processor time than it may take")
    if "memory allocation" in detail or "MemoryError" in detail:
        raise IsolationError("memory", detail)
    raise IsolationError("crash", detail or f"ended with status {returncode}")


def _refusal(told: dict[str, Any]) -> BasewiseError:
    error = getattr(errors, told["kind"])(told["problem"], way_out=told["way_out"])
    error.attempts = tuple(Attempt(what, reason) for what, reason in told["attempts"])
    error.details = told["details"]
    return error
