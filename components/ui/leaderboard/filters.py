"""The leaderboard page's filters and its ranking, all in the URL."""

from collections.abc import Callable

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
)
from components.ui.kit import permalinks
from components.ui.kit.permalinks import Parameter, bound
from components.ui.leaderboard.labels import FLAG_LABELS, RANKING_LABELS

_KIND = permalinks.some_of("kind", KINDS)
_MIN_B = permalinks.positive_number("min_b")
_MAX_B = permalinks.positive_number("max_b")
_SEARCH = permalinks.text("search")
_RANK_BY = permalinks.one_of("rank", RANKINGS, "average")
_MAX_WEIGHT = 5.0
_WEIGHTS = {
    name: permalinks.number_between(f"weight_{name}", 0, _MAX_WEIGHT, 1.0) for name in BENCHMARKS
}
_ORGANIZATION = permalinks.texts("org")
_LICENSE = permalinks.texts("license")
_PRECISION = permalinks.texts("precision")
_HIDE = permalinks.some_of("hide", HIDEABLE)
_RUNS = permalinks.flag("runs")
_RECORDED = permalinks.flag("recorded")
_FOLDED = (_ORGANIZATION, _LICENSE, _PRECISION, _HIDE, _RUNS, _RECORDED)
_ALL = (_KIND, _MIN_B, _MAX_B, _SEARCH, _RANK_BY, *_WEIGHTS.values(), *_FOLDED)


def draw(runs: pd.DataFrame) -> BoardQuery:
    """Draw the filters for a board of these runs; the query that they are set to."""
    _presets(runs)
    kind_column, min_column, max_column, rank_column = st.columns(
        [5, 2, 2, 3], vertical_alignment="bottom"
    )
    with kind_column:
        present = {*runs["kind"], *runs["recorded_kind"], *_KIND.value()}
        kinds = _pills("Kind", _KIND, [kind for kind in KINDS if kind in present])
    with min_column:
        smallest = _billions("At least (B)", _MIN_B)
    with max_column:
        largest = _billions("At most (B)", _MAX_B)
    with rank_column:
        rank_by = bound(
            st.selectbox,
            _RANK_BY,
            "Rank by",
            RANKINGS,
            format_func=RANKING_LABELS.__getitem__,
            help="Instruct twin: base models by their twin's average, with the instruct models"
            " that have no public base beside them. Weighted average: sliders set the benchmarks'"
            " weights.",
        )
    weights = _weights() if rank_by == "weighted" else {}
    search = bound(
        st.text_input,
        _SEARCH,
        "Search",
        placeholder="qwen2.5; gemma-2.*it$; @license:apache",
        help=SYNTAX,
    )
    count = sum(parameter.value() != parameter.default for parameter in _FOLDED)
    with st.expander(
        f"More filters ({count} set)" if count else "More filters", key="more_filters"
    ):
        org_column, license_column, precision_column = st.columns(3)
        with org_column:
            organizations = _any_of("Organisation", _ORGANIZATION, runs["organization"])
        with license_column:
            licenses = _any_of("Licence", _LICENSE, runs["license"])
        with precision_column:
            precisions = _any_of("Precision", _PRECISION, runs["precision"])
        hide_column, runs_column, recorded_column = st.columns(3, vertical_alignment="bottom")
        with hide_column:
            hide = _pills("Hide", _HIDE, list(HIDEABLE), FLAG_LABELS.__getitem__)
        with runs_column:
            every_run = bound(
                st.toggle,
                _RUNS,
                "Every run",
                help="Some models were run in several precisions, or with and without chat"
                " template. Off: of each model the run with the best average.",
            )
        with recorded_column:
            recorded = bound(
                st.toggle,
                _RECORDED,
                "Kinds as recorded",
                help="The board's own types, right or wrong, instead of the corrected ones.",
            )
    return BoardQuery(
        kinds=kinds,
        min_params_b=smallest,
        max_params_b=largest,
        organizations=organizations,
        licenses=licenses,
        precisions=precisions,
        hide=hide,
        search=search,
        every_run=every_run,
        recorded=recorded,
        rank_by=rank_by,
        weights=weights,
    )


def _presets(runs: pd.DataFrame) -> None:
    permissive = sorted(set(runs["license"].dropna()) & set(PERMISSIVE_LICENSES))
    with st.container(horizontal=True, vertical_alignment="center"):
        for limit in (3, 9, 15):
            st.button(
                f"Base ≤ {limit}B",
                key=f"preset_{limit}",
                on_click=_choose,
                args=((_KIND, ["base"]), (_MIN_B, None), (_MAX_B, float(limit))),
                help=f"Base models of at most {limit} billion parameters",
            )
        st.button(
            "Permissive licence",
            key="preset_permissive",
            on_click=_choose,
            args=((_LICENSE, permissive),),
            help=f"On this board: {', '.join(permissive) or 'none'}",
        )
        if any(parameter.value() != parameter.default for parameter in _ALL):
            st.button(
                "Reset",
                key="preset_none",
                type="tertiary",
                icon=":material/filter_alt_off:",
                on_click=_choose,
                args=tuple((parameter, parameter.default) for parameter in _ALL),
            )


def _choose(*choices: tuple[Parameter, object]) -> None:
    for parameter, value in choices:
        parameter.choose(value)


def _weights() -> dict[str, float]:
    weights = {}
    for column, (name, label) in zip(st.columns(6), BENCHMARKS.items(), strict=True):
        with column:
            weights[name] = bound(
                st.slider,
                _WEIGHTS[name],
                label,
                min_value=0.0,
                max_value=_MAX_WEIGHT,
                step=0.5,
                format="×%.1f",
            )
    if not any(weights.values()):
        st.warning(
            "All weights are zero: give at least one benchmark a weight.", icon=":material/tune:"
        )
    return weights


def _pills(
    name: str,
    parameter: Parameter[list[str]],
    choices: list[str],
    format_func: Callable[[str], str] = str,
) -> list[str]:
    return bound(
        st.pills, parameter, name, choices, selection_mode="multi", format_func=format_func
    )


def _billions(name: str, parameter: Parameter[float | None]) -> float | None:
    return bound(
        st.number_input,
        parameter,
        name,
        min_value=0.01,
        value=None,
        step=1.0,
        placeholder="any",
        help="Billions of parameters; a limit leaves out models of unknown size.",
    )


def _any_of(name: str, parameter: Parameter[list[str]], values: pd.Series) -> list[str]:
    return bound(
        st.multiselect,
        parameter,
        name,
        sorted({*values.dropna(), *parameter.value()}),
        select_all=False,
        placeholder="any",
    )
