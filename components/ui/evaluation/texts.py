"""What the models make of the rows' own text: bits per byte, and a linear read-out."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from components.charts.evaluation import metric_text
from components.evaluation import BASELINES, FROZEN_FEATURES, OUT_OF_FOLD, RunInfo
from components.evaluation.metrics import Metric
from components.evaluation.scored import ItemScores
from components.evaluation.summary import figure
from components.ui import run_services
from components.ui.evaluation.requests import asked_for
from components.ui.kit import exports


def texts_view(run: RunInfo, scores: Mapping[str, ItemScores], labels: Mapping[str, str]) -> None:
    """Bits per byte of the descriptions, and what ridge on frozen features gets."""
    if not asked_for(run, "Fit the linear read-out"):
        return
    rows = [_model_row(run, name, scores, labels) for name in scores if name not in BASELINES]
    rows += [_baseline_row(name, scores, labels) for name in scores if name in BASELINES]
    table = pd.DataFrame(rows)
    st.dataframe(table.fillna("–"), hide_index=True, width="stretch", key="table-evaluation-texts")
    exports.csv_button("CSV of this table", "evaluation-texts", lambda: table)
    st.caption(
        "**Bits per byte** of the rows' descriptions, lower is better; per byte and per price, not"
        " per token, so that tokenizers compare. Among models of like size bits per byte goes best"
        " with the result after fine-tuning (rank correlation 0.85 on 24 tasks; see Leaderboard)."
    )
    st.caption(
        "**Linear read-out**: ridge regression of the log price on the frozen model's hidden states"
        " after the prompt, out of fold. It is information that can be read linearly without"
        " training the model. How such a read-out goes with the result of fine-tuning is known for"
        " encoders (LogME), not for this task."
    )
    st.caption("A run reads its rows' text after each model's prices; a server may give neither.")


def _model_row(
    run: RunInfo, name: str, scores: Mapping[str, ItemScores], labels: Mapping[str, str]
) -> dict[str, str | None]:
    median = _value(scores[name], "median", "mae")
    reading = run_services.text_reading(run, name)
    row = {"model": labels[name], "mean absolute error, median": median}
    nats = _value(scores[name], "distribution", "nats_per_price")
    if reading is None:
        return {**row, "nats per price": nats}
    read_out = reading.read_out
    return {
        **row,
        "nats per price": nats,
        "bits per byte": reading.bits_per_byte and _with_interval(*reading.bits_per_byte, digits=3),
        "linear read-out: mean absolute error": read_out
        and _value(read_out, FROZEN_FEATURES, "mae"),
        "linear read-out: correlation of log prices": read_out
        and _value(read_out, FROZEN_FEATURES, "r_log"),
        "LogME": None if reading.log_me is None else f"{reading.log_me:.3f}",
    }


def _baseline_row(
    name: str, scores: Mapping[str, ItemScores], labels: Mapping[str, str]
) -> dict[str, str | None]:
    return {
        "model": labels[name],
        "linear read-out: mean absolute error": _value(scores[name], OUT_OF_FOLD, "mae"),
        "linear read-out: correlation of log prices": _value(scores[name], OUT_OF_FOLD, "r_log"),
    }


def _value(scores: ItemScores, read_out: str, name: Metric) -> str | None:
    row = figure(scores, read_out, name)
    if row is None:
        return None
    shown = [metric_text(name, row[side]) for side in ("value", "low", "high")]
    return f"{shown[0]} ({shown[1]} to {shown[2]})"


def _with_interval(value: float, low: float, high: float, *, digits: int) -> str:
    return f"{value:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"
