"""The three steps of a review, with what is done of each, and where to go on."""

import streamlit as st

from components.leaderboard import VINTAGES
from components.ui.kit import shell
from components.ui.kit.text import plain
from components.ui.review.evidence import Gathered

_UP_TO_9B = {"kind": ["base"], "max_b": ["9"]}


def three_steps(found: Gathered | None) -> None:
    """Shortlist by scores, look at tokens, try on prices."""
    of = f"of {len(found.matrix.models)}" if found else ""
    newest = f"base@{VINTAGES[-1]}"
    scored = f"{found.done(newest)} {of} on the board" if found else "nothing yet"
    read = f"{found.done('strategy')} {of} tokenizers run" if found else "nothing yet"
    priced = f"{found.done('price_error')} {of} with a price error" if found else "nothing yet"
    columns = st.columns(3)
    with columns[0], st.container(border=True, height="stretch"):
        st.markdown(f"**1. Shortlist by scores.** {plain(scored)}.")
        shell.link(shell.LEADERBOARD, "Base models up to 9B", **_UP_TO_9B)
    with columns[1], st.container(border=True, height="stretch"):
        st.markdown(f"**2. Look at tokens.** {plain(read)}.")
        shell.link(shell.TOKENIZERS, "How each writes numbers")
    with columns[2], st.container(border=True, height="stretch"):
        st.markdown(f"**3. Try on prices.** {plain(priced)}.")
        shell.link(shell.INFERENCE, "Price one product")
        shell.link(shell.EVALUATION, "Price many, recorded")
