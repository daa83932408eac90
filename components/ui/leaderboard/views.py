"""Which scores the page shows: a source, and of the Open LLM Leaderboard a vintage."""

import streamlit as st

from components.leaderboard import LIVE, SOURCES, VINTAGE_LABELS, VINTAGES
from components.ui.kit import binding, permalinks
from components.ui.kit.binding import bound
from components.ui.leaderboard.labels import view_label

BOARD = "ollm-v2"
_VINTAGE = permalinks.one_of("vintage", [*VINTAGES, LIVE], VINTAGES[-1])
_SOURCE = permalinks.one_of("source", list(SOURCES), BOARD)
_KEY = "view_widget"
_WHY_VINTAGES = (
    "The board was retired in March 2025. MATH was graded anew in February 2025, and some models"
    " were run again: places differ between vintages."
)


def source() -> str:
    """The id of the source that is shown."""
    return _SOURCE.value()


def vintage() -> str:
    """The vintage of the Open LLM Leaderboard, the same on all pages; in the URL as `vintage`."""
    return _VINTAGE.value()


def pick_vintage() -> str:
    """Pick the vintage alone."""
    return bound(
        st.segmented_control,
        _VINTAGE,
        "Vintage",
        [*VINTAGES, LIVE],
        format_func=VINTAGE_LABELS.__getitem__,
        required=True,
        help=_WHY_VINTAGES,
    )


def pick_view() -> None:
    """Pick source and vintage in one list."""
    permalinks.show(_SOURCE, _VINTAGE)
    board_views = [(BOARD, name) for name in (*reversed(VINTAGES), LIVE)]
    views = [*board_views, *((name, vintage()) for name in SOURCES if name != BOARD)]
    st.session_state[_KEY] = (source(), vintage())
    st.selectbox(
        "Scores",
        views,
        key=_KEY,
        format_func=lambda view: view_label(*view),
        on_change=_take_view,
        label_visibility="collapsed",
        help=_WHY_VINTAGES,
        width=330,
    )


def _take_view() -> None:
    chosen_source, chosen_vintage = st.session_state[_KEY]
    _SOURCE.choose(chosen_source)
    _VINTAGE.choose(chosen_vintage)
    binding.rerun_parts("app")
