"""The leaderboard's table: its columns, the ticked rows, and what can be taken along."""

from collections.abc import Callable
from typing import Any
from zlib import crc32

import pandas as pd
import streamlit as st

from components.leaderboard import BENCHMARKS, CAVEATS, BoardQuery
from components.ui.kit import exports, permalinks, shortlist
from components.ui.kit.permalinks import bound
from components.ui.leaderboard.labels import COLUMN_LABELS, RANKING_LABELS

_AT_FIRST = [name for name in COLUMN_LABELS if name not in ("weighted", "architecture")]
_COLUMNS = permalinks.some_of(
    "columns", list(COLUMN_LABELS), _AT_FIRST, renamed={"badges": "caveats"}
)


def pick_columns() -> list[str]:
    """The columns to show; in the URL as `columns`."""
    with st.popover("Columns", icon=":material/view_column:"):
        return bound(
            st.pills,
            _COLUMNS,
            "Columns",
            list(COLUMN_LABELS),
            selection_mode="multi",
            format_func=COLUMN_LABELS.__getitem__,
            width=420,
        )


def board_table(
    rows: pd.DataFrame,
    query: BoardQuery,
    on_shortlist: list[str],
    runs: pd.DataFrame,
    report: Callable[[pd.DataFrame], bytes],
) -> None:
    """The rows, with a button that puts ticked ones on the shortlist, and the downloads.

    `runs` are all runs of the board: of a ticked model with several, each is shown below.
    `report` makes the HTML report around the table with labels for its keys.
    """
    bar = st.container(horizontal=True, vertical_alignment="center")
    with bar:
        add_slot = st.empty()
        chosen = pick_columns()
    if query.rank_by in ("weighted", *BENCHMARKS) and query.rank_by not in chosen:
        chosen = [*chosen, query.rank_by]
    order = [name for name in COLUMN_LABELS if name in chosen]
    table = _table(rows)
    labelled = _labelled(table)
    starred = rows["model"].isin(on_shortlist).map({True: "★", False: ""})
    with bar:
        exports.downloads(
            "leaderboard",
            table[order],
            lambda: report(labelled[order].rename(columns=COLUMN_LABELS)),
        )
        st.caption(
            f"{len(rows):,} {'runs' if query.every_run else 'models'} by"
            f" {RANKING_LABELS[query.rank_by].lower()}. Tick rows on the left to shortlist them;"
            " ★ marks those that are."
        )
    event = st.dataframe(
        labelled.assign(listed=starred),
        hide_index=True,
        width="stretch",
        height=460,
        # Ticks are stored by row number: other rows must not inherit them.
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
    others = runs[runs["model"].isin(ticked) & runs["model"].duplicated(keep=False)]
    if others.empty:
        return
    st.caption("All runs of the ticked models; one row per model shows the best average.")
    st.dataframe(
        others,
        hide_index=True,
        width="stretch",
        placeholder="–",
        column_order=["model_id", "precision", "chat_template", "average", *BENCHMARKS],
        column_config=_columns(),
        key="other_runs",
    )


def _table(rows: pd.DataFrame) -> pd.DataFrame:
    computed = {"weighted": 2, "uplift": 2, "uplift_without_ifeval": 2}
    with_links = rows.round(computed).assign(hub="https://huggingface.co/" + rows["model_id"])
    return with_links[list(COLUMN_LABELS)]


def _labelled(table: pd.DataFrame) -> pd.DataFrame:
    """The table with the caveats' labels in place of their keys."""
    labels = [[CAVEATS[key].label for key in keys] for keys in table["caveats"]]
    return table.assign(caveats=pd.Series(labels, index=table.index, dtype=object))


def _columns() -> dict[str, Any]:
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    score: dict[str, Any] = {"format": "%.2f", "width": "small"}
    signed: dict[str, Any] = {"format": "%+.2f", "width": "small"}
    columns: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
        "rank": (number, {"width": 60, "pinned": True, "help": "By what “Rank by” says"}),
        "model_id": (text, {"pinned": True, "width": 250}),
        "params_b": (number, score),
        "average": (number, {"help": "Mean of the six, 0 to 100", **score}),
        "weighted": (number, {"help": "Weighted mean of the six, 0 to 100", **score}),
        "twin_score": (
            number,
            {
                "help": "Average of the instruct twin (same weights, trained further), its best"
                " run; of an instruct model without a public base its own",
                **score,
            },
        ),
        "uplift": (number, {"help": "The twin's average less the model's", **signed}),
        "uplift_without_ifeval": (
            number,
            {
                "help": "The part of the uplift that the five benchmarks other than IFEval bring",
                **signed,
            },
        ),
        "numbering": (
            text,
            {
                "help": "How the model's family writes 0 to 999 after a dollar sign: one token per"
                " number, per digit, or irregular; – where its tokenizer was not run",
                "width": 110,
            },
        ),
        "caveats": (
            st.column_config.ListColumn,
            {"help": "What speaks against the row's scores; explained below", "width": "medium"},
        ),
        **dict.fromkeys(BENCHMARKS, (number, score)),
        **dict.fromkeys(("kind", "license", "precision"), (text, {"width": "small"})),
        "chat_template": (st.column_config.CheckboxColumn, {"width": "small"}),
        "architecture": (text, {"width": "medium"}),
        "hub": (st.column_config.LinkColumn, {"display_text": "open", "width": "small"}),
    }
    return {
        "listed": text("★", width=45, help="On the shortlist"),
        **{
            name: column(COLUMN_LABELS[name], **options)
            for name, (column, options) in columns.items()
        },
    }
