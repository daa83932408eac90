"""Models that can be run, behind one protocol."""

from components.engines.base import Engine
from components.engines.local.engine import LocalEngine, fetch_engine, load_engine
from components.engines.pool import EnginePool, PooledEngine
from components.engines.queue import Queue

__all__ = [
    "Engine",
    "EnginePool",
    "LocalEngine",
    "PooledEngine",
    "Queue",
    "fetch_engine",
    "load_engine",
]
