"""The decision box: what a model must have, what counts, which one it is and why."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from components.review import (
    CRITERIA,
    MEMORY_USES,
    MOST_CHARACTERS,
    MOST_WEIGHT,
    Decision,
    LicenceNeed,
    MustHaves,
    Ranking,
    Verdict,
    rank,
    reasons_against,
    reasons_for,
    strike_out,
)
from components.review.record import ranking_in_words
from components.ui.kit import permalinks
from components.ui.kit.binding import bound
from components.ui.kit.text import plain
from components.ui.review.evidence import Gathered
from components.ui.review.long_text import kept_text

_LICENCES: Mapping[LicenceNeed, str] = {
    "any": "any",
    "conditions": "may be shipped",
    "permissive": "without conditions",
}
_MAX_B = permalinks.positive_number("must_b")
_LICENCE = permalinks.one_of("must_licence", list(_LICENCES), "any")
_CONTEXT = permalinks.positive_number("must_context")
_MEMORY = permalinks.positive_number("must_gb")
_WAY = permalinks.one_of("must_way", list(MEMORY_USES), "qlora")
_WEIGHTS = {
    one.key: permalinks.number_between(
        f"count_{one.key.split('@')[0]}", 0, MOST_WEIGHT, 1.0 if one.key == "after" else 0.0
    )
    for one in CRITERIA
}
_MODEL = permalinks.text("decision", longest=200)
_WHY, _AGAINST, _CHANGE = kept_text("why"), kept_text("against"), kept_text("change")
_WHO = permalinks.text("who", longest=200)
_WHEN = permalinks.text("when", longest=40)
_PICKED, _PREFILLED = "decision_picked", "decision_prefilled"


def must_haves() -> MustHaves:
    """What a model must have, as the address has it."""
    context = _CONTEXT.value()
    licence = _LICENCE.value()
    way = _WAY.value()
    return MustHaves(
        _MAX_B.value(),
        next(name for name in _LICENCES if name == licence),
        None if context is None else int(context),
        _MEMORY.value(),
        next(name for name in MEMORY_USES if name == way),
    )


def verdicts(gathered: Gathered) -> dict[str, Verdict]:
    """Which models lack a must-have, and why."""
    return strike_out(gathered.matrix, gathered.licences, must_haves())


def weights() -> dict[str, float]:
    """What counts how much, by criterion."""
    return {key: parameter.value() for key, parameter in _WEIGHTS.items()}


def ranking(gathered: Gathered, struck: Mapping[str, Verdict]) -> Ranking:
    """The models that are not struck out, by the weights."""
    left = [model for model in gathered.matrix.models if not struck[model].struck_out]
    return rank(gathered.matrix.handed_over(), left, weights())


def written() -> Decision:
    """What is written down."""
    return Decision(
        _MODEL.value() or None,
        _WHY.value(),
        _AGAINST.value(),
        _CHANGE.value(),
        _WHO.value(),
        _WHEN.value(),
        must_haves(),
        weights(),
    )


def must_have_inputs(struck: Mapping[str, Verdict], names: Mapping[str, str]) -> None:
    """The must-haves, and whom they strike out."""
    size, licence, context, memory, way = st.columns([2, 3, 2, 2, 3], vertical_alignment="bottom")
    with size:
        bound(st.number_input, _MAX_B, "At most (B)", value=None, min_value=0.0, placeholder="any")
    with licence:
        bound(
            st.selectbox,
            _LICENCE,
            "Licence",
            list(_LICENCES),
            format_func=lambda name: _LICENCES[name],
        )
    with context:
        bound(
            st.number_input,
            _CONTEXT,
            "Context at least",
            value=None,
            min_value=0.0,
            step=1024.0,
            format="%.0f",
            placeholder="any",
        )
    with memory:
        bound(
            st.number_input,
            _MEMORY,
            "Memory there is (GB)",
            value=None,
            min_value=0.0,
            placeholder="any",
        )
    with way:
        bound(
            st.selectbox,
            _WAY,
            "It must do",
            list(MEMORY_USES),
            format_func=lambda one: MEMORY_USES[one],
        )
    lines = [
        f"{names[model]}: {'; '.join(verdict.reasons)}."
        for model, verdict in struck.items()
        if verdict.struck_out
    ]
    open_lines = [
        f"{names[model]}, to be checked: {'; '.join(verdict.open)}."
        for model, verdict in struck.items()
        if verdict.open
    ]
    if lines:
        st.markdown("**Struck out.** " + plain(" ".join(lines)))
    if open_lines:
        st.caption(plain(" ".join(open_lines)))


def weight_inputs(ranked: Ranking, names: Mapping[str, str]) -> None:
    """What counts, and what comes of it: who leads, whether noise tells it, where it flips."""
    columns = st.columns(len(CRITERIA))
    for column, criterion in zip(columns, CRITERIA, strict=True):
        with column:
            bound(st.slider, _WEIGHTS[criterion.key], criterion.label, 0.0, MOST_WEIGHT, step=0.5)
    for line in ranking_in_words(ranked, weights(), names) or ["Nothing counts yet: set a weight."]:
        st.markdown(plain(line))
    st.caption(
        "Each figure is scaled from the worst of these models (0) to the best (1). What is unknown"
        " of one of them, or known to be bad, does not count."
    )


def box(gathered: Gathered, struck: Mapping[str, Verdict], ranked: Ranking) -> None:
    """The choice and its words, all of it in the address."""
    names = gathered.matrix.names
    if _MODEL.value() and _MODEL.value() not in names:
        st.warning(
            plain(f"{_MODEL.value()}, which this decision is for, is not on the shortlist."),
            icon=":material/playlist_remove:",
        )
    options = ["", *gathered.matrix.models]
    options += [_MODEL.value()] if _MODEL.value() not in options else []
    pick, who, when = st.columns([2, 2, 1])
    with pick:
        chosen = bound(
            st.selectbox,
            _MODEL,
            "The model",
            options,
            format_func=lambda model: names.get(model, model) if model else "not decided",
            on_change=_take_model,
        )
    with who:
        bound(st.text_input, _WHO, "Who decides", max_chars=200)
    with when:
        bound(st.text_input, _WHEN, "When", max_chars=40, placeholder="2026-11-29")
    if chosen in names:
        _warnings(chosen, names, struck, ranked)
        if st.session_state.pop(_PICKED, False):
            _prefill(gathered, chosen, ranked)
    _words()


def _prefill(gathered: Gathered, chosen: str, ranked: Ranking) -> None:
    """Sentences from the evidence, where there are no words of the visitor's."""
    matrix, license = gathered.matrix.handed_over(), gathered.licences[chosen]
    found = {
        _WHY: reasons_for(matrix, chosen, license),
        _AGAINST: reasons_against(matrix, chosen, license, ranked),
    }
    earlier = st.session_state.get(_PREFILLED, ())
    for parameter, text in found.items():
        if parameter.value() in ("", *earlier):
            parameter.choose(text[:MOST_CHARACTERS])
    st.session_state[_PREFILLED] = tuple(parameter.value() for parameter in found)


def _warnings(
    chosen: str, names: Mapping[str, str], struck: Mapping[str, Verdict], ranked: Ranking
) -> None:
    if struck[chosen].struck_out:
        st.warning(
            plain(f"{names[chosen]} lacks a must-have: {'; '.join(struck[chosen].reasons)}."),
            icon=":material/block:",
        )
    elif ranked.leader == chosen and ranked.tied:
        tied = ", ".join(names[model] for model in ranked.tied)
        st.info(
            plain(f"By these weights {names[chosen]} leads within noise: not told from {tied}."),
            icon=":material/balance:",
        )
    elif ranked.leader not in (None, chosen):
        leader = names[ranked.leader or ""]
        noise = " within noise" if chosen in ranked.tied else ""
        st.info(plain(f"By these weights {leader} leads{noise}."), icon=":material/balance:")


def _words() -> None:
    why, against, change = st.columns(3)
    for column, parameter, label, hint in (
        (why, _WHY, "Why", "Pick a model: sentences from the evidence to start from."),
        (against, _AGAINST, "What speaks against it", "Worse figures, caveats, what is unknown."),
        (change, _CHANGE, "What would change it", "Which figure, measured how, would flip it?"),
    ):
        with column:
            bound(
                st.text_area,
                parameter,
                label,
                height=220,
                max_chars=MOST_CHARACTERS,
                placeholder=hint,
            )


def _take_model() -> None:
    st.session_state[_PICKED] = True
    _MODEL.choose(st.session_state[_MODEL.widget_key])


def in_address() -> None:
    """Say that all this belongs to the address, wherever its widgets are drawn."""
    permalinks.show(_MAX_B, _LICENCE, _CONTEXT, _MEMORY, _WAY, *_WEIGHTS.values())
    permalinks.show(_MODEL, _WHY, _AGAINST, _CHANGE, _WHO, _WHEN)
