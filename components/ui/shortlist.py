"""The shortlist: one list of models for all pages, carried in the URL."""

import streamlit as st

from components.charts import model_style
from components.errors import UnknownModelError
from components.registry import load_registry
from components.ui.text import plain

PARAMETER = "models"
LIMIT = 8
DEFAULT = (
    "meta-llama/Llama-3.1-8B",
    "Qwen/Qwen2.5-7B",
    "google/gemma-2-9b",
    "microsoft/Phi-3-mini-4k-instruct",
)

_KEY = "shortlist"
_PICKER = "shortlist_picker"
_REFUSED = "shortlist_refused"


def restore() -> None:
    """Take the shortlist from the URL on a visitor's first page, then keep URL and list equal."""
    if _KEY not in st.session_state:
        _replace(st.query_params.get_all(PARAMETER) or list(DEFAULT))
    if st.query_params.get_all(PARAMETER) != st.session_state[_KEY]:
        st.query_params[PARAMETER] = st.session_state[_KEY]


def models() -> list[str]:
    """The shortlist: Hub ids in the visitor's order, at most LIMIT."""
    return list(st.session_state[_KEY])


def add(repo_ids: list[str]) -> None:
    """Put models at the end of the shortlist; those on it already stay where they are."""
    _replace([*models(), *repo_ids])


def picker() -> None:
    """The shortlist's control, with what it refused or could not find in the registry."""
    registry = load_registry()
    current = models()
    st.session_state[_PICKER] = current
    st.multiselect(
        "Shortlist",
        options=[spec.id for spec in registry] + [m for m in current if m not in registry],
        format_func=label,
        key=_PICKER,
        on_change=lambda: _replace(st.session_state[_PICKER]),
        accept_new_options=True,
        max_selections=LIMIT,
        placeholder="Pick a model or type a Hub id",
        help="Any model on the Hub can be used: type its id, organization/name.",
    )
    for message in st.session_state.pop(_REFUSED, []):
        st.warning(plain(message))
    for repo_id in current:
        if repo_id not in registry:
            near = registry.suggestions(repo_id)
            hint = f" Did you mean {' or '.join(near)}?" if near else ""
            st.caption(plain(f"{repo_id} is not in the registry: its details are unknown.{hint}"))


def label(repo_id: str) -> str:
    """The model's name as people say it; an unlisted model's id."""
    registry = load_registry()
    return registry.get(repo_id).label if repo_id in registry else repo_id


def labels(repo_ids: list[str]) -> dict[str, str]:
    """Names by Hub id."""
    return {repo_id: label(repo_id) for repo_id in repo_ids}


def heading(repo_id: str) -> str:
    """Markdown: the model's mark in its colour and its name, as in the charts."""
    style = model_style(repo_id)
    mark = f'<span style="color:{style.color}">{style.symbol}</span>'
    return f"{mark} **{plain(label(repo_id))}**"


def _replace(repo_ids: list[str]) -> None:
    registry = load_registry()
    accepted: list[str] = []
    refused: list[str] = []
    for repo_id in repo_ids:
        try:
            accepted.append(registry.resolve(repo_id.strip()).id)
        except UnknownModelError as error:
            refused.append(str(error))
    accepted = list(dict.fromkeys(accepted))
    if len(accepted) > LIMIT:
        refused.append(
            f"The shortlist holds {LIMIT} models: {', '.join(accepted[LIMIT:])} left out."
        )
    st.session_state[_KEY] = accepted[:LIMIT]
    st.session_state[_REFUSED] = refused
