"""One way to say how far long work is, and to be asked whether to go on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from components.errors import StoppedError

Unit = Literal["bytes", "share"]

_process_ends = threading.Event()


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
    does all work after `stop_all`.
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


def stop_all() -> None:
    """Stop all work of this process, for good: it ends."""
    _process_ends.set()
