"""What Basewise uses of Streamlit that Streamlit does not promise; a test per name."""

from typing import Literal

import streamlit as st
from streamlit.dataframe import lazy_df_source
from streamlit.runtime.scriptrunner import get_script_run_ctx

# Rows of a lazy table that go to the browser at a time, and those above which a table may be lazy.
# Streamlit's own 1,000 of the leaderboard are 330 kB, which a changed filter would wait for.
ROWS_AT_A_TIME, LAZY_ABOVE = 200, 300
lazy_df_source.DEFAULT_PAGE_SIZE = ROWS_AT_A_TIME
lazy_df_source.FORCED_LAZY_MIN_ROWS = LAZY_ABOVE

# The elements' names in the page (data-testid).
MAIN_CONTAINER = "stMainBlockContainer"
STATUS_WIDGET = "stStatusWidget"
MARKDOWN = "stMarkdownContainer"
ELEMENT, FRAME, CHART = "stElementContainer", "stFullScreenFrame", "stPlotlyChart"
BUTTON_GROUP = "stButtonGroup"

# Streamlit leaves 6rem above a page's title. Its own Stop would end a page's script half way, and
# nothing that the page asked for. On a phone a chart keeps the width that its words need and
# scrolls in its own box, and so does a table.
PAGE_STYLE = f"""<style>
[data-testid={MAIN_CONTAINER}] {{padding: 3.75rem 2rem 4rem; max-width: 1400px}}
[data-testid={MAIN_CONTAINER}] h1 {{font-size: 1.75rem; padding: 0.25rem 0}}
[data-testid={STATUS_WIDGET}] button {{display: none}}
@media (max-width: 640px) {{
[data-testid={MARKDOWN}]:has(> table) {{overflow-x: auto}}
[data-testid={ELEMENT}]:has(> [data-testid={FRAME}] [data-testid={CHART}]) {{overflow-x: auto}}
[data-testid={FRAME}]:has([data-testid={CHART}]) {{min-width: 680px}}
}}
</style>"""


# Streamlit writes the picked one of several in the theme's main colour, which on a dark page can't
# be read at 4.5:1 both there and as a button under white letters.
DARK_PAGE_STYLE = f"""<style>
[data-testid={BUTTON_GROUP}] :is([aria-checked=true], [aria-pressed=true], [data-selected=true]) p
{{color: #C9D3FF}}
</style>"""


def page_address() -> str | None:
    """This page's address without its query; None where there is no browser."""
    url = st.context.url
    return None if url is None else url.split("?")[0]


def cookie(name: str) -> str:
    """What the browser sent as this cookie when the page was opened; empty where it sent none."""
    told: object = st.context.cookies.get(name, "")
    return told if isinstance(told, str) else ""  # without a server there is no browser to ask


def theme_type() -> Literal["light", "dark"]:
    """The visitor's theme; light where it is not known."""
    return "dark" if st.context.theme.type == "dark" else "light"


def is_history_navigation() -> bool:
    """Whether the browser's Back or Forward asked for this run."""
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation
