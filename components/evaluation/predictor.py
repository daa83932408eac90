"""Predictions of models here and on servers: files, memory of answers, engines in memory."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from dataclasses import dataclass, replace

from components.control import Control
from components.endpoints import load_endpoints, split_served_id
from components.engines import (
    Connections,
    EngineFiles,
    EnginePool,
    ModelId,
    PooledEngine,
    Queue,
    ServerEngine,
    fetch_engine,
    open_engine,
)
from components.errors import EngineError, RunStoreError
from components.evaluation.evaluate import Listener, evaluate
from components.evaluation.item import InferenceSettings, Item, Prediction
from components.evaluation.store import RunStore
from components.metrics import counted_refusals

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ServedModel:
    """A model on a server, connected: what EngineFiles are of a model here."""

    engine: ServerEngine

    @property
    def id(self) -> ModelId:
        """Its identity."""
        return self.engine.id


ModelSource = EngineFiles | ServedModel


@dataclass(frozen=True)
class _Question:
    model: ModelId
    prompt: str
    settings: InferenceSettings


class AnswerMemory:
    """Finished predictions, the newest `capacity` of them. Safe to use from several threads.

    The same model, prompt and settings have the same answer, whoever asks.
    """

    def __init__(self, capacity: int):
        self._capacity = capacity
        self._predictions: OrderedDict[_Question, Prediction] = OrderedDict()
        self._lock = threading.Lock()  # guards _predictions

    def find(self, model_id: ModelId, item: Item, settings: InferenceSettings) -> Prediction | None:
        """The prediction made for this earlier, if it is remembered."""
        question = _Question(model_id, item.prompt, settings)
        with self._lock:
            if question in self._predictions:
                self._predictions.move_to_end(question)
            return self._predictions.get(question)

    def add(self, prediction: Prediction) -> None:
        """Remember a finished prediction."""
        question = _Question(prediction.model, prediction.item.prompt, prediction.settings)
        with self._lock:
            self._predictions[question] = prediction
            while len(self._predictions) > self._capacity:
                self._predictions.popitem(last=False)


class Predictor:
    """What pages and workers ask for predictions. Safe to use from several threads.

    With a store, live predictions outlive the process, and what a run found out is known.
    """

    def __init__(self, engines: int, answers: int, store: RunStore | None = None, stored: int = 1):
        self.pool = EnginePool(engines)
        self.servers = Connections(load_endpoints())
        self._queues: dict[str | None, Queue] = {}  # of servers, by endpoint
        self._memory = AnswerMemory(answers)
        self._store, self._stored = store, stored

    def predict(
        self,
        repo_id: str,
        item: Item,
        settings: InferenceSettings,
        control: Control,
        partial: Listener | None = None,
    ) -> Prediction:
        """The model's prediction: fetched, looked up, or computed, whatever it takes.

        Files first, then the memory of answers, then weights: a model that can't be fetched
        releases no other from memory, and a known answer loads none. Raises what `files`, `engine`
        and `evaluate` raise.
        """
        files = self.files(repo_id, settings, control)
        if (known := self.known(files.id, item, settings)) is not None:
            return known
        pooled = self.engine(files, control)
        prediction = evaluate(
            pooled.engine, item, settings, control, queue=pooled.queue, partial=partial
        )
        self._remember(prediction)
        return prediction

    @counted_refusals()
    def files(self, repo_id: str, settings: InferenceSettings, control: Control) -> ModelSource:
        """What the model is loaded from, and its identity: files on this disk, or its server.

        `repo_id` is a Hub id, with `:` and an endpoint's name for a model there. Raises what
        `fetch_engine` raises, EndpointError if the server can't be used.
        """
        hub_id, endpoint = split_served_id(repo_id)
        if endpoint is None:
            return fetch_engine(hub_id, control, precision=settings.precision)
        if settings.precision != "native":
            raise EngineError(
                f"{endpoint} serves its weights as it loaded them: they are not quantized from"
                " here.",
                way_out="Switch “Weights in 4 bit” off, or run the model here.",
            )
        engine = self.servers.engine(endpoint, control)
        if engine.id.key != repo_id:
            raise EngineError(
                f"{endpoint} serves {engine.id.repo_id}, not {hub_id}.",
                way_out=f"Pick {engine.id.repo_id} there, or run {hub_id} here.",
            )
        return ServedModel(engine)

    @counted_refusals()
    def engine(self, files: ModelSource, control: Control) -> PooledEngine:
        """The model in memory, loaded if it is not there, or on its server.

        Raises what `open_engine` raises.
        """
        if isinstance(files, ServedModel):
            engine = files.engine
            queue = Queue("this server", engine.concurrency)
            return PooledEngine(engine, self._queues.setdefault(files.id.endpoint, queue))
        return self.pool.get(files.id, lambda: open_engine(files, control), control)

    def queue_lengths(self) -> dict[str, int]:
        """How many use or wait for each model, by its key; "" for those that wait for a load."""
        servers = list(self._queues.items())
        lengths = {f"server {name}": len(queue) for name, queue in servers}
        return self.pool.queue_lengths() | lengths

    def known(self, model: ModelId, item: Item, settings: InferenceSettings) -> Prediction | None:
        """The answer that was found out earlier, if it is remembered or stored."""
        if (remembered := self._memory.find(model, item, settings)) is not None:
            return replace(remembered, item=item)
        if self._store is None:
            return None
        try:
            return self._store.find(model, item, settings)
        except RunStoreError:
            _log.warning("Stored answers can't be read", exc_info=True)
            return None

    def _remember(self, prediction: Prediction) -> None:
        self._memory.add(prediction)
        if self._store is not None:
            try:
                self._store.remember(prediction, self._stored)
            except RunStoreError:  # the visitor has the answer all the same
                _log.warning("A live prediction is not stored", exc_info=True)
