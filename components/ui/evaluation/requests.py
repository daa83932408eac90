"""What takes long on many rows, and is computed when somebody asks for it."""

import streamlit as st

from components.evaluation import RunInfo
from components.ui.kit.text import plain

_AT_ONCE = 1000  # rows; fitting fifty times over takes seconds at so many


def asked_for(run: RunInfo, words: str) -> bool:
    """Whether the run has few rows, or the visitor has pressed the button with these words."""
    if run.rows <= _AT_ONCE:
        return True
    key = f"{words} {run.id}"
    slot = st.empty()
    pressed = slot.button(
        words,
        key=f"button {key}",
        icon=":material/calculate:",
        help=plain(f"On {run.rows:,} rows this takes from half a minute to some minutes."),
    )
    if pressed:
        st.session_state[key] = True
    if st.session_state.get(key, False):
        slot.empty()
        return True
    return False
