"""Below the table: charts and evidence in tabs, drawn after the table was."""

from collections.abc import Callable
from zlib import crc32

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from components.charts import Theme
from components.leaderboard import VINTAGE_LABELS, VINTAGES
from components.ui.kit import binding, exports, first_paint, permalinks, shell, shortlist
from components.ui.kit.binding import bound
from components.ui.kit.model_ids import label
from components.ui.kit.text import plain
from components.ui.leaderboard import charts, panels, views
from components.ui.leaderboard.board import Shown, description, provenance, shown
from components.ui.leaderboard.labels import (
    MOVE_LABELS,
    RANKING_LABELS,
    query_in_words,
    why_moved,
)

_BOARD_TABS = {
    "size": "Score against size",
    "twins": "Base beside twin",
    "profile": "Shortlist by benchmark",
    "movement": "Between vintages",
}
_TABS = {
    **_BOARD_TABS,
    "finetuned": "After fine-tuning",
    "predicts": "What predicts it",
    "noise": "What is noise",
    "sources": "Shortlist in every source",
}
_ALTS = {
    "size": "Scores against number of parameters, the shortlist labelled",
    "twins": "Average score of each model joined to its instruct twin's",
    "profile": "Scores of the shortlist on each benchmark",
    "movement": "Averages of the shortlist and its twins in two vintages, joined by lines",
}
_EMPTY = {
    "size": "The sizes of these models are unknown.",
    "twins": "None of these models has a twin on the board.",
    "profile": "No shortlisted model is on this board: star rows in the table.",
    "movement": "No shortlisted model is on both boards: star rows in the table.",
}
_CLICKABLE = ("size", "twins")  # whose points carry their models
_CHART = permalinks.one_of("chart", list(_TABS), "size")
_LIGHT = permalinks.flag("light")
_KEY = "evidence_tabs"


@st.fragment(key="evidence")
def tabs() -> None:
    """The tabs; only the open one is computed."""
    permalinks.write_address()
    _order_depends()
    permalinks.show(_CHART)
    st.session_state[_KEY] = _TABS[_CHART.value()]
    drawn = st.tabs(list(_TABS.values()), key=_KEY, on_change=_take_tab)
    for tab, name in zip(drawn, _TABS, strict=True):
        if name == _CHART.value():
            with tab:
                if first_paint.is_over(_KEY):
                    _draw(name)


def _take_tab() -> None:
    names = {title: name for name, title in _TABS.items()}
    _CHART.choose(names[st.session_state[_KEY]])


def _order_depends() -> None:
    """Say so where the shortlist's order is another in another source or vintage."""
    found = panels.reversals(shortlist.models())
    if not found:
        return
    one = f"{found[0]}" if len(found) == 1 else f"{found[0]} And {len(found) - 1} more pairs."
    st.caption(
        ":material/swap_vert: "
        + plain(f"The shortlist's order depends on source or vintage. {one}")
        + " See “Shortlist in every source”."
    )


def _draw(name: str) -> None:
    switches = st.container(horizontal=True)
    with switches:
        theme = _theme()
    panel: dict[str, Callable[[], None]] = {
        "finetuned": lambda: panels.fine_tuned(theme),
        "predicts": lambda: panels.what_predicts(theme),
        "noise": lambda: panels.noise(shown() if views.source() == views.BOARD else None),
        "sources": panels.everywhere,
    }
    if name in panel:
        panel[name]()
        return
    if views.source() != views.BOARD:
        st.caption(f"Of the Open LLM Leaderboard v2, {VINTAGE_LABELS[views.vintage()]}.")
    _chart(name, shown(), theme, switches)


def _theme() -> Theme:
    """The visitor's; in the dark one a switch makes charts light, for pictures."""
    if shell.theme() == "light":
        return "light"
    bound(
        st.toggle,
        _LIGHT,
        "Light charts",
        help="The camera above a chart saves it as it is shown: light reads better in a document.",
    )
    return "light" if _LIGHT.value() else "dark"


def _chart(name: str, now: Shown, theme: Theme, switches: DeltaGenerator) -> None:
    with switches:
        if name == "size":
            bound(st.toggle, charts.OF_TWIN, "Scores of the instruct twins")
        if name == "profile":
            bound(st.toggle, charts.WITH_TWINS, "With the instruct twins")
    if name == "movement":
        _pick_vintages()
    figure = None if now.rows.empty and name in _CLICKABLE else charts.DRAW[name](now, theme)
    if figure is None:
        st.info(_EMPTY[name], icon=":material/search_off:")
    else:
        # Clicks are stored by the point's number: another figure must not inherit them.
        content = [name, *shortlist.models(), *now.rows["model_id"], str(charts.OF_TWIN.value())]
        key = str(crc32(" ".join(content).encode()))
        picked = shell.pickable_chart(figure, name=name, key=key, alt=_ALTS[name])
        if name in _CLICKABLE:
            _offer(picked)
    if name == "movement":
        _why_moved()


def _offer(picked: list[str]) -> None:
    """A button that puts the clicked models on the shortlist."""
    new = [model for model in dict.fromkeys(picked) if model not in shortlist.models()]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            f"Add {len(new)} to the shortlist" if new else "Add to the shortlist",
            key="add_clicked",
            icon=":material/star:",
            disabled=not new,
            on_click=_add,
            args=(new,),
        )
        st.caption(
            plain(f"Clicked: {', '.join(new)}.")
            if new
            else "Click a point to pick a model, with Shift several."
        )


def _add(models: list[str]) -> None:
    shortlist.add(models)
    binding.rerun_parts("app")


def report(now: Shown, read: pd.DataFrame, address: str | None) -> bytes:
    """The board as one HTML file: what it is of, every chart, and the rows as they are read."""
    figures = [draw(now, "light") for draw in charts.DRAW.values()]
    kept = query_in_words(now.query)
    starred = now.rows["model"].isin(shortlist.models()).map({True: "★", False: ""})
    return exports.html_report(
        "Basewise: leaderboard",
        [
            description(now.board),
            f"Ranked by {RANKING_LABELS[now.query.rank_by].lower()}{f'; {kept}' if kept else ''}.",
            plain_text(provenance(views.BOARD)),
        ],
        address=address,
        figures=[figure for figure in figures if figure is not None],
        tables={
            "Models": read.assign(**{"★": starred.to_numpy()})[["★", *read.columns]],
            "What the caveats mean": charts.caveats_table(now.rows),
            "Between vintages": charts.moves_table(),
        },
    )


def plain_text(markdown: str) -> str:
    """A provenance line without its link and escapes."""
    return markdown.replace("\\", "").split(" [Source]")[0]


def _pick_vintages() -> None:
    pairs = zip(st.columns(2), ("From", "To"), (charts.FROM, charts.TO), strict=True)
    for column, name, parameter in pairs:
        with column:
            bound(st.selectbox, parameter, name, VINTAGES, format_func=VINTAGE_LABELS.__getitem__)


def _why_moved() -> None:
    """The averages and ranks, and a line per model on why they changed."""
    moved = charts.moves()
    number = st.column_config.NumberColumn
    scores = ("average_before", "average_after", "twin_before", "twin_after")
    st.dataframe(
        moved.assign(model=moved["model"].map(label)),
        hide_index=True,
        width="stretch",
        placeholder="–",
        key="moves",
        column_config={
            "model": MOVE_LABELS["model"],
            **{name: number(MOVE_LABELS[name], format="%.2f") for name in scores},
            "change": number(MOVE_LABELS["change"], format="%+.2f"),
            **{
                name: number(MOVE_LABELS[name], help="Among the models that both vintages list")
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
