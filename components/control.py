"""One way to say how far long work is, and to be asked whether to go on."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from components.errors import StoppedError

Unit = Literal["bytes", "share"]

_process_ends = threading.Event()
# As a shell says it of a program that SIGTERM ended.
_ENDED_BY_FORCE = 128 + 15


@dataclass(frozen=True)
class Progress:
    """How far a stage of work is: `done` of `total`, which is None where it can't be known.

    Both are in `unit`: bytes, or shares of 1.
    """

    stage: str
    done: float = 0
    total: float | None = None
    unit: Unit = "bytes"


Listener = Callable[[Progress], None]


class Control:
    """Passed along with long work: downloads, conversion, loading, checks, forward passes, queues.

    The work calls `report` or `check` several times a second, in its caller's thread. `listener`
    gets each report there; whatever it raises (a page that its visitor left, say) ends the work.
    `stop` may be called from any thread: the next `report` or `check` then raises StoppedError. So
    does all work once the process ends, where `stop_all_at_end` was called.
    """

    def __init__(self, listener: Listener | None = None):
        self._listener = listener
        self._stopped = threading.Event()
        self._latest: Progress | None = None

    def report(
        self, stage: str, done: float = 0, total: float | None = None, unit: Unit = "bytes"
    ) -> None:
        """Say how far the work is. StoppedError once it is to stop."""
        self._latest = Progress(stage, done, total, unit)
        self.check()

    def check(self) -> None:
        """Go on or not: StoppedError once the work is to stop; the latest report is repeated."""
        if self._stopped.is_set() or _process_ends.is_set():
            raise StoppedError("Stopped.", way_out="Start it again.")
        if self._listener is not None and self._latest is not None:
            self._listener(self._latest)

    def stop(self) -> None:
        """Have the work end at its next `report` or `check`."""
        self._stopped.set()

    def with_listener(self, listener: Listener) -> Control:
        """A control for a part of the work: stopped with this one, reporting elsewhere."""
        part = Control(listener)
        part._stopped = self._stopped
        return part


def stop_all_at_end(seconds: float = 2.0) -> None:
    """From now on all work stops once the main thread is through, and the process with it.

    Python waits for the threads of pools before a process ends, and a download may wait for its
    next bytes: what still works after so many seconds is cut off, which files and stores bear.
    """
    # A name that Python does not promise, as pools use it: the last registered is called first,
    # before any is waited for; `atexit` would be too late.
    threading._register_atexit(_process_ends.set)  # type: ignore[attr-defined]
    threading.Thread(target=_cut_off, args=[seconds], name="end", daemon=True).start()


def _cut_off(seconds: float) -> None:
    _process_ends.wait()
    time.sleep(seconds)
    os._exit(_ENDED_BY_FORCE)
