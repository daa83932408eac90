"""Asking models on the live inference page: Predict and Stop.

The work is done by a worker that outlives the page (`run_services.live`).
"""

from collections.abc import Sequence

import streamlit as st

from components.errors import QueueError
from components.evaluation import InferenceSettings, LiveRequest
from components.ui import run_services
from components.ui.inference import inputs, outcomes
from components.ui.inference.inputs import Question
from components.ui.inference.outcomes import Outcome
from components.ui.kit import binding
from components.ui.kit.feedback import show_error
from components.ui.kit.model_ids import label
from components.ui.kit.text import plain

CARDS = "inference_cards"  # the fragment that draws how the models stand
_REQUESTED = "inference_requested"
_FOLLOWED = "inference_followed"


def controls(
    question: Question | None, chosen: list[str], wanted: list[str], settings: InferenceSettings
) -> bool:
    """Predict and Stop, and what they ask for is begun or ended.

    Whether they are drawn as while the visitor's own is at work on this question.

    `wanted` are the models that the visitor has picked, `chosen` those of them that run here. Where
    none does, one button runs the stand-ins. A click is taken here, where question and models are
    those that the visitor sees: what was typed comes with the click.
    """
    requested = st.session_state.pop(_REQUESTED, False)
    if question is not None:
        if requested:
            _ask(question, chosen, settings)
        else:
            _follow_changes(question, chosen, wanted, settings)
        st.session_state[_FOLLOWED] = (question.item.prompt, settings, list(wanted))
    if not chosen:
        _say_why_none(wanted)
    return _buttons(question, chosen, settings)


def _say_why_none(wanted: list[str]) -> None:
    why = "None of the shortlist runs here."
    if not wanted:
        why = "The shortlist is empty: pick models in the sidebar, or name some to run above."
    st.info(
        f"{why} Two small models do run here: they show what the page does, and say nothing of"
        " the shortlist.",
        icon=":material/memory:",
    )


def _buttons(question: Question | None, chosen: list[str], settings: InferenceSettings) -> bool:
    here = [] if question is None else _requests(question, chosen, settings)
    wished = run_services.live().wanted_by(run_services.visitor())
    wished_keys = {request.key for request in wished}
    at_work_here = any(request.key in wished_keys for request in here)
    with st.container(horizontal=True):
        st.button(
            "Predict",
            type="primary" if chosen else "secondary",
            icon=":material/bolt:",
            disabled=not here or at_work_here,
            on_click=_request,
        )
        if not chosen:
            st.button(
                "Run the two small stand-ins",
                type="primary",
                icon=":material/bolt:",
                disabled=question is None,
                on_click=_run_stand_ins,
                help="Gemma 3 270M and SmolLM2 135M Instruct, in place of the shortlist.",
            )
        st.button(
            "Stop",
            icon=":material/stop_circle:",
            disabled=not wished,
            on_click=_stop,
            args=(at_work_here,),
            help="Predictions go on when this page is left. Stop ends all that are yours.",
        )
    here_keys = {request.key for request in here}
    if elsewhere := [request.repo_id for request in wished if request.key not in here_keys]:
        names = ", ".join(map(label, dict.fromkeys(elsewhere)))
        st.caption(plain(f"At work on other questions of yours: {names}. Stop ends these too."))
    return at_work_here


def _request() -> None:
    st.session_state[_REQUESTED] = True


def _run_stand_ins() -> None:
    inputs.take_stand_ins()
    _request()


def _stop(at_work_here: bool) -> None:
    run_services.live().give_up(run_services.visitor())
    if at_work_here:  # seen at once; the rest of the page follows
        binding.rerun_parts([CARDS])


def _ask(question: Question, repo_ids: list[str], settings: InferenceSettings) -> None:
    """Have the models asked, one after the other."""
    try:
        for request in _requests(question, repo_ids, settings):
            run_services.live().ask(run_services.visitor(), request)
            outcomes.keep(
                Outcome(request.repo_id, question.title, question.item, settings, state="waiting")
            )
    except QueueError as error:
        show_error(error)


def _follow_changes(
    question: Question, chosen: list[str], wanted: list[str], settings: InferenceSettings
) -> None:
    """While some are at work on this question: models taken off are given up, added ones asked."""
    prompt, asked_so, before = st.session_state.get(_FOLLOWED, (None, None, []))
    if (prompt, asked_so) != (question.item.prompt, settings):
        return
    live, visitor = run_services.live(), run_services.visitor()
    at_work = {
        request.repo_id
        for request in live.wanted_by(visitor)
        if (request.item.prompt, request.settings) == (prompt, settings)
    }
    if not at_work:
        return
    removed = [model for model in before if model in at_work and model not in wanted]
    live.give_up(visitor, _requests(question, removed, settings))
    _ask(question, [model for model in chosen if model not in before], settings)


def _requests(
    question: Question, repo_ids: Sequence[str], settings: InferenceSettings
) -> list[LiveRequest]:
    return [LiveRequest(repo_id, question.item, settings) for repo_id in repo_ids]
