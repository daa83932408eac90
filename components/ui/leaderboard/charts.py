"""The leaderboard's charts: one at a time, the one that the URL names."""

from collections.abc import Callable
from dataclasses import replace
from zlib import crc32

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from components.charts import (
    Theme,
    benchmark_profile,
    rank_movement,
    scores_by_size,
    twin_dumbbells,
)
from components.leaderboard import (
    VINTAGE_LABELS,
    VINTAGES,
    BoardQuery,
    answer,
    compare_vintages,
    one_run_per_model,
)
from components.ui import services
from components.ui.kit import permalinks, shell
from components.ui.kit.model_ids import label, labels
from components.ui.kit.permalinks import bound
from components.ui.kit.text import plain
from components.ui.leaderboard.labels import MOVE_LABELS, why_moved
from components.ui.leaderboard.table import add_button
from components.ui.services import Board

_NAMES = {
    "size": "Score against size",
    "twins": "Base beside twin",
    "profile": "Shortlist by benchmark",
    "movement": "Between vintages",
}
_ALTS = {
    "size": "Average score against number of parameters, the shortlist labelled",
    "twins": "Average score of each model joined to its instruct twin's",
    "profile": "Scores of the shortlist on each benchmark",
    "movement": "Ranks of the shortlist in two vintages, joined by lines",
}
_EMPTY = {
    "size": "The sizes of these models are unknown.",
    "twins": "None of these models has a twin on the board.",
    "profile": "No shortlisted model is on this board: pick models in the sidebar.",
    "movement": "No shortlisted model is on both boards: pick models in the sidebar.",
}
_CLICKABLE = ("size", "twins")  # whose points carry their models
_CHART = permalinks.one_of("chart", list(_NAMES), "size")
_FROM = permalinks.one_of("before", VINTAGES, VINTAGES[0])
_TO = permalinks.one_of("after", VINTAGES, VINTAGES[-1])


def chosen_chart(
    rows: pd.DataFrame, query: BoardQuery, on_shortlist: list[str], board: Board
) -> None:
    """The chosen chart; points clicked in it can join the shortlist."""
    chosen = bound(
        st.segmented_control,
        _CHART,
        "Chart",
        list(_NAMES),
        format_func=_NAMES.__getitem__,
        required=True,
    )
    if chosen == "movement":
        _pick_vintages()
    figure = _DRAW[chosen](rows, query, on_shortlist, board, shell.theme())
    if figure is None:
        st.info(_EMPTY[chosen], icon=":material/search_off:")
    else:
        # Clicks are stored by the point's number: another figure must not inherit them.
        content = crc32(" ".join([chosen, *on_shortlist, *rows["model_id"]]).encode())
        picked = shell.pickable_chart(figure, name=chosen, key=f"{content}", alt=_ALTS[chosen])
        new = [model for model in dict.fromkeys(picked) if model not in on_shortlist]
        if chosen in _CLICKABLE:
            with st.container(horizontal=True, vertical_alignment="center"):
                add_button(new, key="add_clicked")
                st.caption(
                    plain(f"Clicked: {', '.join(new)}.")
                    if new
                    else "Click a point to pick a model, with Shift several."
                )
    if chosen == "movement":
        _why_moved(on_shortlist)


def all_figures(
    rows: pd.DataFrame, query: BoardQuery, on_shortlist: list[str], board: Board, theme: Theme
) -> list[go.Figure]:
    """Every chart that has something to show."""
    drawn = [draw(rows, query, on_shortlist, board, theme) for draw in _DRAW.values()]
    return [figure for figure in drawn if figure is not None]


def _by_size(
    rows: pd.DataFrame, query: BoardQuery, on_shortlist: list[str], board: Board, theme: Theme
) -> go.Figure | None:
    models = one_run_per_model(rows)
    if models["params_b"].isna().all():
        return None
    named = labels(on_shortlist)
    vintage = VINTAGE_LABELS[board.vintage]
    return scores_by_size(models, on_shortlist, named, vintage=vintage, theme=theme)


def _by_twin(
    rows: pd.DataFrame, query: BoardQuery, on_shortlist: list[str], board: Board, theme: Theme
) -> go.Figure | None:
    twins = answer(board.runs, replace(query, rank_by="twin_score", every_run=False))
    paired = twins.dropna(subset="twin_score")
    if paired.empty:
        return None
    named = labels(list(paired["model"]))
    return twin_dumbbells(paired, named, vintage=VINTAGE_LABELS[board.vintage], theme=theme)


def _by_benchmark(
    rows: pd.DataFrame, query: BoardQuery, on_shortlist: list[str], board: Board, theme: Theme
) -> go.Figure | None:
    listed = one_run_per_model(board.runs[board.runs["model"].isin(on_shortlist)])
    if listed.empty:
        return None
    named = labels(on_shortlist)
    return benchmark_profile(listed, named, vintage=VINTAGE_LABELS[board.vintage], theme=theme)


def _by_vintage(
    rows: pd.DataFrame, query: BoardQuery, on_shortlist: list[str], board: Board, theme: Theme
) -> go.Figure | None:
    moved = moves(on_shortlist)
    if moved[["rank_before", "rank_after"]].isna().any(axis=1).all():
        return None
    return rank_movement(
        moved,
        labels(on_shortlist),
        before=VINTAGE_LABELS[_FROM.value()],
        after=VINTAGE_LABELS[_TO.value()],
        theme=theme,
    )


_Draw = Callable[[pd.DataFrame, BoardQuery, list[str], Board, Theme], go.Figure | None]
_DRAW: dict[str, _Draw] = {
    "size": _by_size,
    "twins": _by_twin,
    "profile": _by_benchmark,
    "movement": _by_vintage,
}


def moves(on_shortlist: list[str]) -> pd.DataFrame:
    """How the shortlist moved between the two vintages picked, as `compare_vintages` gives it."""
    earlier, later = (services.board(choice.value()).runs for choice in (_FROM, _TO))
    return compare_vintages(earlier, later, on_shortlist)


def moves_table(on_shortlist: list[str]) -> pd.DataFrame:
    """`moves` as it is read: names for ids, the reason in words, labels for columns."""
    moved = moves(on_shortlist)
    reasons = [why_moved(row) for row in moved.to_dict("records")]
    table = moved.assign(model=moved["model"].map(label), why=reasons)
    return table[list(MOVE_LABELS)].rename(columns=MOVE_LABELS)


def _pick_vintages() -> None:
    for column, name, parameter in zip(st.columns(2), ("From", "To"), (_FROM, _TO), strict=True):
        with column:
            bound(st.selectbox, parameter, name, VINTAGES, format_func=VINTAGE_LABELS.__getitem__)


def _why_moved(on_shortlist: list[str]) -> None:
    """The averages and ranks, and a line per model on why they changed."""
    moved = moves(on_shortlist)
    number = st.column_config.NumberColumn
    st.dataframe(
        moved.assign(model=moved["model"].map(label)),
        hide_index=True,
        width="stretch",
        placeholder="–",
        key="moves",
        column_config={
            "model": MOVE_LABELS["model"],
            **{
                name: number(MOVE_LABELS[name], format="%.2f")
                for name in ("average_before", "average_after")
            },
            "change": number(MOVE_LABELS["change"], format="%+.2f"),
            **{
                name: number(MOVE_LABELS[name], help="Among all models of that vintage")
                for name in ("rank_before", "rank_after")
            },
        },
        column_order=[name for name in MOVE_LABELS if name != "why"],
    )
    st.markdown(
        "\n".join(
            f"- **{plain(label(row['model']))}**: {plain(why_moved(row))}"
            for row in moved.to_dict("records")
        )
    )
    st.caption(
        "Ranks are among the bundled models of each vintage: the later ones list more models."
    )
