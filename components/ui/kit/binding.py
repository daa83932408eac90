"""Widgets that show a parameter of the link, and change it."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import streamlit as st

from components.ui.kit import permalinks
from components.ui.kit.permalinks import Parameter

T = TypeVar("T")


def bound(
    widget: Callable[..., object],
    parameter: Parameter[T],
    *args: object,
    on_change: Callable[[], None] | None = None,
    rerun: str | Sequence[str] | None = None,
    **options: object,
) -> T:
    """Draw `widget(*args, **options)` bound to the parameter and the URL; the parameter's value.

    `on_change` is for a widget whose value is not simply the parameter's. `rerun` is what runs
    again after a change, as `st.rerun` takes it; otherwise what Streamlit would.
    """
    value, key = parameter.value(), parameter.widget_key
    permalinks.show(parameter)
    _tell(widget, parameter)
    take = on_change or parameter.take

    def take_and_rerun() -> None:
        typed = options.get("accept_new_options") and _was_typed(st.session_state[key])
        take()
        if st.session_state.pop(_told(parameter), False) or typed:
            st.session_state[key] = parameter.value()
        rerun_parts(rerun)

    widget(*args, key=key, on_change=take_and_rerun, **options)
    return value


class Offered(str):
    """An option of a multiselect that takes typed text too: of what was typed nothing is one."""


def _was_typed(held: object) -> bool:
    return isinstance(held, list) and not all(isinstance(text, Offered) for text in held)


def _tell(widget: Callable[..., object], parameter: Parameter[Any]) -> None:
    """Have the widget hold the parameter's value.

    A multiselect that is told what it holds forgets what is half typed into its search, so it is
    told only what it lacks. `bound` tells it again after a change of the visitor's that may have
    crossed with that, and after one that was typed: the browser shows it as it was typed.
    """
    key, value, page = parameter.widget_key, parameter.value(), permalinks.current_page()
    if widget is not st.multiselect:
        st.session_state[key] = value
        return
    # On another page it is another widget under the same key, and holds nothing yet.
    drawn = key in st.session_state and st.session_state.get(_drawn_on(parameter)) == page
    st.session_state[_drawn_on(parameter)] = page
    if not drawn or st.session_state[key] != value:
        st.session_state[key] = value
        st.session_state[_told(parameter)] = drawn


def _drawn_on(parameter: Parameter[Any]) -> str:
    return f"{parameter.name}_drawn_on"


def _told(parameter: Parameter[Any]) -> str:
    return f"{parameter.name}_told"


def rerun_parts(scope: str | Sequence[str] | None) -> None:
    """At the end of a callback: run these fragments again, or all for `app`."""
    if scope is not None:
        st.rerun(scope if isinstance(scope, str) else list(scope))
