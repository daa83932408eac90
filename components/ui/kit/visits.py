"""What is kept of a visit's uploads for all pages, let go of when the visit ends."""

from collections.abc import Callable

import streamlit as st

_Drops = dict[str, Callable[[], object]]


def drop_afterwards(key: str, drop: Callable[[], object]) -> None:
    """Call `drop` once this visit is over; a second one of the same key replaces the first."""
    _drops()[key] = drop


def _drop_all(drops: _Drops) -> None:
    for drop in drops.values():
        drop()


@st.cache_resource(scope="session", on_release=_drop_all, show_spinner=False)
def _drops() -> _Drops:
    return {}
