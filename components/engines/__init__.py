"""Models that can be run, behind one protocol."""

from components.engines.base import Engine
from components.engines.local import LocalEngine, fetch_engine, load_engine

__all__ = ["Engine", "LocalEngine", "fetch_engine", "load_engine"]
