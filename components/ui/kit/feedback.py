"""Progress and errors, as a visitor sees them."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from components.assets import Progress
from components.errors import BasewiseError
from components.ui.kit.text import plain


@contextmanager
def shown_progress() -> Iterator[Progress]:
    """A Progress that draws a bar here, gone when the work is done."""
    slot = st.empty()

    def report(stage: str, done: int, total: int | None) -> None:
        if total:
            amount = f"{done / 1e6:,.0f} of {total / 1e6:,.0f} MB"
            slot.progress(min(done / total, 1.0), text=plain(f"{stage}: {amount}"))
        else:
            slot.markdown(f":material/hourglass_top: {plain(stage)} …")

    try:
        yield report
    except Exception:  # not an interruption by Streamlit, which draws the page anew
        slot.empty()
        raise
    slot.empty()


def show_error(error: BasewiseError) -> None:
    """The error, what was tried, and the way out."""
    lines = [f"**{plain(error.problem)}**"]
    lines += [f"- {plain(a.what)}: {plain(a.reason)}" for a in error.attempts]
    st.error("\n".join([*lines, "", plain(error.way_out)]), icon=":material/error:")
