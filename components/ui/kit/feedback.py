"""Progress and errors, as a visitor sees them."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from components.control import Control, Progress
from components.errors import BasewiseError, SettingsError
from components.settings import Settings, load_settings
from components.ui.kit.text import plain


def amount(progress: Progress) -> str:
    """How much is done, in words; nothing where the whole is not known."""
    if not progress.total:
        return ""
    if progress.unit == "share":
        return f"{progress.done / progress.total:.1%}"
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
    """The error, what was tried, and the way out."""
    lines = [f"**{plain(error.problem)}**"]
    lines += [f"- {plain(a.what)}: {plain(a.reason)}" for a in error.attempts]
    st.error("\n".join([*lines, "", plain(error.way_out)]), icon=":material/error:")


def usable_settings() -> Settings:
    """The settings; a page whose settings can't be used says so and ends here."""
    try:
        return load_settings()
    except SettingsError as error:
        show_error(error)
        st.stop()
