"""The models that are in memory at once: a bounded number, the least recently used goes first."""

import gc
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from components.control import Control
from components.engines.base import Engine, ModelId
from components.engines.queue import Queue

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PooledEngine:
    """An engine in memory, and the queue of those who want to use it."""

    engine: Engine
    queue: Queue = field(default_factory=Queue)


class EnginePool:
    """At most `capacity` engines, each by its identity. Safe to use from several threads.

    One that is released while somebody still uses it leaves memory when they are done.
    """

    def __init__(self, capacity: int):
        if capacity < 1:
            raise ValueError(f"a pool holds one engine or more, not {capacity}")
        self._capacity = capacity
        self._engines: OrderedDict[ModelId, PooledEngine] = OrderedDict()
        self._engines_lock = threading.Lock()  # guards _engines; held for moments only
        self._loads = Queue("loading a model")  # loads take turns, and take seconds

    def get(
        self, model_id: ModelId, load: Callable[[], Engine], control: Control | None = None
    ) -> PooledEngine:
        """The engine with this identity, loaded if it is not in memory; raises what `load` raises.

        `load` reads files that are on this disk already: room is made before it is called, so
        that what is released counts as free memory. Waiting for another load is reported to
        `control`, which may end it.
        """
        if (pooled := self._in_memory(model_id)) is not None:
            return pooled
        with self._loads.place(control or Control()):
            if (pooled := self._in_memory(model_id)) is not None:
                return pooled
            self._make_room()
            pooled = PooledEngine(load())
            with self._engines_lock:
                self._engines[model_id] = pooled
            return pooled

    def resident(self) -> list[ModelId]:
        """The identities of those in memory, the least recently used first."""
        with self._engines_lock:
            return list(self._engines)

    @property
    def capacity(self) -> int:
        """How many engines are in memory at most."""
        return self._capacity

    def queue_lengths(self) -> dict[str, int]:
        """How many use or wait for each engine, by its model's key; "" for loads."""
        with self._engines_lock:
            pooled = list(self._engines.items())
        lengths: dict[str, int] = {"": len(self._loads)}
        for model_id, one in pooled:  # a model in 4 bit has the key of itself in 16
            lengths[model_id.key] = lengths.get(model_id.key, 0) + len(one.queue)
        return lengths

    def _make_room(self) -> None:
        with self._engines_lock:
            while len(self._engines) >= self._capacity:
                released, _ = self._engines.popitem(last=False)
                _log.info("Released %s (%s) from memory", released.repo_id, released.describe())
        gc.collect()  # a model's modules refer to each other

    def _in_memory(self, model_id: ModelId) -> PooledEngine | None:
        with self._engines_lock:
            if model_id in self._engines:
                self._engines.move_to_end(model_id)
            return self._engines.get(model_id)
