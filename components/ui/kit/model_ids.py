"""Hub ids that visitors type or links carry: cleaned, and why the others are refused."""

import re
from collections import Counter
from collections.abc import Sequence

import streamlit as st

from components.errors import UnknownModelError
from components.registry import load_registry
from components.ui.kit.text import plain


def clean_ids(repo_ids: Sequence[str], *, limit: int, where: str) -> list[str]:
    """The registry's ids of these models, each once, at most `limit`.

    Why others are left out is stored for `say_refused(where)`.
    """
    registry = load_registry()
    accepted: list[str] = []
    refused: list[str] = []
    for repo_id in repo_ids:
        try:
            accepted.append(registry.resolve(_id_in_address(repo_id)).id)
        except UnknownModelError as error:
            refused.append(str(error))
    accepted = list(dict.fromkeys(accepted))
    if left_out := accepted[limit:]:
        refused.append(f"At most {limit} models fit in here: {', '.join(left_out)} left out.")
    st.session_state[f"{where}_refused"] = refused
    return accepted[:limit]


def _id_in_address(text: str) -> str:
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
    """The model's short name; the id of a model that the registry does not list."""
    registry = load_registry()
    return registry.get(repo_id).label if repo_id in registry else repo_id


def labels(repo_ids: Sequence[str]) -> dict[str, str]:
    """Short names by Hub id; where two models have the same, each with its id."""
    names = {repo_id: label(repo_id) for repo_id in repo_ids}
    count = Counter(names.values())
    return {
        repo_id: f"{name} ({repo_id})" if count[name] > 1 else name
        for repo_id, name in names.items()
    }
