"""Charts after the first paint: a page's other parts need not wait for the browser to draw them.

Loading Plotly's script and drawing a chart keeps the browser busy for a second or more, in which it
draws nothing else. So what has charts is left out of a page's first run, and drawn when the browser
says that it has nothing else to do; with it comes how wide the page is.
"""

from functools import cache, partial

import streamlit as st
from streamlit.components.v2 import component
from streamlit.components.v2.types import ComponentRenderer

from components.ui.kit import permalinks, streamlit_compat

_SAY_WHEN_IDLE = """
export default function ({ setTriggerValue }) {
    const say = () => setTriggerValue("idle", window.innerWidth);
    const whenIdle = window.requestIdleCallback ?? (call => setTimeout(call, 300));
    requestAnimationFrame(() => whenIdle(say, { timeout: 2000 }));
}
"""
_PAINTED, _WIDTH = "page_painted", "page_width"
_NARROW = 640  # px; streamlit_compat.PAGE_STYLE has the same


def is_over(name: str) -> bool:
    """Whether this page was painted before. If not, the fragment that asks runs again when it is.

    `name` is another for each that asks on a page. Where there is no browser to wait for, True.
    """
    page = permalinks.current_page()
    if st.session_state.get(_PAINTED) == page or streamlit_compat.page_address() is None:
        return True
    key = f"first_paint-{name}"
    _component()(key=key, on_idle_change=partial(_take, page, key))
    return False


def is_narrow() -> bool:
    """Whether the page is as narrow as a phone, by its width when it was first painted."""
    return st.session_state.get(_WIDTH, _NARROW + 1) <= _NARROW


def _take(page: str, key: str) -> None:
    st.session_state[_PAINTED] = page
    # Of several that wait on a page the first has them all drawn: what another says after that
    # comes when its value is gone.
    said = st.session_state.get(key)
    if said is not None and isinstance(width := said["idle"], int):
        st.session_state[_WIDTH] = width
    streamlit_compat.rerun_page_if_more_changed()


@cache
def _component() -> ComponentRenderer:
    return component("basewise_first_paint", js=_SAY_WHEN_IDLE)
