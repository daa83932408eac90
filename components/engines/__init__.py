"""Models that can be run, behind one protocol."""

from components.engines.base import Engine
from components.engines.local import LocalEngine, fetch_engine, load_engine
from components.engines.pool import EnginePool, PooledEngine
from components.engines.turns import Turns

__all__ = [
    "Engine",
    "EnginePool",
    "LocalEngine",
    "PooledEngine",
    "Turns",
    "fetch_engine",
    "load_engine",
]
