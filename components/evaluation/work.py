"""Do what a run's plan says, one recorded prediction after the other."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from components.control import Control
from components.engines import ModelId
from components.errors import (
    BasewiseError,
    ContextError,
    EndpointAwayError,
    EngineError,
    RunError,
    RunStoreError,
    StoppedError,
    TokenizerError,
)
from components.evaluation.evaluate import evaluate
from components.evaluation.item import InferenceSettings, Item
from components.evaluation.predictor import ModelSource, Predictor
from components.evaluation.readings import read_row, read_rows, unread
from components.evaluation.score_table import add_scores
from components.evaluation.store import RunStore
from components.settings import variable

_log = logging.getLogger(__name__)

# How long a server that went away is waited for, and how often it is asked.
AWAY_SECONDS, AGAIN_SECONDS = 600.0, 5.5
_STEP_SECONDS = 0.2

# After each item: the model's id, and why the item failed, if it did.
Heard = Callable[[str, str | None], None]


def carry_out(
    store: RunStore,
    predictor: Predictor,
    run_id: str,
    control: Control,
    heard: Heard = lambda repo_id, error: None,
) -> str | None:
    """Ask what is still to be asked, and have the rows' text read.

    Returns the problems of models that could not be asked, None if all could. Hold the run's
    lock. A model at a time; what is recorded is not asked again, except failures. The run is
    `running` until it is `finished` or, with a problem, `failed`; whoever stops it says what it is
    then. Raises StoppedError, RunStoreError.
    """
    info = store.run(run_id)
    store.set_state(run_id, "running")
    problems = []
    for repo_id in info.models:
        if not (store.pending(run_id, repo_id) or unread(store, run_id, repo_id)):
            continue
        try:
            _ask(store, predictor, run_id, repo_id, info.settings, control, heard)
        except (StoppedError, RunStoreError):
            raise
        except BasewiseError as error:
            _log.warning("Run %s goes on without %s: %s", run_id, repo_id, error)
            problems.append(f"{repo_id}: {error}")
    problem = "\n".join(problems) or None
    store.set_state(run_id, "failed" if problem else "finished", problem)
    return problem


def _ask(
    store: RunStore,
    predictor: Predictor,
    run_id: str,
    repo_id: str,
    settings: InferenceSettings,
    control: Control,
    heard: Heard,
) -> None:
    """One model's part of the run. BasewiseError if it can't be fetched or loaded.

    A server that goes away is waited for; what it has not answered is then asked again.
    """
    away_since: float | None = None
    while True:
        before = len(store.pending(run_id, repo_id))
        try:
            files = predictor.files(repo_id, settings, control)
            _refuse_another(store.model_ids(run_id, repo_id), files)
            _ask_items(store, predictor, run_id, repo_id, files, settings, control, heard)
            add_scores(store, run_id, repo_id)
            if unread(store, run_id, repo_id):
                pooled = predictor.engine(files, control)
                read_rows(store, run_id, repo_id, pooled.engine, pooled.queue, control)
            return
        except EndpointAwayError as error:
            now = time.monotonic()
            if away_since is None or len(store.pending(run_id, repo_id)) < before:
                away_since = now
            if now - away_since > AWAY_SECONDS:
                raise
            _log.warning("Run %s waits: %s", run_id, error.problem)
            _wait(f"Waiting: {error.problem}", control)


def _wait(stage: str, control: Control) -> None:
    until = time.monotonic() + AGAIN_SECONDS
    while time.monotonic() < until:
        control.report(stage)
        time.sleep(_STEP_SECONDS)


def _ask_items(
    store: RunStore,
    predictor: Predictor,
    run_id: str,
    repo_id: str,
    files: ModelSource,
    settings: InferenceSettings,
    control: Control,
    heard: Heard,
) -> None:
    """Ask what is pending, as many items at a time as the engine works on.

    The text of an item is read right after its answer, whose passes give the prompt's features.
    """
    to_read = {row.item_id: row for row in unread(store, run_id, repo_id)}

    def ask(item: Item, control: Control) -> str | None:
        pooled = predictor.engine(files, control)
        row, queue = to_read.get(item.id), pooled.queue
        try:
            prediction = evaluate(
                pooled.engine, item, settings, control, queue=queue, features=row is not None
            )
        except (EngineError, TokenizerError, ContextError) as error:
            store.add_failure(run_id, repo_id, item, str(error), files.id)
            return str(error)
        store.add(run_id, repo_id, prediction)
        if row is not None:
            features = prediction.features
            read_row(store, run_id, repo_id, row, pooled.engine, queue, control, features)
        return None

    pending = store.pending(run_id, repo_id)
    flight: set[Future[str | None]] = set()
    pool: ThreadPoolExecutor | None = None
    quiet = control.with_listener(lambda progress: None)  # reports come from one thread alone
    try:
        for item in pending:
            control.check()
            if store.add_known(run_id, repo_id, item, files.id, settings):
                heard(repo_id, None)
                continue
            size = predictor.engine(files, control).engine.concurrency
            if size == 1:
                heard(repo_id, ask(item, control))
                continue
            pool = pool or ThreadPoolExecutor(size, "items")
            flight.add(pool.submit(ask, item, quiet))
            while len(flight) >= size:
                flight = _landed(flight, repo_id, control, heard)
        while flight:
            flight = _landed(flight, repo_id, control, heard)
    finally:
        if pool is not None:
            pool.shutdown(wait=True, cancel_futures=True)


def _landed(
    flight: set[Future[str | None]], repo_id: str, control: Control, heard: Heard
) -> set[Future[str | None]]:
    """Those that are still under way, once one is done or a moment has passed."""
    control.report(f"Asking {len(flight)} products at a time")
    done, flying = wait(flight, _STEP_SECONDS, FIRST_COMPLETED)
    for future in done:
        heard(repo_id, future.result())
    return flying


def _refuse_another(before: set[ModelId], files: ModelSource) -> None:
    """A run never mixes two models under one name: other weights, or another precision."""
    if others := [model for model in before if model != files.id]:
        raise RunError(
            f"This run's predictions are of {others[0].describe()}, and here it would be"
            f" {files.id.describe()}.",
            way_out=f"Set {variable('dtype')} to {others[0].precision} if the precision differs;"
            " otherwise delete the run and start it anew.",
        )
