"""What is taken along from a run's figures: CSV and a report."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from components.charts import Theme
from components.charts import estimates as estimate_charts
from components.charts import evaluation as charts
from components.evaluation import RunInfo
from components.evaluation.comparison import compare
from components.evaluation.summary import tidy_figures, tidy_items
from components.ui import run_services
from components.ui.evaluation.labels import read_out_label, rows_text
from components.ui.evaluation.shown import Shown, estimates, figures_table
from components.ui.kit import exports, permalinks


def draw_downloads(shown: Shown) -> None:
    """The buttons below the figures."""
    address = permalinks.address()
    with st.container(horizontal=True):
        exports.csv_button(
            "CSV of the figures",
            "evaluation-figures",
            lambda: _with_run(shown.run, tidy_figures(shown.scores, shown.no_number)),
        )
        exports.csv_button(
            "CSV of the rows",
            "evaluation-rows",
            lambda: _with_run(shown.run, tidy_items(shown.scores)),
        )
        exports.html_button("evaluation", lambda: _report(shown, address))


def _with_run(run: RunInfo, table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(run=run.id, rows_from=run.label)


def _report(shown: Shown, address: str | None) -> bytes:
    table = tidy_figures(shown.scores, shown.no_number)
    pairs = compare(shown.comparable, shown.metric, shown.read_outs)
    return exports.html_report(
        f"Basewise: evaluation of {shown.run.label}",
        [rows_text(shown.run), *run_services.provenance(shown.run)],
        address=address,
        figures=_report_figures(shown, table, pairs, "light"),
        tables={"Figures": figures_table(shown, table), "Differences on the same rows": pairs},
    )


def _report_figures(
    shown: Shown, table: pd.DataFrame, pairs: pd.DataFrame, theme: Theme
) -> list[go.Figure]:
    rows = rows_text(shown.run)
    read_out_words = {name: read_out_label(name) for name in table["read_out"].unique()}
    figures = [
        charts.read_out_errors(
            table, shown.labels, read_out_words, metric=shown.metric, rows=rows, theme=theme
        ),
        estimate_charts.predicted_against_actual(shown.series(estimates), rows=rows, theme=theme),
    ]
    if not pairs.empty:
        figures.append(
            charts.paired_differences(
                pairs, shown.labels, metric=shown.metric, rows=rows, theme=theme
            )
        )
    return figures
