"""The leaderboard's table: its columns, the ticked rows, and what can be taken along."""

from collections.abc import Callable
from typing import Any
from zlib import crc32

import pandas as pd
import streamlit as st

from components.leaderboard import BENCHMARKS, RANKINGS, BoardQuery
from components.ui.kit import exports, permalinks, shortlist

_NUMBER = st.column_config.NumberColumn
_TEXT = st.column_config.TextColumn
_SCORE: Any = {"format": "%.2f", "width": "small"}
_SIGNED: Any = {"format": "%+.2f", "width": "small"}
_NAMES = {
    "rank": "Rank",
    "model_id": "Model",
    "params_b": "Params (B)",
    "average": "Average",
    "weighted": "Weighted",
    "twin_score": "Twin",
    "uplift": "Uplift",
    "uplift_without_ifeval": "No IFEval",
    "numbering": "Numbers",
    "badges": "Mind",
    **BENCHMARKS,
    "kind": "Kind",
    "license": "Licence",
    "precision": "Precision",
    "chat_template": "Chat template",
    "architecture": "Architecture",
    "hub": "Hub",
}
_AT_FIRST = [name for name in _NAMES if name not in ("weighted", "architecture")]
_COLUMNS = permalinks.some_of("columns", list(_NAMES), _AT_FIRST)


def pick_columns() -> list[str]:
    """The columns to show; in the URL as `columns`."""
    chosen = _COLUMNS.show()
    with st.popover("Columns", icon=":material/view_column:"):
        st.pills(
            "Columns",
            list(_NAMES),
            selection_mode="multi",
            format_func=_NAMES.__getitem__,
            key=_COLUMNS.widget_key,
            on_change=_COLUMNS.take,
            width=420,
        )
    return chosen


def board_table(
    rows: pd.DataFrame,
    query: BoardQuery,
    on_shortlist: list[str],
    runs: pd.DataFrame,
    report: Callable[[pd.DataFrame], bytes],
) -> None:
    """The rows, with a button that puts ticked ones on the shortlist, and the downloads.

    `runs` are all runs of the board: of a ticked model with several, each is shown below.
    `report` makes the HTML report around the table as shown.
    """
    bar = st.container(horizontal=True, vertical_alignment="center")
    with bar:
        add_slot = st.empty()
        chosen = pick_columns()
    if query.rank_by in ("weighted", *BENCHMARKS) and query.rank_by not in chosen:
        chosen = [*chosen, query.rank_by]
    order = [name for name in _NAMES if name in chosen]
    shown = _shown(rows).assign(listed=rows["model"].isin(on_shortlist).map({True: "★", False: ""}))
    with bar:
        taken = shown[order].rename(columns=_NAMES)
        exports.downloads("leaderboard", taken, lambda: report(taken))
        st.caption(
            f"{len(rows):,} {'runs' if query.every_run else 'models'} by"
            f" {RANKINGS[query.rank_by].lower()}. Tick rows on the left to shortlist them;"
            " ★ marks those that are."
        )
    event = st.dataframe(
        shown,
        hide_index=True,
        width="stretch",
        height=460,
        # Ticks are kept by row number: other rows must not inherit them.
        key=f"board-{crc32(' '.join(rows['model_id']).encode())}",
        on_select="rerun",
        selection_mode="multi-row",
        placeholder="–",
        column_order=["listed", *order],
        column_config=_columns(),
    )
    ticked = list(dict.fromkeys(rows["model"].iloc[row] for row in event.selection.rows))
    new = [model for model in ticked if model not in on_shortlist]
    with add_slot:
        add_button(new, key="add_ticked")
    if not query.every_run:
        _other_runs(ticked, runs)


def add_button(models: list[str], *, key: str) -> None:
    """A button that puts these models on the shortlist."""
    st.button(
        f"Add {len(models)} to the shortlist" if models else "Add to the shortlist",
        key=key,
        icon=":material/star:",
        type="primary",
        disabled=not models,
        on_click=shortlist.add,
        args=(models,),
    )


def _other_runs(ticked: list[str], runs: pd.DataFrame) -> None:
    """All runs of the ticked models that have several."""
    found = runs[runs["model"].isin(ticked) & runs["model"].duplicated(keep=False)]
    if found.empty:
        return
    st.caption("All runs of the ticked models; one row per model shows the best average.")
    st.dataframe(
        found,
        hide_index=True,
        width="stretch",
        placeholder="–",
        column_order=["model_id", "precision", "chat_template", "average", *BENCHMARKS],
        column_config=_columns(),
        key="other_runs",
    )


def _shown(rows: pd.DataFrame) -> pd.DataFrame:
    computed = {"weighted": 2, "uplift": 2, "uplift_without_ifeval": 2}
    return rows.round(computed).assign(
        badges=rows["badges"].map(list),
        hub="https://huggingface.co/" + rows["model_id"],
    )[list(_NAMES)]


def _columns() -> dict[str, Any]:
    return {
        "listed": _TEXT("★", width=45, help="On the shortlist"),
        "rank": _NUMBER("Rank", width=60, pinned=True, help="By what “Rank by” says"),
        "model_id": _TEXT("Model", pinned=True, width=250),
        "params_b": _NUMBER("Params (B)", format="%.2f", width="small"),
        "average": _NUMBER("Average", help="Mean of the six, 0 to 100", **_SCORE),
        "weighted": _NUMBER("Weighted", help="Weighted mean of the six, 0 to 100", **_SCORE),
        "twin_score": _NUMBER(
            "Twin",
            help="Average of the instruct twin (same weights, trained further), its best run;"
            " of an instruct model without a public base its own",
            **_SCORE,
        ),
        "uplift": _NUMBER("Uplift", help="The twin's average less the model's", **_SIGNED),
        "uplift_without_ifeval": _NUMBER(
            "No IFEval",
            help="The part of the uplift that the five benchmarks other than IFEval bring",
            **_SIGNED,
        ),
        "numbering": _TEXT(
            "Numbers",
            width=110,
            help="How the model's family writes 0 to 999 after a dollar sign: one token per"
            " number, per digit, or irregular; – where its tokenizer was not run",
        ),
        "badges": st.column_config.ListColumn(
            "Mind", width="medium", help="What to know before believing the row; explained below"
        ),
        **{name: _NUMBER(label, **_SCORE) for name, label in BENCHMARKS.items()},
        "kind": _TEXT("Kind", width="small"),
        "license": _TEXT("Licence", width="small"),
        "precision": _TEXT("Precision", width="small"),
        "chat_template": st.column_config.CheckboxColumn("Chat template", width="small"),
        "architecture": _TEXT("Architecture", width="medium"),
        "hub": st.column_config.LinkColumn("Hub", display_text="open", width="small"),
    }
