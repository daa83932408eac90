"""The shortlist: one list of models for all pages, carried in the URL."""

from collections.abc import Sequence

import streamlit as st

from components.charts import model_styles
from components.registry import load_registry
from components.ui.kit import permalinks
from components.ui.kit.binding import bound
from components.ui.kit.model_ids import clean_ids, facts, label, options, say_refused
from components.ui.kit.text import plain

PARAMETER = "models"
LIMIT = 6
_BEFORE = "shortlist_before"

_CHOICE = permalinks.models(
    PARAMETER,
    (
        "meta-llama/Llama-3.1-8B",
        "Qwen/Qwen2.5-7B",
        "google/gemma-2-9b",
        "microsoft/Phi-3-mini-4k-instruct",
    ),
    lambda repo_ids: clean_ids(repo_ids, limit=LIMIT, where=PARAMETER),
    spell_default=True,
)


def models() -> list[str]:
    """The shortlist: Hub ids in the visitor's order, at most LIMIT."""
    return list(_CHOICE.value())


def add(repo_ids: list[str]) -> None:
    """Put models at the end of the shortlist; those on it already stay where they are."""
    _CHOICE.choose([*models(), *repo_ids])


def toggle(repo_id: str) -> None:
    """Put a model at the end of the shortlist, or take it off."""
    current = models()
    if repo_id in current:
        _change([model for model in current if model != repo_id])
    else:
        add([repo_id])


def _change(repo_ids: list[str]) -> None:
    """Choose another shortlist; what it lacks of the one before can be put back."""
    before = models()
    _CHOICE.choose(repo_ids)
    if set(before) - set(models()):
        st.session_state[_BEFORE] = before


def _undo() -> None:
    """A button that puts back what was taken off last, in its place."""
    before: list[str] = st.session_state.get(_BEFORE, [])
    current = models()
    gone = [model for model in before if model not in current]
    together = [*before, *(model for model in current if model not in before)]
    if not gone or len(together) > LIMIT:
        return
    names = f"{len(gone)} models" if len(gone) > 1 else label(gone[0])

    def put_back() -> None:
        st.session_state.pop(_BEFORE, None)
        _CHOICE.choose(together)

    st.button(plain(f"Put back {names}"), icon=":material/undo:", on_click=put_back)


def picker() -> None:
    """The shortlist's control: what it could not read, what may be meant, and what is unknown."""
    current = bound(
        st.multiselect,
        _CHOICE,
        "Shortlist",
        options=options(models()),
        format_func=label,
        accept_new_options=True,
        max_selections=LIMIT,
        select_all=False,
        on_change=lambda: _change(st.session_state[_CHOICE.widget_key]),
        placeholder="Pick a model, type a name or a Hub id",
        help="Type a part of a name in any spelling (llama-3.1), a Hub id or the address of a"
        " model's page on the Hub: any model there can be used.",
    )
    _undo()
    for repo_id in say_refused(PARAMETER):
        st.button(
            plain(label(repo_id)),
            key=f"suggested-{repo_id}",
            icon=":material/add:",
            help=plain(f"Put {repo_id} on the shortlist"),
            on_click=add,
            args=([repo_id],),
        )
    for repo_id in current:
        if facts(repo_id).known_from is None:
            similar = load_registry().suggestions(repo_id)
            hint = f" Did you mean {' or '.join(similar)}?" if similar else ""
            st.caption(
                plain(
                    f"{repo_id} is neither in the registry nor on the board: its details are"
                    f" unknown.{hint}"
                )
            )


def heading(repo_id: str) -> None:
    """The model's marker in its colour and its name, as in a chart of the shortlist with it."""
    st.markdown(marked([repo_id]), unsafe_allow_html=True)


def marked(repo_ids: Sequence[str]) -> str:
    """Markdown with HTML: each model's marker in its colour, and its name."""
    styles = model_styles([*models(), *repo_ids])
    return ", ".join(
        f'<span style="color:{styles[repo_id].color}">{styles[repo_id].symbol}</span>'
        f" **{plain(label(repo_id))}**"
        for repo_id in repo_ids
    )
