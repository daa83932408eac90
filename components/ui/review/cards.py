"""The home page's parts: the shortlist's evidence side by side."""

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd
import streamlit as st

from components.charts import twin_dumbbells
from components.errors import BasewiseError
from components.leaderboard import VINTAGE_LABELS, shortlist_scores, without_public_base
from components.pricing import describe_actual
from components.registry import load_registry
from components.ui import run_services, services
from components.ui.inference import outcomes
from components.ui.kit import shell, shortlist
from components.ui.kit.feedback import show_error
from components.ui.kit.model_ids import facts, labels
from components.ui.kit.text import day, plain
from components.ui.leaderboard.labels import caveat_note, twin_caveats
from components.ui.services import Board
from components.ui.tokenizers.evidence import strategy_lines
from components.ui.tokenizers.strips import source

_PER_ROW = 4


def evidence_cards(models: list[str], board: Board) -> None:
    """One card per model; scores are shown at once, tokenizers as they load."""
    if not models:
        st.info(
            "The shortlist is empty. Pick models in the sidebar, or on the leaderboard.",
            icon=":material/playlist_add:",
        )
        return
    rows = shortlist_scores(board.runs, models).to_dict("records")
    scores = {row["model"]: row for row in rows}
    slots = {}
    for start in range(0, len(models), _PER_ROW):
        columns = st.columns(_PER_ROW)
        for column, repo_id in zip(columns, models[start : start + _PER_ROW], strict=False):
            with column, st.container(border=True, height="stretch"):
                _identity(repo_id)
                _scores(repo_id, scores[repo_id])
                slots[repo_id] = st.container()
                _price_error(repo_id)
                _prediction(repo_id)
    for repo_id, slot in slots.items():
        with slot:
            _numbers(repo_id)


def _identity(repo_id: str) -> None:
    known = facts(repo_id)
    size = f"{known.params_b:.3g}B parameters" if known.params_b else "size unknown"
    told = [known.kind or "kind unknown", size, f"licence {known.license or 'unknown'}"]
    shortlist.heading(repo_id)
    st.caption(f"{plain(repo_id)}  \n{plain(', '.join(told))}")


def _scores(repo_id: str, row: Mapping[Hashable, Any]) -> None:
    average_column, twin_column = st.columns(2)
    average_column.metric("Average", _score(row["average"]))
    uplift = row["twin_average"] - row["average"]
    twin_column.metric(
        "Twin's",
        _score(row["twin_average"]),
        delta=f"{uplift:+.2f}" if pd.notna(uplift) else None,
        help=plain(row["twin"] if isinstance(row["twin"], str) else _why_no_twin(repo_id)),
    )
    own = caveat_note(row["caveats"], row["better_average"], row["better_vintage"])
    twins = caveat_note(row["twin_caveats"], row["twin_better_average"], row["twin_better_vintage"])
    for whose, note in (("Its score", own), ("The twin's", twins)):
        if note:
            st.caption(f":material/warning: {plain(f'{whose}: {note}.')}")


def _why_no_twin(repo_id: str) -> str:
    registry = load_registry()
    spec = registry.resolve(repo_id)
    if facts(repo_id).kind != "instruct":
        return "No instruct twin is known."
    base = registry.base_of(spec)
    if base is not None:
        return f"An instruct model itself; its base is {base.id}."
    known = "has no public base" if spec.id in without_public_base() else "its base is not known"
    return f"An instruct model itself; {known}."


def _score(value: float) -> str:
    return f"{value:.2f}" if pd.notna(value) else "–"


def _numbers(repo_id: str) -> None:
    try:
        loaded = services.tokenizer(repo_id)
    except BasewiseError as error:
        st.markdown("Numbers: unknown, the tokenizer could not be loaded.")
        with st.popover("Why"):
            show_error(error)
        return
    strategy_lines(loaded)
    per_price = loaded.tokens_per_price
    if pd.notna(per_price):
        st.markdown(f"**{per_price:.2f}** tokens per catalogue price in whole dollars")
    else:
        st.markdown("**–** tokens per catalogue price: some can't be written")
    st.caption(plain(f"Tokenizer: {source(repo_id, loaded)}"))


def _price_error(repo_id: str) -> None:
    """How far off the model's median price is over many products, from its newest run."""
    try:
        found = run_services.newest_error(repo_id)
    except BasewiseError as error:
        st.markdown("Price error: unknown, the recorded runs can't be read.")
        with st.popover("Why", key=f"why-no-runs-{repo_id}"):
            show_error(error)
        return
    if found is None:
        st.caption("Price error: in no recorded run yet. Evaluation measures it.")
        return
    error = found.error
    st.markdown(
        plain(f"${error.value:,.0f}").join(("**", "** mean absolute error of the median price"))
    )
    st.caption(
        plain(
            f"95 %: ${error.low:,.0f} to ${error.high:,.0f}, over {found.rows:,} rows of"
            f" {found.run.label}, {day(found.run.created)}, run {found.run.id[:8]}"
        )
    )


def _prediction(repo_id: str) -> None:
    latest = outcomes.latest(repo_id)
    if latest is None:
        st.caption("No prediction in this visit.")
        return
    if latest.error is not None:
        st.caption("The latest prediction failed: see Live inference.")
        return
    if latest.prediction is None:
        st.caption("The latest prediction was stopped.")
        return
    distribution = latest.prediction.distribution
    if not distribution.probabilities.any():
        price = "no price"
    else:
        low, high = distribution.interval(0.8)
        price = (
            f"${distribution.median:,.0f} (median; 80 % ${low:,.0f} to ${high:,.0f}; given a price"
            f" to $999, {distribution.probabilities.sum():.0%} of the probability)"
        )
    st.caption(plain(f"Latest prediction: {price} for {latest.title}{_actual(latest)}"))


def _actual(outcome: outcomes.Outcome) -> str:
    actual = outcome.item.actual
    if actual is None:
        return ""
    remark = describe_actual(actual)
    return f". {remark}" if remark else f", actual ${actual:,.2f}"


def score_chart(models: list[str], board: Board) -> None:
    """The averages as a picture."""
    scores = shortlist_scores(board.runs, models)
    if scores[["average", "twin_average"]].isna().to_numpy().all():
        st.info("None of these models is on the board.", icon=":material/search_off:")
        return
    shell.chart(
        twin_dumbbells(
            scores.assign(twin_note=twin_caveats(scores)),
            labels(models),
            vintage=VINTAGE_LABELS[board.vintage],
            theme=shell.theme(),
        ),
        name="twins",
        alt="Average score of each shortlisted model joined to its instruct twin's",
    )


def links() -> None:
    """Links to the pages that show each kind of evidence in full."""
    columns = st.columns(3)
    with columns[0]:
        shell.link(shell.LEADERBOARD, "Compare scores on the leaderboard")
    with columns[1]:
        shell.link(shell.TOKENIZERS, "See how numbers are tokenized")
    with columns[2]:
        shell.link(shell.INFERENCE, "Let models price a product")
