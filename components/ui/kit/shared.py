"""A table that all visitors' runs read and fill at once."""

import threading
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class SharedTable(Generic[K, V]):
    """Values by key. Safe to use from several threads."""

    def __init__(self) -> None:
        self._values: dict[K, V] = {}
        self._lock = threading.Lock()  # guards _values

    def get(self, key: K) -> V | None:
        """The value of this key, None if there is none."""
        with self._lock:
            return self._values.get(key)

    def put(self, key: K, value: V) -> None:
        """Set the value of this key."""
        with self._lock:
            self._values[key] = value

    def copy(self) -> dict[K, V]:
        """All values by key, as they are now."""
        with self._lock:
            return dict(self._values)
