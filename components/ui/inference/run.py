"""Running models on the live inference page: Predict, Stop, and one model after the other."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from components.control import Control, Progress
from components.errors import BasewiseError
from components.evaluation import InferenceSettings, Prediction
from components.ui import services
from components.ui.inference import inputs, outcomes, results
from components.ui.inference.inputs import Question
from components.ui.inference.outcomes import Outcome
from components.ui.kit import shortlist
from components.ui.kit.feedback import draw_progress

_REQUESTED = "inference_requested"


def controls(*, ready: bool, chosen: list[str]) -> bool:
    """Predict and Stop; whether a run is to be done now.

    Where none of the shortlist runs here, one button runs the stand-ins. Stop needs no callback:
    any click interrupts the run, and this one does nothing else. The request is taken here, not
    cleared at the end of the run: session state can't be written once a run is interrupted.
    """
    running = st.session_state.pop(_REQUESTED, False)
    if not chosen:
        st.info(
            "None of the shortlist runs here. Two small models do: they show what the page does,"
            " and say nothing of the shortlist.",
            icon=":material/memory:",
        )
    with st.container(horizontal=True):
        st.button(
            "Predict",
            type="primary" if chosen else "secondary",
            icon=":material/bolt:",
            disabled=running or not ready or not chosen,
            on_click=_request,
        )
        if not chosen:
            st.button(
                "Run the two small stand-ins",
                type="primary",
                icon=":material/bolt:",
                disabled=not ready,
                on_click=_run_stand_ins,
                help="Gemma 3 270M and SmolLM2 135M Instruct, in place of the shortlist.",
            )
        st.button("Stop", icon=":material/stop_circle:", disabled=not running)
    return running and ready and bool(chosen)


def _request() -> None:
    st.session_state[_REQUESTED] = True


def _run_stand_ins() -> None:
    inputs.take_stand_ins()
    _request()


def predict(question: Question, repo_ids: list[str], settings: InferenceSettings) -> None:
    """Predict model by model, showing how far each is and each result as soon as it is there.

    Any rerun (Stop, another widget, another page) interrupts this at the model's next forward
    pass; what there is by then is kept.
    """
    slots = {}
    # An empty element first: it takes the earlier run's results off the page at once.
    with st.empty().container():
        for column, repo_id in results.side_by_side(repo_ids):
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
