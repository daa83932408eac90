"""Running models on the live inference page: Predict, Stop, and one model after the other."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from components.control import Control, Progress
from components.errors import BasewiseError
from components.evaluation import InferenceSettings, Prediction
from components.ui import services
from components.ui.inference import outcomes, results
from components.ui.inference.inputs import Question
from components.ui.inference.outcomes import Outcome
from components.ui.kit import shortlist
from components.ui.kit.feedback import draw_progress

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


def predict(question: Question, repo_ids: list[str], settings: InferenceSettings) -> None:
    """Predict model by model, showing how far each is and each result as soon as it is there.

    Any rerun (Stop, another widget, another page) interrupts this at the model's next forward
    pass; what there is by then is kept.
    """
    slots = {}
    # An empty element first: it takes the earlier run's results off the page at once.
    with st.empty().container():
        for column, repo_id in zip(st.columns(len(repo_ids)), repo_ids, strict=True):
            with column, st.container(border=True, height="stretch"):
                shortlist.heading(repo_id)
                slots[repo_id] = st.empty()
                slots[repo_id].caption("Waits for its turn.")
    for repo_id, slot in slots.items():
        _predict(Outcome(repo_id, question.title, question.item, settings), slot)
    st.rerun()


def _predict(outcome: Outcome, slot: DeltaGenerator) -> None:
    outcomes.keep(outcome)

    def draw(prediction: Prediction) -> None:
        outcome.prediction = prediction
        with slot.container():
            results.card(outcome, running=not prediction.finished)

    def report(progress: Progress) -> None:
        if outcome.prediction is None:  # once there is a result, it stays in sight
            draw_progress(slot, progress)

    try:
        draw(
            services.predictor().predict(
                outcome.repo_id,
                outcome.item,
                outcome.settings,
                Control(report),
                partial=draw,
            )
        )
    except BasewiseError as error:
        outcome.error = error
        with slot.container():
            results.card(outcome)
