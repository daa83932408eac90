"""A model on this machine, through transformers and torch."""

from components.engines.local.engine import LocalEngine
from components.engines.local.files import EngineFiles, Precision, fetch_engine
from components.engines.local.loading import load_engine, open_engine
from components.engines.local.readiness import Readiness, standing_of

__all__ = [
    "EngineFiles",
    "LocalEngine",
    "Precision",
    "Readiness",
    "fetch_engine",
    "load_engine",
    "open_engine",
    "standing_of",
]
