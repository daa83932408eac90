"""Progress and errors, as a visitor sees them."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from components.assets import without_folders
from components.control import Control, Progress
from components.endpoints import load_endpoints
from components.errors import BasewiseError, SettingsError
from components.figures import percent
from components.settings import Settings, load_settings
from components.ui.kit.text import plain


def amount(progress: Progress) -> str:
    """How much is done, in words; nothing where the whole is not known."""
    if not progress.total:
        return ""
    if progress.unit == "share":
        return percent(progress.done / progress.total, 1)
    return f"{progress.done / 1e6:,.0f} of {progress.total / 1e6:,.0f} MB"


def draw_progress(slot: DeltaGenerator, progress: Progress) -> None:
    """A bar where the whole is known, else a line that says what is being done."""
    if progress.total:
        share = min(progress.done / progress.total, 1.0)
        slot.progress(share, text=plain(f"{progress.stage}: {amount(progress)}"))
    else:
        slot.markdown(f":material/hourglass_top: {plain(progress.stage)} …")


@contextmanager
def shown_progress() -> Iterator[Control]:
    """A control that draws its progress here, gone when the work is done.

    Drawing is where Streamlit interrupts a run that its visitor wants no more.
    """
    slot = st.empty()
    try:
        yield Control(lambda progress: draw_progress(slot, progress))
    except Exception:  # not an interruption by Streamlit, which draws the page anew
        slot.empty()
        raise
    slot.empty()


def show_error(error: BasewiseError) -> None:
    """The error with the first reason and the way out; the rest of what is known behind "Why"."""
    first, *others = [f"- {_shown(a.what)}: {_shown(a.reason)}" for a in error.attempts] or [""]
    lines = [f"**{_shown(error.problem)}**", first, "", _shown(error.way_out)]
    st.error("\n".join(lines), icon=":material/error:")
    if not others and not error.details:
        return
    with st.expander("Why", icon=":material/help:"):
        if others:
            st.markdown("\n".join(["Tried after it:", *others]))
        if error.details:
            st.code(without_folders(error.details), language=None, wrap_lines=True)


def _shown(text: str) -> str:
    """Visitors are not told where the host keeps its files."""
    return plain(without_folders(text))


def usable_settings() -> Settings:
    """The settings; a page whose settings or endpoints can't be used says so and ends here."""
    try:
        load_endpoints()
        return load_settings()
    except SettingsError as error:
        show_error(error)
        st.stop()
