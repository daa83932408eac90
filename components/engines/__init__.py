"""Models that can be run, behind one interface."""

from components.engines.base import Engine, FeatureScorer, ModelId, PromptFeatures, TextLikelihood
from components.engines.local import (
    EngineFiles,
    LocalEngine,
    Precision,
    Readiness,
    fetch_engine,
    load_engine,
    open_engine,
    standing_of,
)
from components.engines.pool import EnginePool, PooledEngine
from components.engines.prices import PromptScorer, price_distribution, prompt_scorer
from components.engines.queue import Queue
from components.engines.server import Connections, EndpointState, ServerEngine
from components.numbers import NextTokens, Scorer

__all__ = [
    "Connections",
    "EndpointState",
    "Engine",
    "EngineFiles",
    "EnginePool",
    "FeatureScorer",
    "LocalEngine",
    "ModelId",
    "NextTokens",
    "PooledEngine",
    "Precision",
    "PromptFeatures",
    "PromptScorer",
    "Queue",
    "Readiness",
    "Scorer",
    "ServerEngine",
    "TextLikelihood",
    "fetch_engine",
    "load_engine",
    "open_engine",
    "price_distribution",
    "prompt_scorer",
    "standing_of",
]
