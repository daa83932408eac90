"""The host's servers of models, as they stand now."""

import streamlit as st

from components.endpoints import load_endpoints
from components.engines import EndpointState, ServerEngine
from components.ui import services
from components.ui.kit.model_ids import label
from components.ui.kit.text import plain

_WAIT_SECONDS = 2.0
_ASKING_SECONDS, _REDRAW_SECONDS = 2.0, 8.0


def show_endpoints() -> None:
    """A line for each endpoint: ready and what it tells, being asked, or what is wrong with it.

    A server that does not answer holds the page no longer than _WAIT_SECONDS.
    """
    if not load_endpoints():
        return
    states = services.predictor().servers.states(_WAIT_SECONDS)
    asking = any(state.status == "asking" for state in states)
    st.fragment(_draw, run_every=_ASKING_SECONDS if asking else _REDRAW_SECONDS)(asking)


def _draw(was_asking: bool) -> None:
    states = services.predictor().servers.states(0)
    if was_asking and not any(state.status == "asking" for state in states):
        st.rerun(scope="app")
    for state in states:
        st.caption(_line(state))


def _line(state: EndpointState) -> str:
    model, name = label(state.endpoint.hub_id), state.endpoint.name
    if state.engine is not None:
        text = (
            f"{model} is ready on {state.engine.id.engine} at {name}: {_telling(state.engine)}."
            f" {state.engine.id.describe()}."
        )
        return f":material/dns: {plain(text)}"
    if state.problem is not None:
        problem = f"{model} on {name}: {state.problem.problem} {state.problem.way_out}"
        return f":material/cloud_off: {plain(problem)}"
    return f":material/hourglass_top: {plain(f'{model} on {name}: asking what it is')} …"


def _telling(engine: ServerEngine) -> str:
    """What a server tells, in words, and how much in one request."""
    dialect = engine.dialect
    if dialect.exact:
        ids = f" × {dialect.ids_per_request} tokens" if dialect.ids_per_request else ""
        return (
            "it tells the probabilities of the tokens that are asked for"
            f" ({dialect.prompts_per_request:,} prompts{ids} a request)"
        )
    if dialect.completes:
        return (
            "it tells the likeliest tokens, then how likely those that are asked for are beside"
            f" them ({dialect.prompts_per_request} prompts a request)"
        )
    return "it tells few likeliest tokens; what it does not tell stays unexplored"
