"""Hub ids that visitors type or links carry: cleaned, and said what is wrong with the rest."""

import re
from collections.abc import Sequence

import streamlit as st

from components.errors import UnknownModelError
from components.registry import load_registry
from components.ui.kit.text import plain


def clean_ids(repo_ids: Sequence[str], *, limit: int, where: str) -> list[str]:
    """The registry's ids of these models, each once, at most `limit`.

    What is left out is kept for `say_refused(where)`.
    """
    registry = load_registry()
    accepted: list[str] = []
    refused: list[str] = []
    for repo_id in repo_ids:
        try:
            accepted.append(registry.resolve(_of_link(repo_id)).id)
        except UnknownModelError as error:
            refused.append(str(error))
    accepted = list(dict.fromkeys(accepted))
    if left_out := accepted[limit:]:
        refused.append(f"At most {limit} models fit in here: {', '.join(left_out)} left out.")
    st.session_state[f"{where}_refused"] = refused
    return accepted[:limit]


def _of_link(text: str) -> str:
    """The id in the address of a model's Hub page; other text as it is."""
    return re.sub(r"^(https?://)?(www\.)?(huggingface\.co|hf\.co)/", "", text.strip()).rstrip("/")


def say_refused(where: str) -> None:
    """Show, once, what `clean_ids` left out and why."""
    for message in st.session_state.pop(f"{where}_refused", []):
        st.warning(plain(message))


def options(first: Sequence[str]) -> list[str]:
    """All models of the registry, these first (they may be unlisted)."""
    return list(dict.fromkeys([*first, *(spec.id for spec in load_registry())]))


def label(repo_id: str) -> str:
    """The model's name as people say it; an unlisted model's id."""
    registry = load_registry()
    return registry.get(repo_id).label if repo_id in registry else repo_id


def labels(repo_ids: Sequence[str]) -> dict[str, str]:
    """Names by Hub id."""
    return {repo_id: label(repo_id) for repo_id in repo_ids}
