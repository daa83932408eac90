"""A queue for something that few visitors use at a time, first come, first served."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from components.control import Control

_REPORT_SECONDS = 0.2


class Queue:
    """Places for something that `users` use at a time. Safe to use from several threads."""

    def __init__(self, what: str = "this model", users: int = 1):
        self._what, self._users = what, users
        self._places: deque[object] = deque()
        self._changed = threading.Condition()

    @contextmanager
    def place(self, control: Control) -> Iterator[None]:
        """Wait for one's place to be among the first, and hold it.

        Until then `control` gets reports of how many are before. Whatever it raises (StoppedError,
        or what a page raises that its visitor left) gives the place up.
        """
        ticket = object()
        with self._changed:
            self._places.append(ticket)
        try:
            while (before := self._before(ticket)) > 0:
                control.report(f"Place {before} in the queue for {self._what}")
                with self._changed:
                    self._changed.wait_for(
                        lambda: self._waiting_before(ticket) == 0, _REPORT_SECONDS
                    )
            yield
        finally:
            with self._changed:
                self._places.remove(ticket)
                self._changed.notify_all()

    def __len__(self) -> int:
        """How many hold or wait for a place."""
        with self._changed:
            return len(self._places)

    def _before(self, ticket: object) -> int:
        with self._changed:
            return self._waiting_before(ticket)

    def _waiting_before(self, ticket: object) -> int:
        """How many must leave before it is this one's turn. The lock is held."""
        return max(0, self._places.index(ticket) - self._users + 1)
