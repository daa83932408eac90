"""A run row by row: every price beside what each model says, and the way to one product."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from components.evaluation import Row, RunInfo
from components.evaluation.scored import ItemScores
from components.pricing import load_catalogue, price_prompt
from components.ui import run_services
from components.ui.kit import shell

_LONGEST_TITLE = 90


def rows_table(
    run: RunInfo,
    models: Mapping[str, ItemScores],
    labels: Mapping[str, str],
    read_outs: Mapping[str, str],
) -> None:
    """Every row that is answered, a click on a heading sorts; a selected one opens live."""
    items = {row.id: row for row in run_services.plan(run.id).rows}
    table = pd.DataFrame(
        {
            "product": [title(row.id, row.text) for row in items.values()],
            "category": [row.category for row in items.values()],
            "actual": [row.price for row in items.values()],
        },
        index=pd.Index(items, name="item_id"),
    )
    for name, scores in models.items():
        own = scores.items["item_id"].to_numpy()
        table.loc[own, f"price {name}"] = scores.estimate(read_outs[name])
        table.loc[own, f"error {name}"] = scores.losses("mae", read_outs[name])
    table = table[table.filter(like="price ").notna().any(axis=1)].reset_index()
    money = {
        f"{figure} {name}": st.column_config.NumberColumn(
            f"{labels[name]}: {words}", format="$%.0f"
        )
        for name in models
        for figure, words in (("price", "price"), ("error", "off by"))
    }
    selection = st.dataframe(
        table,
        column_config={
            "item_id": None,
            "product": st.column_config.TextColumn("product", pinned=True, width="large"),
            "actual": st.column_config.NumberColumn("actual", format="$%.2f"),
            **money,
        },
        hide_index=True,
        width="stretch",
        key="table-evaluation-rows",
        on_select="rerun",
        selection_mode="single-row",
    )
    picked = selection["selection"]["rows"]
    if not picked:
        st.caption("Select a row to open its product on Live inference.")
        return
    _open_live(run, items[str(table["item_id"].iloc[picked[0]])])


def _open_live(run: RunInfo, row: Row) -> None:
    st.code(row.prompt, language=None, wrap_lines=True)
    if row.id in load_catalogue():
        query = {"product": [row.id]}
    elif price_prompt(row.text) == row.prompt:
        query = {"product": ["own"], "description": [row.text], "actual": [str(row.price)]}
    else:
        st.caption("This row's prompt is its own: Live inference asks in other words.")
        return
    shell.link(
        shell.INFERENCE,
        "Open on Live inference",
        **query,
        run=list(run.models),
    )


def title(item_id: str, text: str) -> str:
    """A row's name in one line: the catalogue's title, else the beginning of its text."""
    if (product := load_catalogue().get(item_id)) is not None:
        return product.title
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_TITLE else f"{line[: _LONGEST_TITLE - 1]}…"
