"""How models are asked, on every page that asks them."""

import streamlit as st

from components.evaluation import InferenceSettings
from components.ui.kit import permalinks
from components.ui.kit.binding import bound

_TOLERANCES = {"0.01": "fast, 1 %", "0.001": "fine, 0.1 %", "0": "exact"}
_FOUR_BIT = permalinks.flag("four_bit")
_TOLERANCE = permalinks.one_of("tolerance", list(_TOLERANCES), "0.01")


def pick_settings() -> InferenceSettings:
    """Tolerance and precision; in the URL as `tolerance` and `four_bit`."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        tolerance = bound(
            st.segmented_control,
            _TOLERANCE,
            "Accuracy",
            list(_TOLERANCES),
            format_func=_TOLERANCES.__getitem__,
            required=True,
            help="How much probability may stay unexplored: numbers are scored likeliest first"
            " until so little is left. Exact scores every price, and takes longest.",
        )
        four_bit = bound(
            st.toggle,
            _FOUR_BIT,
            "Weights in 4 bit",
            help="For models that would not fit otherwise: they take about a third of the memory."
            " It changes the probabilities, most in small models. Quantized while loading (NF4).",
        )
    return InferenceSettings(float(tolerance), "4-bit" if four_bit else "native")
