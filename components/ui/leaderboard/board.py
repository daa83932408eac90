"""The leaderboard page's parts around its filters, table and charts."""

from dataclasses import replace

import pandas as pd
import streamlit as st

from components.errors import BoardError
from components.leaderboard import (
    CAVEATS,
    LIVE,
    VINTAGE_LABELS,
    VINTAGES,
    BoardQuery,
    answer,
    read_corrections,
)
from components.ui.kit import exports, permalinks
from components.ui.kit.feedback import show_error
from components.ui.kit.permalinks import bound
from components.ui.kit.text import plain
from components.ui.leaderboard import charts, filters, table
from components.ui.leaderboard.labels import RANKING_LABELS
from components.ui.services import Board

_VINTAGE = permalinks.one_of("vintage", [*VINTAGES, LIVE], VINTAGES[-1])
_SOURCE = (
    "Source: Open LLM Leaderboard v2, Hugging Face; normalised scores, 0 to 100."
    " Kinds that the board recorded wrongly are corrected; unknown values are shown as –."
)


def pick_vintage() -> str:
    """The vintage to show, the same on all pages; in the URL as `vintage`."""
    return bound(
        st.segmented_control,
        _VINTAGE,
        "Vintage",
        [*VINTAGES, LIVE],
        format_func=VINTAGE_LABELS.__getitem__,
        required=True,
        help="The board was retired in March 2025. MATH was graded anew in February 2025, and some"
        " models were run again: places differ between vintages.",
    )


def describe(board: Board) -> None:
    """One line on what is shown, and why it is not the live board where that was picked."""
    if board.instead_of_live is not None:
        show_error(board.instead_of_live)
        st.info("Shown instead: the bundled final vintage.", icon=":material/inventory_2:")
    if board.live is not None and board.live.hub_away is not None:
        st.warning(
            plain(f"The copy fetched earlier is shown: {board.live.hub_away}."),
            icon=":material/cloud_off:",
        )
    st.caption(plain(_description(board)))


def _description(board: Board) -> str:
    size = f"{len(board.runs):,} runs of {board.runs['model'].nunique():,} models"
    if board.live is None:
        return (
            f"Bundled snapshot of well-known models, {VINTAGE_LABELS[board.vintage]}: {size}."
            " The live board has all."
        )
    newest = f", newest submission {board.live.newest:%d %B %Y}" if board.live.newest else ""
    return f"Live from the Hub, dataset commit {board.live.revision[:8]}: {size}{newest}."


def filtered_board(board: Board, on_shortlist: list[str]) -> None:
    """The filters, and the table and charts of what passes them."""
    query = filters.draw(board.runs)
    try:
        rows = answer(board.runs, query)
    except BoardError as error:
        show_error(error)
        query = replace(query, search="")
        rows = answer(board.runs, query)
    _note_unknown_sizes(board.runs, query)
    if rows.empty:
        st.info(
            "No model passes these filters: loosen one of them, or press Reset.",
            icon=":material/filter_alt_off:",
        )
        return
    address = permalinks.address()

    def report(shown: pd.DataFrame) -> bytes:
        return exports.html_report(
            "Basewise: leaderboard",
            [_description(board), f"Ranked by {RANKING_LABELS[query.rank_by].lower()}. {_SOURCE}"],
            address=address,
            figures=charts.all_figures(rows, query, on_shortlist, board, "light"),
            tables={
                "Models": shown,
                "Between vintages": charts.moves_table(on_shortlist),
            },
        )

    table.board_table(rows, query, on_shortlist, board.runs, report)
    charts.chosen_chart(rows, query, on_shortlist, board)


def _note_unknown_sizes(runs: pd.DataFrame, query: BoardQuery) -> None:
    unknown = int(runs["params_b"].isna().sum())
    if unknown and (query.min_params_b is not None or query.max_params_b is not None):
        st.caption(f"{unknown} runs of unknown size are left out by the size limit.")


def source_note() -> None:
    """Where the scores come from and how they are read."""
    with st.expander("How to read the table: runs, uplift, caveats, corrections"):
        st.markdown(
            "**One row per model.** Of several runs the one with the best average counts: a run"
            " that went wrong (no chat template, failed grading) scores low, never high. Tick a"
            " row to see its model's other runs, or show every run."
        )
        st.markdown(
            "**Uplift** is the instruct twin's average less the base model's. Most of it is IFEval,"
            " which asks to follow instructions to the letter: that is why the part without IFEval"
            " stands beside it."
        )
        st.markdown(
            "\n".join(f"- **{caveat.label}**: {caveat.explanation}" for caveat in CAVEATS.values())
        )
        st.markdown("Types that the board recorded wrongly:")
        st.dataframe(read_corrections(), hide_index=True, width="stretch")
    st.caption(_SOURCE)
