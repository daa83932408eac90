"""Run a function in a process of its own, where a crash, a hang or a flood of memory is an error.

For work on what visitors bring: files and patterns that can abort the library which reads them, or
keep it busy for ever. A thread can't be ended and shares its memory with every visitor; a process
can, and does not.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import IO, Any, Literal

from components import errors
from components.control import Control
from components.errors import Attempt, BasewiseError

Reason = Literal["memory", "time", "crash", "output"]

_ROOT = Path(__file__).resolve().parents[1]
_POLL_SECONDS = 0.02
_NICE = 5  # pages come first
_MB = 1_000_000
_PAGE_TABLE = Path("/proc/self/statm")
# As many at a time: each takes a core, and may take memory up to its limit.
_places = threading.BoundedSemaphore(min(4, max(2, os.cpu_count() or 1)))
# One thread and one arena: address space that is only reserved would count against the limit.
_ENVIRONMENT = {
    "TOKENIZERS_PARALLELISM": "false",
    "RAYON_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "PYTHONUTF8": "1",
}
# What the process is given of this one's environment: no token, no address, no key.
_PASSED_ON = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "TEMP",
    "TMP",
    "SYSTEMROOT",
    "VIRTUAL_ENV",
)


@dataclass(frozen=True)
class Limits:
    """What the function may take.

    `memory_mb` is address space in megabytes beyond what Python and the function's imports take,
    `cpu_seconds` processor time and `seconds` wall time with the start, `output_mb` the size of
    the result. Systems without such limits (Windows; macOS for memory) have wall time alone.
    """

    memory_mb: int
    cpu_seconds: int
    seconds: float
    output_mb: int = 8


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
) -> Any:
    """What `function(payload)` returns in a process of its own: bytes, or what JSON has of it.

    `function` is one of a module, found there by its name. Raises the BasewiseError that it
    raises, IsolationError if it goes over a limit or crashes, IsolatedFaultError for any other
    exception, and StoppedError once `control` is to stop. Waits while as many others run as may.
    """
    command = [sys.executable, "-m", "components.isolation"]
    command += [f"{function.__module__}:{function.__qualname__}"]
    command += [str(n) for n in (limits.memory_mb, limits.cpu_seconds, limits.output_mb)]
    with (
        _place(control),
        tempfile.TemporaryFile() as given,
        tempfile.TemporaryFile() as answered,
        tempfile.TemporaryFile() as said,
    ):
        given.write(payload)
        given.seek(0)
        process = subprocess.Popen(
            command,
            cwd=_ROOT,
            env={k: os.environ[k] for k in _PASSED_ON if k in os.environ} | _ENVIRONMENT,
            stdin=given,
            stdout=answered,
            stderr=said,
            start_new_session=True,
        )
        in_time = False
        try:
            in_time = _wait(process, limits.seconds, control)
        finally:
            if process.poll() is None:
                _kill(process)
        answer, detail = _content(answered), _last_words(said)
    if not in_time:
        raise IsolationError("time", f"more than {limits.seconds:g} s")
    return _result(process.returncode, answer, detail)


@contextmanager
def _place(control: Control | None) -> Iterator[None]:
    while not _places.acquire(timeout=_POLL_SECONDS if control else None):
        if control is not None:
            control.check()
    try:
        yield
    finally:
        _places.release()


def _wait(process: subprocess.Popen[bytes], seconds: float, control: Control | None) -> bool:
    """Whether the process ends by itself within so many seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if control is not None:
            control.check()
        try:
            process.wait(_POLL_SECONDS)
            return True
        except subprocess.TimeoutExpired:
            continue
    return False


def _kill(process: subprocess.Popen[bytes]) -> None:
    if os.name == "posix":
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()


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


# What follows runs in the process of its own.


def allow_processor_time(seconds: int) -> None:
    """From now on the function may take so many seconds of processor time, and no more.

    Called by a function that knows better than its caller what its next step is worth.
    """
    if os.name == "posix":
        import resource

        used = time.process_time()
        _, most = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (int(used) + 1 + seconds, most))


def allow_memory(megabytes: int) -> None:
    """From now on the function may take so many megabytes of address space on top of what it has.

    Called by a function after imports that take more than it may take itself.
    """
    if sys.platform == "linux":
        import resource

        pages = int(_PAGE_TABLE.read_text(encoding="ascii").split()[0])
        space = pages * resource.getpagesize() + megabytes * _MB
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        if most != resource.RLIM_INFINITY:
            space = min(space, most)
        resource.setrlimit(resource.RLIMIT_AS, (space, most))


def _limit(memory_mb: int, cpu_seconds: int, output_mb: int) -> None:
    if os.name != "posix":
        return
    import resource

    os.nice(_NICE)
    most = resource.RLIM_INFINITY
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (output_mb * _MB, output_mb * _MB))
    resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + 1 + cpu_seconds, most))
    allow_memory(memory_mb)


def _answer(name: str, payload: bytes, limits: tuple[int, int, int]) -> dict[str, Any]:
    module, _, function = name.partition(":")
    target = getattr(import_module(module), function)
    _limit(*limits)
    try:
        return {"value": target(payload)}
    except BasewiseError as error:
        told: dict[str, Any] = {"kind": type(error).__name__, "problem": error.problem}
        told["way_out"] = error.way_out
        told |= {"attempts": [(a.what, a.reason) for a in error.attempts], "details": error.details}
        return {"refused": told}
    except MemoryError:
        return {"ended": "memory", "detail": "MemoryError"}
    except Exception:
        import traceback

        return {"fault": traceback.format_exc()[-4000:]}


def _written(found: dict[str, Any]) -> bytes:
    if isinstance(body := found.get("value"), bytes):
        return b'{"bytes": true}\n' + body
    return json.dumps(found).encode()


def _main() -> None:
    results = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no result
    name, *limits = sys.argv[1:]
    memory, cpu, output = map(int, limits)
    found = _answer(name, sys.stdin.buffer.read(), (memory, cpu, output))
    answer = _written(found)
    if len(answer) > output * _MB:
        told = f"{len(answer) / _MB:.0f} MB, more than {output}"
        answer = json.dumps({"ended": "output", "detail": told}).encode()
    results.write(answer)
    results.close()


if __name__ == "__main__":
    _main()
