"""The Review as a screen: steps, evidence, decision."""

from collections.abc import Mapping

import streamlit as st

from components.review import Verdict
from components.ui.review import decision, evidence, handover, matrix
from components.ui.review.steps import three_steps


def review(models: list[str]) -> None:
    """All of it, for a shortlist that may be empty."""
    slot = st.container()
    if not models:
        with slot:
            three_steps(None)
        st.info(
            "The shortlist is empty. Pick models in the sidebar, or on the leaderboard.",
            icon=":material/playlist_add:",
        )
        return
    found = evidence.gathered(models)
    struck = decision.verdicts(found)
    ranked = decision.ranking(found, struck)
    chosen = decision.written().model
    evidence.in_address(found, pinned=chosen is not None)
    decision.in_address()
    with slot:
        three_steps(found)
    _evidence(found, struck, chosen)
    st.subheader("The decision")
    with st.expander("Must-haves", icon=":material/rule:", expanded=True):
        decision.must_have_inputs(struck, found.matrix.names)
    with st.expander("What counts, and where the choice flips", icon=":material/balance:"):
        decision.weight_inputs(ranked, found.matrix.names)
    decision.box(found, struck, ranked)
    handover.downloads(found, struck, ranked)
    handover.chart(found)


def _evidence(found: evidence.Gathered, struck: Mapping[str, Verdict], chosen: str | None) -> None:
    matrix.show(found.matrix, struck, chosen)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            f"Memory to fine-tune: {evidence.workload().describe()}; computed, with its formula in"
            " what is handed over. A figure's source is shown when the mouse rests on it."
        )
        with st.popover("Sequence and batch", icon=":material/tune:"):
            evidence.workload_inputs()
