"""The endpoints of this host: connected on first use, asked again after failures."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from components.control import Control
from components.endpoints import Endpoint
from components.engines.queue import Queue
from components.engines.server.client import Client
from components.engines.server.engine import ServerEngine
from components.engines.server.probes import connect, look
from components.errors import BasewiseError, EndpointError

_log = logging.getLogger(__name__)

Status = Literal["asking", "ready", "failed"]

_AGAIN_SECONDS = 5.0  # a failed endpoint is not asked more often than this
_FRESH_SECONDS = 6.0  # so long an endpoint counts as it was


@dataclass(frozen=True)
class EndpointState:
    """How an endpoint stands now: `engine` if it is ready, `problem` if it failed."""

    endpoint: Endpoint
    status: Status
    engine: ServerEngine | None = None
    problem: BasewiseError | None = None


class _Slot:
    """One endpoint. What is found out is set by whoever holds the queue's place."""

    def __init__(self, endpoint: Endpoint):
        self.endpoint, self.client = endpoint, Client(endpoint)
        self.queue = Queue(f"{endpoint.name}'s answer")
        self.engine: ServerEngine | None = None
        self.problem: BasewiseError | None = None
        self.asked = float("-inf")
        self.asking: threading.Thread | None = None

    @property
    def age(self) -> float:
        return time.monotonic() - max(self.asked, self.client.answered)

    def state(self) -> EndpointState:
        problem = self.client.trouble or self.problem
        if problem is not None:
            return EndpointState(self.endpoint, "failed", problem=problem)
        if self.engine is not None:
            return EndpointState(self.endpoint, "ready", engine=self.engine)
        return EndpointState(self.endpoint, "asking")


class Connections:
    """Engines by their endpoints' names. Safe to use from several threads."""

    def __init__(self, endpoints: Mapping[str, Endpoint]):
        self._slots = {name: _Slot(endpoint) for name, endpoint in endpoints.items()}

    def endpoints(self) -> list[Endpoint]:
        """All of them, in the host's order."""
        return [slot.endpoint for slot in self._slots.values()]

    def engine(self, name: str, control: Control) -> ServerEngine:
        """The endpoint's engine, connected if it is not, or not since it failed.

        EndpointError if it can't be used; at once if it could not a few seconds ago.
        """
        if (slot := self._slots.get(name)) is None:
            raise EndpointError(
                f"This host has no endpoint {name!r}.",
                way_out="Pick one that is offered, or run the model here.",
            )
        with slot.queue.place(control):
            return self._connected(slot, control)

    def states(self, wait: float) -> list[EndpointState]:
        """How each endpoint stands. Those not heard of lately are asked, for `wait` seconds."""
        for slot in self._slots.values():
            limit = _AGAIN_SECONDS if slot.state().status == "failed" else _FRESH_SECONDS
            at_work = slot.asking is not None and slot.asking.is_alive()
            if slot.age > limit and not at_work:
                slot.asking = threading.Thread(target=self._look, args=(slot,), daemon=True)
                slot.asking.start()
        deadline = time.monotonic() + wait
        for slot in self._slots.values():
            if slot.asking is not None:
                slot.asking.join(max(0.0, deadline - time.monotonic()))
        return [slot.state() for slot in self._slots.values()]

    def _look(self, slot: _Slot) -> None:
        control = Control()
        try:
            if slot.engine is not None and slot.client.trouble is None:
                look(slot.client, control)
                slot.asked = time.monotonic()
            else:
                with slot.queue.place(control):
                    self._connected(slot, control)
        except BasewiseError as error:
            slot.problem, slot.engine, slot.asked = error, None, time.monotonic()

    def _connected(self, slot: _Slot, control: Control) -> ServerEngine:
        if slot.engine is not None and slot.client.trouble is None:
            return slot.engine
        recently = time.monotonic() - slot.asked < _AGAIN_SECONDS
        if slot.problem is not None and recently:
            raise slot.problem
        before, slot.engine = slot.engine, None
        try:
            slot.engine = connect(slot.client, control)
        except BasewiseError as error:
            if isinstance(error, EndpointError):
                _log.warning("%s", error.problem)
                slot.problem, slot.asked = error, time.monotonic()
            raise
        slot.problem, slot.asked = None, time.monotonic()
        if before is not None and before.id == slot.engine.id:
            slot.engine = before  # tries of its tokenizer are built already
        return slot.engine
