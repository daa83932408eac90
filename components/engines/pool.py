"""The models that are in memory at once: a bounded number, the least recently used goes first."""

import gc
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from components.engines.local.engine import LocalEngine
from components.engines.queue import Queue


@dataclass(frozen=True)
class PooledEngine:
    """An engine in memory, and the queue of those who want to use it."""

    engine: LocalEngine
    turns: Queue = field(default_factory=Queue)


class EnginePool:
    """At most `capacity` engines, each by a key. Safe to use from several threads.

    One that is released while somebody still uses it leaves memory when they are done.
    """

    def __init__(self, capacity: int):
        self._capacity = capacity
        self._engines: OrderedDict[Hashable, PooledEngine] = OrderedDict()
        self._changing = threading.Lock()
        self._loading = threading.Lock()  # held for seconds, when those in memory are to be had

    def get(self, key: Hashable, load: Callable[[], LocalEngine]) -> PooledEngine:
        """The engine of this key, loaded if it is not there; raises what `load` raises.

        Room is made before loading, so that what is released counts as free memory.
        """
        if (known := self._known(key)) is not None:
            return known
        with self._loading:
            if (known := self._known(key)) is not None:
                return known
            with self._changing:
                while len(self._engines) >= self._capacity:
                    self._engines.popitem(last=False)
            gc.collect()  # a model's modules refer to each other
            pooled = PooledEngine(load())
            with self._changing:
                self._engines[key] = pooled
            return pooled

    def resident(self) -> list[Hashable]:
        """The keys of those in memory, the least recently used first."""
        with self._changing:
            return list(self._engines)

    def _known(self, key: Hashable) -> PooledEngine | None:
        with self._changing:
            if key in self._engines:
                self._engines.move_to_end(key)
            return self._engines.get(key)
