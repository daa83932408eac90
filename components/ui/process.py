"""What a server of the app does once, whoever serves it: metrics, logs, leftovers, its end."""

import gc
import logging
import threading
import time

import streamlit as st

from components.control import stop_all
from components.metrics import HELP, counts
from components.ui import services
from components.ui.kit import hosting, streamlit_compat

_log = logging.getLogger(__name__)
_POLL_SECONDS = 0.2
_SWEEP_SECONDS = 10.0
_DOWNLOAD_SECONDS = 60.0  # within which a browser asks for what a click made
# From the order to end to the end, at most: what takes longer (a pass, a download) is cut off, as
# what it writes is whole or not there.
END_SECONDS = 1.5
_PREFIX = "basewise_"
_GAUGES = {
    "models_resident": "Models in memory on this machine.",
    "queue_length": "Who uses a model or waits for it, by model; without one: waits for a load.",
}


@st.cache_resource(show_spinner=False)
def begin() -> None:
    """Begin once per server; without one (AppTest) nothing is done."""
    if not streamlit_compat.is_served():
        return
    hosting.begin_log()
    streamlit_compat.refuse_to_clear_caches()
    streamlit_compat.deliver_what_ended_runs_sent()
    streamlit_compat.keep_downloads(_DOWNLOAD_SECONDS)
    families = [_PREFIX + name for name in (*HELP, *_GAUGES)]
    streamlit_compat.add_metrics(families, _metrics)
    threading.Thread(target=_keep_house, name="housekeeping", daemon=True).start()
    # What is loaded by now stays: collections need not look through it.
    gc.collect()
    gc.freeze()


def _keep_house() -> None:
    """Sweep up after visits, and see to it that the server ends soon once it is told to.

    Python would wait for threads that download: they are the libraries', and can't be ended.
    """
    swept = time.monotonic()
    while not streamlit_compat.is_ending():
        time.sleep(_POLL_SECONDS)
        if time.monotonic() - swept > _SWEEP_SECONDS:
            streamlit_compat.expire_sessions()
            swept = time.monotonic()
    stop_all()
    time.sleep(END_SECONDS)
    _log.info("Ended with work under way")
    hosting.end()


def _metrics() -> streamlit_compat.Metrics:
    metric = streamlit_compat.Metric
    for (family, kind), value in counts().items():
        labels = {"kind": kind} if kind else None
        yield metric(_PREFIX + family, value, HELP[family], labels, counts=True)
    predictor = services.predictor()
    resident = len(predictor.pool.resident())
    yield metric(f"{_PREFIX}models_resident", resident, _GAUGES["models_resident"])
    for model, length in predictor.queue_lengths().items():
        labels = {"model": model} if model else None
        yield metric(f"{_PREFIX}queue_length", length, _GAUGES["queue_length"], labels)
