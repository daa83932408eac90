"""Visitors of one engine take turns, first come, first served."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_LOOK_SECONDS = 0.2


class Queue:
    """A queue for something that one visitor uses at a time."""

    def __init__(self) -> None:
        self._queue: deque[object] = deque()
        self._changed = threading.Condition()

    @contextmanager
    def turn(self, waiting: Callable[[int], None]) -> Iterator[None]:
        """Hold the turn. Until it comes, `waiting` hears how many are before this visitor.

        It is called in this thread, so that a page's calls have their session and an exception
        raised in it (Stop) leaves the queue.
        """
        ticket = object()
        with self._changed:
            self._queue.append(ticket)
        try:
            while (before := self._before(ticket)) > 0:
                waiting(before)
                with self._changed:
                    self._changed.wait_for(lambda: self._queue[0] is ticket, _LOOK_SECONDS)
            yield
        finally:
            with self._changed:
                self._queue.remove(ticket)
                self._changed.notify_all()

    def _before(self, ticket: object) -> int:
        with self._changed:
            return self._queue.index(ticket)
