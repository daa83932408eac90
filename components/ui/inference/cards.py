"""One model's answer on the live inference page, or how far it is."""

import streamlit as st

from components.control import Progress
from components.evaluation import Prediction
from components.figures import percent
from components.pricing import describe_actual, error_band
from components.settings import load_settings
from components.ui.inference.outcomes import Outcome
from components.ui.kit.feedback import draw_progress, show_error
from components.ui.kit.text import day, duration, plain

_MUCH_UNTOLD = 0.05
_LARGE_OVERFLOW = 0.1  # from here on the headline says what the median leaves out
_METHODS = {
    "tree": "all numbers against one run of the prompt",
    "plain": "one sequence per number",
    "server": "asked of a server",
}


def card(outcome: Outcome) -> None:
    """The answer as far as it is there, how far it is, or why there is none."""
    if outcome.at_work and not outcome.mine:
        st.caption("Another visitor asked this; Predict has it done for you too.")
    if outcome.error is not None:
        show_error(outcome.error)
        return
    prediction = outcome.prediction
    if prediction is None:
        _without_result(outcome)
        return
    distribution, actual = prediction.distribution, prediction.item.actual
    if not distribution.probabilities.any():
        if distribution.untold < _MUCH_UNTOLD:
            st.markdown("**No price**: the model goes on with no number from 0 to 999.")
        else:
            st.markdown(f"**No price was told**: {percent(distribution.untold)} stays unexplored.")
    else:
        st.metric("Median price", f"${distribution.median:,.0f}")
        if distribution.overflow >= _LARGE_OVERFLOW:
            left_out = plain(percent(distribution.overflow))
            st.markdown(f"**Leaves out {left_out}** at \\$1,000 or more")
        if actual is not None:
            _beside_actual(distribution.median, actual)
        low, high = distribution.interval(0.8)
        st.caption(
            plain(
                f"80 % interval ${low:,.0f} to ${high:,.0f}. Both given a price to $999, which has"
                f" {percent(distribution.probabilities.sum())} of the probability; $1,000 or more"
                f" has {percent(distribution.overflow)}, text that is no price"
                f" {percent(distribution.not_a_number)}."
            )
        )
    st.caption("Greedy continuation")
    st.code(
        f"Price is ${prediction.continuation}{'▌' if outcome.at_work else ''}",
        language=None,
        wrap_lines=True,
    )
    if not (prediction.finished or outcome.at_work):
        _ended(outcome)
    st.caption(
        plain(
            f"{distribution.seconds:.1f} s: {distribution.passes}"
            f" {'requests' if distribution.method == 'server' else 'passes'},"
            f" {distribution.tokens:,} tokens, {_METHODS[distribution.method]}."
            f" Weights: {prediction.model.describe()}."
            + (f" Computed on {day(outcome.recorded)}." if outcome.recorded else "")
            + _untold(prediction)
        )
    )


def _untold(prediction: Prediction) -> str:
    """What stays open or took the slow way, and why."""
    if prediction.distribution.method != "server":
        return f" Why not in a tree: {prediction.note}." if prediction.note else ""
    untold = prediction.distribution.untold
    left = f" Not told by the server: {percent(untold, 1)}." if untold >= 0.0005 else ""
    return left + (f" Why: {prediction.note}." if prediction.note else "")


def _without_result(outcome: Outcome) -> None:
    """How far an answer is of which there is nothing yet, or why there is none."""
    if outcome.state == "left":
        st.caption("You wait for this no longer; it goes on for another visitor.")
    elif outcome.state == "waiting":
        st.caption("Waits for its turn.")
    elif outcome.at_work:
        draw_progress(st.empty(), outcome.doing or Progress("Begins"))
    else:
        _ended(outcome)


def _ended(outcome: Outcome) -> None:
    """Says why an answer is not whole, and what is there of it."""
    why = "Stopped before it was finished"
    if outcome.state == "abandoned":
        why = (
            f"Ended, as nobody looked at it for {duration(load_settings().live_unwatched_seconds)}"
        )
    what = ": there is no result" if outcome.prediction is None else "; what there is is kept"
    st.caption(f":material/stop_circle: {why}{what}.")


def _beside_actual(estimate: float, actual: float) -> None:
    if remark := describe_actual(actual):
        st.caption(plain(remark))
    else:
        st.markdown(f"{badge(estimate, actual)} {plain(f'actual ${actual:,.2f}')}")


def badge(estimate: float, actual: float) -> str:
    """Markdown: how far off an estimate in dollars is, in the colour of its band."""
    off = estimate - actual
    words = f"off by ${abs(off):,.2f} {'over' if off > 0 else 'under'}"
    return f":{error_band(estimate, actual)}-badge[{plain(words)}]"
