"""The leaderboard's table: its rows and columns, and the star in each row."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from components.leaderboard import BENCHMARKS, BoardQuery
from components.ui.kit import binding, permalinks, shortlist, streamlit_compat
from components.ui.kit.binding import bound
from components.ui.leaderboard.labels import COLUMN_LABELS, RANKING_LABELS

_Z_95 = 1.96
# Not tied is known, and blank; unknown is –.
TIED = {True: "≈", False: ""}
_HIDDEN_AT_FIRST = ("weighted", "architecture", "margin", "precision", "license")
_AT_FIRST = [name for name in COLUMN_LABELS if name not in _HIDDEN_AT_FIRST]
_COLUMNS = permalinks.some_of(
    "columns", list(COLUMN_LABELS), _AT_FIRST, renamed={"badges": "caveats"}
)
# In these the words stand, and in the table's frame under these names.
_IN_WORDS = {"caveats": "caveat_note", "also_in": "also_note"}
# 14 rows and the header; fewer rows make a lower table.
_ROW = 35
_MOST_ROWS = 14
# A star's label holds its model behind a gap wider than its column: sorted on the server, a row's
# number does not say which model it is.
_GAP = " " + "\N{EM SPACE}" * 6
_GREY = "color: #8a93a3"
_TINT = "background-color: rgba(128, 128, 128, 0.16)"
_PINNED = "background-color: rgba(63, 91, 217, 0.10)"


def chosen_columns(rank_by: str) -> list[str]:
    """The columns to show, that of the ranking among them; in the URL as `columns`."""
    chosen = _COLUMNS.value()
    if rank_by in ("weighted", *BENCHMARKS) and rank_by not in chosen:
        chosen = [*chosen, rank_by]
    return [name for name in COLUMN_LABELS if name in chosen]


def pick_columns() -> None:
    """The menu of columns."""
    with st.popover("Columns", icon=":material/view_column:"):
        bound(
            st.pills,
            _COLUMNS,
            "Columns",
            list(COLUMN_LABELS),
            selection_mode="multi",
            format_func=COLUMN_LABELS.__getitem__,
            width=420,
        )


def board_table(rows: pd.DataFrame, asked: BoardQuery, columns: Sequence[str]) -> None:
    """The rows of `select`, the shortlist's first, with a star to click in each."""
    listed = rows["model"].isin(shortlist.models())
    ordered = rows.iloc[(~listed).to_numpy().argsort(kind="stable")]
    table = as_shown(ordered, asked.rank_by)
    shown = table[[*columns]].assign(star=stars(ordered["model"]))
    draw(
        shown,
        _tints(shown, ordered, listed),
        columns=columns,
        config=column_config(asked.rank_by),
        name="Models by " + RANKING_LABELS[asked.rank_by].lower(),
    )


def draw(
    shown: pd.DataFrame,
    tints: Callable[[pd.DataFrame], pd.DataFrame] | None,
    *,
    columns: Sequence[str],
    config: dict[str, Any],
    name: str,
) -> None:
    """A table with a column `star`, whose clicks shortlist and unstar."""
    # Streamlit then sends the rows in sight alone, which it can't tint.
    many = len(shown) > streamlit_compat.LAZY_ABOVE
    data: Any = shown
    if tints is not None and not many:
        data = shown.style.apply(tints, axis=None)
    st.dataframe(
        data,
        hide_index=True,
        width="stretch",
        height=_ROW * (min(len(shown), _MOST_ROWS) + 1) + 3,
        row_height=_ROW,
        lazy=many or None,
        placeholder="–",
        column_order=["star", *columns],
        column_config={
            "star": st.column_config.ButtonColumn(
                "★",
                width=38,
                pinned=True,
                type="tertiary",
                alignment="left",
                key="star",
                on_click=_toggle,
                help="Click to put the model on the shortlist, or to take it off",
            ),
            **{name: config[name] for name in columns},
        },
        alt=name,
    )


def stars(models: pd.Series) -> list[str]:
    """The star of each model, filled for those on the shortlist."""
    on_shortlist = set(shortlist.models())
    return [f"{'★' if model in on_shortlist else '☆'}{_GAP}{model}" for model in models]


def _toggle() -> None:
    shortlist.toggle(st.session_state["star"]["label"][1 + len(_GAP) :])
    binding.rerun_parts("app")


def as_shown(rows: pd.DataFrame, rank_by: str) -> pd.DataFrame:
    """Rows of `select` with the columns of COLUMN_LABELS as they are read."""
    errors = rows.get(f"{rank_by}_stderr")
    words = {name: rows[source] for name, source in _IN_WORDS.items()}
    computed = ["weighted", "uplift", "uplift_without_ifeval"]
    return rows[[name for name in COLUMN_LABELS if name in rows]].assign(
        **{name: rows[name].round(2) for name in computed},
        **words,
        margin=float("nan") if errors is None else _Z_95 * errors,
        tied=rows["tied"].map(TIED, na_action="ignore"),
    )


def _tints(
    shown: pd.DataFrame, rows: pd.DataFrame, listed: pd.Series
) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """Grey for numbers that are known to be bad; a tint for the shortlist, and another for
    instruct models that stand among base models for themselves."""
    pinned = listed.reindex(rows.index).to_numpy()
    alone = np.array(["no_public_base" in keys for keys in rows["caveats"]], dtype=bool)
    spoilt, twin_spoilt = rows["spoilt"].to_numpy(), rows["twin_spoilt"].to_numpy()
    base_among = (rows["kind"] == "base").any()

    def tint(frame: pd.DataFrame) -> pd.DataFrame:
        styles = np.full(frame.shape, "", dtype=object)
        if base_among:
            styles[alone] = _TINT
        styles[pinned] = _PINNED
        for column, bad in (("average", spoilt), ("twin_score", twin_spoilt)):
            if column in frame:
                styles[bad, frame.columns.get_loc(column)] += f"; {_GREY}"
        return pd.DataFrame(styles, index=frame.index, columns=frame.columns)

    return tint


def column_config(rank_by: str) -> dict[str, Any]:
    """How each of COLUMN_LABELS is shown."""
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    score: dict[str, Any] = {"format": "%.2f", "width": 76}
    signed: dict[str, Any] = {"format": "%+.2f", "width": 76}
    columns: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
        "rank": (number, {"width": 55, "pinned": True, "help": "By what the toolbar says"}),
        "model_id": (text, {"pinned": True, "width": 235}),
        "params_b": (number, score),
        "average": (
            number,
            {"help": "Mean of the six, 0 to 100; grey: a run known to be bad", **score},
        ),
        "margin": (
            number,
            {
                "help": f"95 % margin of “{RANKING_LABELS[rank_by]}” from the numbers of items;"
                " – where it is not known",
                **score,
            },
        ),
        "tied": (
            text,
            {
                "help": "≈: can't be told apart at 95 % from the first row of this view",
                "width": 60,
            },
        ),
        "caveats": (
            text,
            {"help": "What speaks against the row's scores; explained below", "width": 172},
        ),
        "weighted": (number, {"help": "Weighted mean of the six, 0 to 100", **score}),
        "twin_score": (
            number,
            {
                "help": "Average of the instruct twin (same weights, trained further), its best"
                " run; grey: known to be bad",
                **score,
                "width": 100,
            },
        ),
        "twin_note": (
            text,
            {
                "help": "Which model the twin is, what speaks against its number, and the better"
                " run of it where there is one",
                "width": 235,
            },
        ),
        "uplift": (number, {"help": "The twin's average less the model's", **signed}),
        "uplift_without_ifeval": (
            number,
            {
                "help": "The part of the uplift that the five benchmarks other than IFEval bring",
                **signed,
                "width": 148,
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
        **dict.fromkeys(BENCHMARKS, (number, score)),
        "also_in": (
            text,
            {"help": "Other sources here that have measured the model", "width": 180},
        ),
        **dict.fromkeys(("kind", "license", "precision"), (text, {"width": 85})),
        "chat_template": (st.column_config.CheckboxColumn, {"width": 105}),
        "architecture": (text, {"width": 180}),
        "hub": (st.column_config.LinkColumn, {"display_text": "open", "width": 60}),
    }
    return {
        name: column(COLUMN_LABELS[name], **options) for name, (column, options) in columns.items()
    }
