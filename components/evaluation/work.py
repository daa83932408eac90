"""Do what a run's plan says, one recorded prediction after the other."""

from __future__ import annotations

import logging
from collections.abc import Callable

from components.control import Control
from components.engines import EngineFiles, ModelId
from components.errors import (
    BasewiseError,
    ContextError,
    EngineError,
    RunError,
    RunStoreError,
    StoppedError,
    TokenizerError,
)
from components.evaluation.evaluate import evaluate
from components.evaluation.item import InferenceSettings
from components.evaluation.predictor import Predictor
from components.evaluation.readings import read_rows, unread
from components.evaluation.store import RunStore
from components.evaluation.stored_scores import add_scores
from components.settings import variable

_log = logging.getLogger(__name__)

# After each item: the model's id, and why the item failed, if it did.
Heard = Callable[[str, str | None], None]


def carry_out(
    store: RunStore,
    predictor: Predictor,
    run_id: str,
    control: Control,
    heard: Heard = lambda repo_id, error: None,
) -> str | None:
    """Ask what is still to be asked, then have the rows' text read.

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
    """One model's part of the run. BasewiseError if it can't be fetched or loaded."""
    files = predictor.files(repo_id, settings, control)
    _refuse_another(store.model_ids(run_id, repo_id), files)
    for item in store.pending(run_id, repo_id):
        control.check()
        reason = None
        if not store.add_known(run_id, repo_id, item, files.id, settings):
            pooled = predictor.engine(files, control)
            try:
                prediction = evaluate(pooled.engine, item, settings, control, queue=pooled.queue)
            except (EngineError, TokenizerError, ContextError) as error:
                reason = str(error)
                store.add_failure(run_id, repo_id, item, reason, files.id)
            else:
                store.add(run_id, repo_id, prediction)
        heard(repo_id, reason)
    add_scores(store, run_id, repo_id)
    if unread(store, run_id, repo_id):
        pooled = predictor.engine(files, control)
        read_rows(store, run_id, repo_id, pooled.engine, pooled.queue, control)


def _refuse_another(before: set[ModelId], files: EngineFiles) -> None:
    """A run never mixes two models under one name: other weights, or another precision."""
    if others := [model for model in before if model != files.id]:
        raise RunError(
            f"This run's predictions are of {others[0].describe()}, and here it would be"
            f" {files.id.describe()}.",
            way_out=f"Set {variable('dtype')} to {others[0].precision} if the precision differs;"
            " otherwise delete the run and start it anew.",
        )
