"""What all visitors share of runs and live predictions."""

from __future__ import annotations

import atexit
import hashlib
import logging
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from components.errors import BasewiseError, RunStoreError
from components.evaluation import (
    FROZEN_FEATURES,
    Interval,
    ItemScores,
    LivePredictions,
    Plan,
    RunInfo,
    baseline_scores,
    bits_per_byte,
    linear_read_out,
    log_me,
)
from components.evaluation.host import has_interrupted, host_store_path
from components.evaluation.readings import count_readings, load_readings
from components.evaluation.row_sources import Table, read_strangers_table
from components.evaluation.row_sources import hub_table as fetch_hub_table
from components.evaluation.runner import Runner
from components.evaluation.score_table import stored_scores
from components.evaluation.store import RunStore
from components.evaluation.summary import figure
from components.review import PriceFigures
from components.settings import load_settings
from components.ui import services
from components.ui.kit import streamlit_compat, visits
from components.ui.kit.feedback import shown_progress
from components.ui.kit.shared import SharedTable

_log = logging.getLogger(__name__)
_VISITOR, _COOKIE = "visitor", "basewise_visitor"
_VISITOR_ID = re.compile("[0-9a-f]{32}")
_COOKIE_SECONDS = 365 * 86_400
_FITTED_UNASKED = 1000  # rows: fitting more takes seconds, and is done where it is asked for
_END_SECONDS = 1.0  # for workers to end with the process
_SHOWN = 16  # what is kept of runs that pages show, for each kind of it


def store() -> RunStore:
    """The file of runs of this host, with the run that comes with Basewise. RunStoreError."""
    return services.run_store()


@st.cache_resource(show_spinner=False)
def runner() -> Runner:
    """What works on runs, whatever pages come and go; it goes on where the last process ended."""
    worker = Runner(store(), services.predictor(), load_settings())
    worker.resume_interrupted()
    atexit.register(worker.close, _END_SECONDS)
    return worker


@st.cache_resource(show_spinner=False)
def live() -> LivePredictions:
    """What works on live predictions, whatever pages come and go."""
    worker = LivePredictions(services.predictor(), load_settings())
    atexit.register(worker.close, _END_SECONDS)
    return worker


@st.cache_resource(show_spinner=False)
def go_on() -> None:
    """Go on with the runs that were at work when the last process ended, once per server."""
    if not has_interrupted(host_store_path()):
        return
    try:
        runner()
    except RunStoreError:
        _log.warning("Interrupted runs can't be gone on with", exc_info=True)


def visitor() -> str:
    """A random id of this visitor's browser, which `keep_visitor` leaves there in a cookie."""
    if _VISITOR not in st.session_state:
        told = streamlit_compat.cookie(_COOKIE)
        st.session_state[_VISITOR] = told if _VISITOR_ID.fullmatch(told) else uuid.uuid4().hex
    return st.session_state[_VISITOR]


def keep_visitor() -> None:
    """Have the browser keep the visitor's id, so that after a refresh their runs are still theirs.

    Streamlit reads cookies and sets none: a script does. Where it is kept, nothing is drawn.
    """
    if streamlit_compat.cookie(_COOKIE) != visitor():
        kept = f"{_COOKIE}={visitor()}; path=/; max-age={_COOKIE_SECONDS}; SameSite=Lax"
        secure = 'location.protocol === "https:" ? "; Secure" : ""'
        st.html(
            f'<script>document.cookie = "{kept}" + ({secure})</script>',
            unsafe_allow_javascript=True,
        )


def run_scores(run: RunInfo) -> dict[str, ItemScores]:
    """The scores of each model of a run that has answered a row, as far as the run is."""
    by_model = {repo_id: _item_scores(run.id, repo_id, run.done) for repo_id in run.models}
    return {repo_id: scores for repo_id, scores in by_model.items() if scores is not None}


@st.cache_resource(max_entries=_SHOWN, show_spinner="Reading the run …")
def _item_scores(run_id: str, repo_id: str, done: int) -> ItemScores | None:
    return stored_scores(store(), run_id, repo_id)


def matching_run(models: Sequence[str]) -> RunInfo | None:
    """The newest run of those that have the most of these models; None if none has any.

    RunStoreError.
    """
    found = [(len(set(models).intersection(run.models)), run) for run in store().runs() if run.done]
    most = max((count for count, _ in found), default=0)
    return next((run for count, run in found if count == most), None) if most else None


def price_figures(run: RunInfo, repo_id: str) -> PriceFigures | None:
    """What a run shows of one of its models; None if it has priced no row yet. RunStoreError."""
    read = count_readings(store(), run.id, repo_id)
    return _price_figures(run, repo_id, run.done, read)


@st.cache_resource(
    max_entries=4 * _SHOWN, show_spinner=False, hash_funcs={RunInfo: lambda run: run.id}
)
def _price_figures(run: RunInfo, repo_id: str, done: int, read: int) -> PriceFigures | None:
    scores = run_scores(run).get(repo_id)
    if scores is None:
        return None
    error, rows = _mean_error(scores, "median")
    reading = text_reading(run, repo_id) if read and run.rows <= _FITTED_UNASKED else None
    read_out = reading.read_out if reading else None
    return PriceFigures(
        error,
        rows,
        reading.bits_per_byte if reading else None,
        _mean_error(read_out, FROZEN_FEATURES)[0] if read_out else None,
    )


def _mean_error(scores: ItemScores, read_out: str) -> tuple[Interval, int]:
    row = figure(scores, read_out, "mae")
    if row is None:  # all of its answers are no number
        return Interval(np.nan, np.nan, np.nan), 0
    return Interval(row["value"], row["low"], row["high"]), int(row["rows"])


def provenance(run: RunInfo) -> list[str]:
    """What answered in a run, and how it was asked, a line each."""
    lines = [
        f"{repo_id}: {model.describe()}."
        for repo_id in run.models
        for model in store().model_ids(run.id, repo_id)
    ]
    tolerance = f"At most {run.settings.tolerance:g} of the probability was left unexplored."
    left_out = [f"{count:,} rows left out: {reason}." for reason, count in run.left_out.items()]
    return [*lines, tolerance, *left_out]


@st.cache_resource(max_entries=_SHOWN, show_spinner="Fitting the baselines …")
def baselines(run_id: str) -> dict[str, ItemScores]:
    """What needs no language model, on all rows of a run."""
    rows = plan(run_id).rows
    return baseline_scores(_items(run_id), [row.text for row in rows])


@st.cache_resource(max_entries=_SHOWN, show_spinner=False)
def plan(run_id: str) -> Plan:
    """The plan of a run: its rows with their prompts and texts."""
    return store().plan(run_id)


def _items(run_id: str) -> pd.DataFrame:
    """`item_id`, `category` and `actual` of each row of a run."""
    return plan(run_id).items


@dataclass(frozen=True)
class TextReading:
    """What a model makes of a run's own text; None where it did not read it."""

    bits_per_byte: Interval | None
    read_out: ItemScores | None
    log_me: float | None


def text_reading(run: RunInfo, repo_id: str) -> TextReading | None:
    """What a model of a run makes of its rows' text, as far as it has read them."""
    return _text_reading(run.id, repo_id, count_readings(store(), run.id, repo_id))


@st.cache_resource(max_entries=_SHOWN, show_spinner="Fitting the linear read-out …")
def _text_reading(run_id: str, repo_id: str, read: int) -> TextReading | None:
    found = load_readings(store(), run_id, repo_id)
    bits = None if found.likelihoods.empty else bits_per_byte(found.likelihoods)
    if found.features is None:
        return None if bits is None else TextReading(bits, None, None)
    items = _items(run_id).set_index("item_id").loc[list(found.featured)].reset_index()
    return TextReading(
        bits,
        linear_read_out(items, found.features),
        log_me(found.features.reshape(len(items), -1), np.log1p(items["actual"].to_numpy(float))),
    )


def uploaded_table(name: str, content: bytes) -> Table:
    """An uploaded table of rows. RowsError."""
    key = hashlib.sha256(content).hexdigest()
    visits.drop_afterwards(f"{key} {name}", lambda: _uploaded_table.clear(key, name, b""))
    return _uploaded_table(key, name, content)


@st.cache_resource(max_entries=4, show_spinner="Reading the table …")
def _uploaded_table(key: str, name: str, _content: bytes) -> Table:
    return read_strangers_table(name, _content)


def hub_table(name: str) -> Table:
    """A dataset of the Hub, fetched with progress shown here if need be. BasewiseError."""
    if (failure := _recent_failures().get(name)) is not None:
        raise failure
    if (table := _hub_tables().get(name)) is None:
        try:
            with shown_progress() as control:
                table = fetch_hub_table(name, control)
        except BasewiseError as error:
            _recent_failures().put(name, error)
            raise
        _hub_tables().put(name, table)
    return table


@st.cache_resource(ttl="1h", show_spinner=False)
def _hub_tables() -> SharedTable[str, Table]:
    return SharedTable()


@st.cache_resource(ttl=load_settings().retry_seconds, show_spinner=False)
def _recent_failures() -> SharedTable[str, BasewiseError]:
    return SharedTable()
