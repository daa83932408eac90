"""A model on another machine's server, asked over HTTP."""

from components.engines.server.connections import Connections, EndpointState
from components.engines.server.engine import ServerEngine

__all__ = ["Connections", "EndpointState", "ServerEngine"]
