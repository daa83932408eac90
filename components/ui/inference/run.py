"""Running models on the live inference page: Predict, Stop, and one model after the other."""

from contextlib import closing

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from components.engines import LocalEngine
from components.errors import BasewiseError
from components.ui import services
from components.ui.inference import predictions
from components.ui.inference.inputs import Question
from components.ui.inference.predictions import Prediction, Way
from components.ui.kit import shortlist
from components.ui.kit.feedback import show_error

_MAX_NEW_TOKENS = 24
_REQUESTED = "inference_requested"


def controls(*, ready: bool) -> bool:
    """Predict and Stop; whether a run is to be done now.

    Stop needs no callback: any click interrupts the run, and this one does nothing else. The
    request is taken here, not cleared at the end of the run: session state can't be written once
    a run is interrupted.
    """
    running = st.session_state.pop(_REQUESTED, False)
    with st.container(horizontal=True):
        st.button(
            "Predict",
            type="primary",
            icon=":material/bolt:",
            disabled=running or not ready,
            on_click=lambda: st.session_state.update({_REQUESTED: True}),
        )
        st.button("Stop", icon=":material/stop_circle:", disabled=not running)
    return running and ready


def predict(question: Question, models: list[str], way: Way) -> None:
    """Predict model by model, showing how far each is.

    Any rerun (Stop, another widget, another page) interrupts this at the model's next pass; what
    there is by then is kept.
    """
    slots = {}
    # An empty element first: it takes the earlier run's results off the page at once.
    with st.empty().container():
        for column, repo_id in zip(st.columns(len(models)), models, strict=True):
            with column, st.container(border=True, height="stretch"):
                shortlist.heading(repo_id)
                slots[repo_id] = st.empty()
                slots[repo_id].caption("Waits for its turn.")
    for repo_id, slot in slots.items():
        with slot.container():
            _predict(question, repo_id, way)
    st.rerun()


def _predict(question: Question, repo_id: str, way: Way) -> None:
    prediction = Prediction(repo_id, question.title, question.prompt, way, question.actual)
    predictions.keep(prediction)
    try:
        pooled = services.engine(repo_id, four_bit=way.four_bit)
        prediction.provenance = pooled.engine.provenance
        if (known := services.answer(prediction)) is not None:
            prediction.distribution, prediction.text = known
        else:
            slot = st.empty()
            with pooled.turns.turn(lambda before: _wait(slot, before)):
                _compute(prediction, pooled.engine, slot)
            services.remember(prediction)
        prediction.finished = True
    except BasewiseError as error:
        prediction.error = error
        show_error(error)


def _wait(slot: DeltaGenerator, before: int) -> None:
    slot.markdown(f":material/group: Place {before} in the queue for this model …")


def _compute(
    prediction: Prediction,
    engine: LocalEngine,
    slot: DeltaGenerator,
) -> None:
    def scored(unexplored: float | None) -> None:
        if unexplored is None:
            slot.markdown(
                ":material/fact_check: First use of this model: checking that it scores numbers"
                " together as it does one by one …"
            )
            return
        slot.progress(
            1 - unexplored, text=f"Scoring prices, {unexplored:.1%} of the probability left"
        )

    scored(1.0)
    prediction.distribution = engine.price_distribution(
        prediction.prompt, prediction.way.tolerance, progress=scored
    )
    pieces = engine.stream(prediction.prompt, max_new_tokens=_MAX_NEW_TOKENS)
    with closing(pieces):
        for piece in pieces:
            prediction.text += piece
            slot.code(f"Price is ${prediction.text}▌", language=None, wrap_lines=True)
