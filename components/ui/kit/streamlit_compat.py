"""What Basewise uses of Streamlit that Streamlit does not promise; a test per name."""

from typing import Literal

import streamlit as st

# The elements' names in the page (data-testid).
MAIN_CONTAINER = "stMainBlockContainer"
STATUS_WIDGET = "stStatusWidget"

# Streamlit leaves 6rem above a page's title. Its own Stop ends a run without the page knowing,
# which would leave Predict disabled.
PAGE_STYLE = f"""<style>
[data-testid={MAIN_CONTAINER}] {{padding-top: 2.5rem}}
[data-testid={STATUS_WIDGET}] button {{display: none}}
</style>"""


def page_address() -> str | None:
    """This page's address without its query; None where there is no browser."""
    url = st.context.url
    return None if url is None else url.split("?")[0]


def theme_type() -> Literal["light", "dark"]:
    """The visitor's theme; light where it is not known."""
    return "dark" if st.context.theme.type == "dark" else "light"
