"""The leaderboard page's toolbar: search, filters and ranking, all in the URL."""

from collections.abc import Sequence
from functools import partial

import pandas as pd
import streamlit as st

from components.leaderboard import (
    BENCHMARKS,
    HIDEABLE,
    KINDS,
    PERMISSIVE_LICENSES,
    RANKINGS,
    SYNTAX,
    BoardQuery,
    count_instruct_without_base,
)
from components.ui.kit import binding, permalinks
from components.ui.kit.permalinks import Parameter
from components.ui.leaderboard.labels import FLAG_LABELS, RANKING_LABELS

# The fragments of the page that follow a filter: the table at once, then the charts.
FOLLOW = ("board", "evidence")
SIZES = (3.0, 9.0, 15.0)
_FIRST_KINDS = ("base", "instruct")
_MAX_WEIGHT = 5.0

KIND = permalinks.some_of("kind", KINDS)
MIN_B = permalinks.positive_number("min_b")
MAX_B = permalinks.positive_number("max_b")
SEARCH = permalinks.text("search")
_RANK_BY = permalinks.one_of("rank", RANKINGS, "average")
_WEIGHTS = {
    name: permalinks.number_between(f"weight_{name}", 0, _MAX_WEIGHT, 1.0) for name in BENCHMARKS
}
_ORGANIZATION = permalinks.texts("org")
_LICENSE = permalinks.texts("license")
_PRECISION = permalinks.texts("precision")
_HIDE = permalinks.some_of("hide", HIDEABLE)
_RUNS = permalinks.flag("runs")
_RECORDED = permalinks.flag("recorded")
_WITHOUT_BASE = permalinks.flag("without_base")
_FOLDED = (MIN_B, _ORGANIZATION, _LICENSE, _PRECISION, _HIDE, _RUNS, _RECORDED)
_ALL: tuple[Parameter, ...] = (
    *(KIND, MAX_B, SEARCH, _RANK_BY, _WITHOUT_BASE),
    *_WEIGHTS.values(),
    *_FOLDED,
)

bound = partial(binding.bound, rerun=FOLLOW)


def query() -> BoardQuery:
    """What the filters are set to."""
    rank_by = _RANK_BY.value()
    weighted = {name: weight.value() for name, weight in _WEIGHTS.items()}
    return BoardQuery(
        kinds=KIND.value(),
        min_params_b=MIN_B.value(),
        max_params_b=MAX_B.value(),
        organizations=_ORGANIZATION.value(),
        licenses=_LICENSE.value(),
        precisions=_PRECISION.value(),
        hide=_HIDE.value(),
        search=SEARCH.value(),
        every_run=_RUNS.value(),
        recorded=_RECORDED.value(),
        instruct_without_base=_WITHOUT_BASE.value(),
        rank_by=rank_by,
        weights=weighted if rank_by == "weighted" else {},
    )


def search_box(help_text: str = SYNTAX) -> None:
    """The search."""
    bound(
        st.text_input,
        SEARCH,
        "Search",
        placeholder="Search, e.g. qwen2.5",
        help=help_text,
        label_visibility="collapsed",
        icon=":material/search:",
        width=190,
    )


def size_presets() -> None:
    """Models of at most so many parameters, one click each."""
    permalinks.show(MAX_B)
    st.session_state["size_widget"] = MAX_B.value() if MAX_B.value() in SIZES else None
    st.segmented_control(
        "Size",
        SIZES,
        key="size_widget",
        format_func=lambda size: f"≤ {size:g}B",
        on_change=_choose_size,
        label_visibility="collapsed",
        help="Billions of parameters; a limit leaves out models of unknown size.",
    )


def _choose_size() -> None:
    MAX_B.choose(st.session_state["size_widget"])
    binding.rerun_parts(FOLLOW)


def kind_pills(kinds: Sequence[str], key: str = "kinds_widget") -> None:
    """Some of the kinds; those that stand elsewhere keep their state."""
    permalinks.show(KIND)
    st.session_state[key] = [kind for kind in KIND.value() if kind in kinds]
    st.segmented_control(
        "Kind",
        kinds,
        key=key,
        selection_mode="multi",
        on_change=_choose_kinds,
        args=(kinds, key),
        label_visibility="collapsed",
    )


def _choose_kinds(kinds: Sequence[str], key: str) -> None:
    chosen = {*st.session_state[key], *(kind for kind in KIND.value() if kind not in kinds)}
    KIND.choose([kind for kind in KINDS if kind in chosen])
    binding.rerun_parts(FOLLOW)


def draw(prepared: pd.DataFrame) -> None:
    """The toolbar for a board as `prepare` gives it, in one row where the screen has room."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="toolbar"):
        search_box()
        size_presets()
        kind_pills(_FIRST_KINDS)
        bound(
            st.selectbox,
            _RANK_BY,
            "Rank by",
            RANKINGS,
            format_func=lambda name: f"by {RANKING_LABELS[name]}",
            label_visibility="collapsed",
            width=180,
        )
        count = sum(parameter.value() != parameter.default for parameter in _FOLDED)
        permalinks.show(*_FOLDED)
        folded = st.popover(
            f"More filters ({count})" if count else "More filters",
            icon=":material/filter_alt:",
            key="more_filters",
            on_change="rerun",  # they name every organisation: drawn only where they are seen
        )
        if folded.open:
            with folded:
                _folded(prepared)
        reset_button(*_ALL)
        asked = query()
        added = count_instruct_without_base(prepared, asked)
        if added:
            bound(
                st.toggle,
                _WITHOUT_BASE,
                f"with {added} instruct models without a public base",
                help="They stand for themselves by their own score, tinted: there is no base"
                " model to fine-tune from.",
            )
    if _RANK_BY.value() == "weighted":
        _weights()


def reset_button(*parameters: Parameter) -> None:
    """A button that takes these filters back, where one of them is set."""
    if any(parameter.value() != parameter.default for parameter in parameters):
        st.button(
            "Reset",
            key="preset_none",
            type="tertiary",
            icon=":material/filter_alt_off:",
            on_click=_choose,
            args=tuple((parameter, parameter.default) for parameter in parameters),
        )


def _folded(runs: pd.DataFrame) -> None:
    """What is set less often."""
    present = {*runs["kind"], *runs["recorded_kind"], *KIND.value()}
    others = [kind for kind in KINDS if kind in present and kind not in _FIRST_KINDS]
    if others:
        kind_pills(others, key="other_kinds_widget")
    smallest, largest = st.columns(2)
    with smallest:
        _billions("At least (B)", MIN_B)
    with largest:
        _billions("At most (B)", MAX_B)
    _any_of("Organisation", _ORGANIZATION, runs["organization"])
    _any_of("Licence", _LICENSE, runs["license"])
    permissive = sorted(set(runs["license"].dropna()) & set(PERMISSIVE_LICENSES))
    st.button(
        "Permissive licences",
        key="preset_permissive",
        on_click=_choose,
        args=((_LICENSE, permissive),),
        help=f"On this board: {', '.join(permissive) or 'none'}",
    )
    _any_of("Precision", _PRECISION, runs["precision"])
    bound(
        st.pills,
        _HIDE,
        "Hide",
        list(HIDEABLE),
        selection_mode="multi",
        format_func=FLAG_LABELS.__getitem__,
    )
    bound(
        st.toggle,
        _RUNS,
        "Every run",
        help="Some models were run in several precisions, or with and without chat template."
        " Off: of each model the run with the best average.",
    )
    bound(
        st.toggle,
        _RECORDED,
        "Kinds as recorded",
        help="The board's own types, right or wrong, instead of the corrected ones.",
    )


def _choose(*choices: tuple[Parameter, object]) -> None:
    for parameter, value in choices:
        parameter.choose(value)
    binding.rerun_parts(FOLLOW)


def _weights() -> None:
    for column, (name, label) in zip(st.columns(6), BENCHMARKS.items(), strict=True):
        with column:
            bound(
                st.slider,
                _WEIGHTS[name],
                label,
                min_value=0.0,
                max_value=_MAX_WEIGHT,
                step=0.5,
                format="×%.1f",
            )
    if not any(weight.value() for weight in _WEIGHTS.values()):
        st.warning(
            "All weights are zero: give at least one benchmark a weight.", icon=":material/tune:"
        )


def _billions(name: str, parameter: Parameter[float | None]) -> None:
    bound(
        st.number_input,
        parameter,
        name,
        min_value=0.01,
        value=None,
        step=1.0,
        placeholder="any",
        help="Billions of parameters; a limit leaves out models of unknown size.",
    )


def _any_of(name: str, parameter: Parameter[list[str]], values: pd.Series) -> None:
    bound(
        st.multiselect,
        parameter,
        name,
        sorted({*values.dropna(), *parameter.value()}),
        select_all=False,
        placeholder="any",
    )
