"""What is handed over: the record as HTML and Markdown, the evidence as CSV, and the link."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import plotly.graph_objects as go
import streamlit as st

from components.charts import Theme, twin_dumbbells
from components.leaderboard import VINTAGE_LABELS, VINTAGES, load_board, shortlist_scores
from components.review import Ranking, Record, Verdict, html_record, markdown_record
from components.ui.kit import permalinks, shell
from components.ui.kit.exports import csv_button
from components.ui.leaderboard.labels import twin_caveats
from components.ui.review import decision
from components.ui.review.evidence import Gathered
from components.ui.review.matrix import as_table


def downloads(found: Gathered, verdicts: Mapping[str, Verdict], ranking: Ranking) -> None:
    """One menu: what can be taken along, and the link that brings all of this back."""
    address = permalinks.address()

    def record() -> Record:
        today = date.today()
        return Record(
            found.matrix.handed_over(),
            decision.written(),
            verdicts,
            ranking,
            address,
            f"{today.day} {today:%B %Y}",
            figures(found, "light"),
        )

    made = record()
    with st.popover("Hand over", icon=":material/ios_share:", key="review-menu"):
        st.download_button(
            "HTML page, to print or to send",
            lambda: html_record(made),
            file_name="basewise-review.html",
            mime="text/html",
            icon=":material/description:",
            on_click="ignore",
            key="review-html",
            help="One file that opens without a network.",
        )
        st.download_button(
            "Markdown, for a pull request",
            lambda: markdown_record(made),
            file_name="basewise-review.md",
            mime="text/markdown",
            icon=":material/code:",
            on_click="ignore",
            key="review-markdown",
        )
        csv_button("CSV of the evidence", "review", lambda: as_table(found.matrix))
        if address is not None:
            st.caption("A link to this review, the decision included:")
            st.code(address, language=None, wrap_lines=True)


def figures(found: Gathered, theme: Theme) -> list[go.Figure]:
    """The base-and-twin chart; none where no model is on the board."""
    models = list(found.matrix.models)
    scores = shortlist_scores(load_board(VINTAGES[-1]), models)
    if scores[["average", "twin_average"]].isna().to_numpy().all():
        return []
    return [
        twin_dumbbells(
            scores.assign(twin_note=twin_caveats(scores)),
            dict(found.matrix.names),
            vintage=VINTAGE_LABELS[VINTAGES[-1]],
            theme=theme,
        )
    ]


def chart(found: Gathered) -> None:
    """The averages as a picture."""
    for figure in figures(found, shell.theme()):
        shell.chart(
            figure,
            name="twins",
            alt="Average score of each shortlisted model joined to its instruct twin's",
        )
