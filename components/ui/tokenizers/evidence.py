"""The tokenizer inspector's opening: which tokenizers, and the strategy of each with evidence."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TypeVar

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from components.errors import BasewiseError
from components.figures import percent
from components.numbers import NumberingStrategy
from components.tokenization import MAX_UPLOAD_MB
from components.ui import services
from components.ui.kit import exports, permalinks, shortlist
from components.ui.kit.feedback import show_error
from components.ui.kit.model_ids import label, labels
from components.ui.kit.text import plain
from components.ui.services import LoadedTokenizer
from components.ui.tokenizers.labels import (
    CHUNKING_LABELS,
    FACT_LABELS,
    explanation,
    why_unwritable,
)
from components.ui.tokenizers.strips import source

LIMIT = shortlist.LIMIT
T = TypeVar("T")


def load(models: list[str], uploaded: Mapping[str, LoadedTokenizer]) -> dict[str, LoadedTokenizer]:
    """The tokenizers of the shortlist and uploaded ones, at most LIMIT; errors are shown here."""
    if not models and not uploaded:
        st.info(
            "The shortlist is empty: pick models in the sidebar, type the Hub id of any other, or"
            " upload a tokenizer.json under Upload.",
            icon=":material/playlist_add:",
        )
    room = LIMIT - len(uploaded)
    if left_out := models[room:]:
        names = ", ".join(label(repo_id) for repo_id in left_out)
        st.caption(
            plain(f"At most {LIMIT} tokenizers are shown side by side: without {names}.")
            + " Take others off the shortlist to see them."
        )
    loaded = {}
    for repo_id, outcome in services.tokenizers(models[:room]).items():
        if isinstance(outcome, BasewiseError):
            show_error(outcome)
        else:
            loaded[repo_id] = outcome
    return loaded | dict(uploaded)


def say_nothing_to_show() -> None:
    """What stands in a tab that needs a tokenizer, where there is none."""
    st.caption("There is no tokenizer to show: see above.")


def upload() -> dict[str, LoadedTokenizer]:
    """A tokenizer that the visitor brings, by its file's name; none before."""
    st.markdown(
        "Any model on the Hub: type its id, organization/name, into the shortlist. Or upload a"
        " `tokenizer.json`; it is read in memory, kept for this visit to the page and shown to"
        " nobody else."
    )
    file = st.file_uploader(
        f"tokenizer.json, at most {MAX_UPLOAD_MB} MB",
        type="json",
        key="uploaded_tokenizer",
        max_upload_size=MAX_UPLOAD_MB,
    )
    if file is None:
        return {}
    try:
        # No slash: never the id of a model on the Hub.
        return {file.name.replace("/", "_")[:60]: services.uploaded_tokenizer(file.getvalue())}
    except BasewiseError as error:
        show_error(error)
        return {}


def verdicts(loaded: dict[str, LoadedTokenizer]) -> None:
    """One row per distinct way to write numbers, with the models that have it."""
    for together in alike(loaded, _behaviour):
        strategy = loaded[together[0]].strategy
        with st.container(border=True):
            st.markdown(
                f"{shortlist.marked(together)}: `{strategy.name}`,"
                f" {plain(explanation(strategy))}. {plain(_by_tokens(strategy))}",
                unsafe_allow_html=True,
            )


def alike(loaded: Mapping[str, T], behaviour: Callable[[T], Hashable]) -> list[list[str]]:
    """The tokenizers' ids by what is the same of them, in order."""
    groups: dict[Hashable, list[str]] = {}
    for repo_id, one in loaded.items():
        groups.setdefault(behaviour(one), []).append(repo_id)
    return list(groups.values())


def _behaviour(loaded: LoadedTokenizer) -> Hashable:
    strategy = loaded.strategy
    counts = tuple(strategy.tokens_per_number.items())
    return strategy.name, counts, strategy.chunking, tuple(strategy.unwritable.items())


def _by_tokens(strategy: NumberingStrategy) -> str:
    counts = ", ".join(
        f"{numbers} in {tokens}" for tokens, numbers in strategy.tokens_per_number.items()
    )
    longer = f"Longer numbers: {CHUNKING_LABELS[strategy.chunking]}."
    return f"0 to 999 by tokens: {counts}. {longer}" if counts else longer


def details(loaded: dict[str, LoadedTokenizer]) -> pd.DataFrame:
    """What each strategy is concluded from: a row per `fact`, a column per tokenizer's id."""
    facts = pd.DataFrame({id: _facts(tokenizer.strategy) for id, tokenizer in loaded.items()})
    with st.expander("The evidence, from running each tokenizer", icon=":material/science:"):
        st.table(
            pd.DataFrame(
                facts.map(plain).to_numpy(),
                index=[plain(FACT_LABELS[name]) for name in facts.index],
                columns=[plain(name) for name in labels(list(loaded)).values()],
            )
        )
        table = facts.rename_axis("fact").reset_index()
        exports.csv_button("CSV of the evidence", "numbering-evidence", lambda: table)
    return table


def report(
    loaded: dict[str, LoadedTokenizer], facts: pd.DataFrame, figures: Sequence[go.Figure]
) -> None:
    """A button for the evidence and the pictures as one HTML file."""
    sources = [f"{label(id)}: {source(id, tokenizer)}" for id, tokenizer in loaded.items()]
    address = permalinks.address()
    exports.html_button(
        "tokenizers",
        lambda: exports.html_report(
            "Basewise: how tokenizers write numbers",
            sources,
            address=address,
            figures=figures,
            tables={
                "Evidence": facts.assign(fact=facts["fact"].map(FACT_LABELS)).rename(
                    columns=labels(list(loaded))
                )
            },
        ),
    )


def _facts(strategy: NumberingStrategy) -> dict[str, str]:
    examples = "; ".join(
        f"{number} → {_joined(pieces)}" for number, pieces in strategy.long_examples.items()
    )
    bare = (
        "as in place"
        if not strategy.bare_differs
        else f"{strategy.bare_differs:,} of 1,000 differ; 999 becomes"
        f" {_joined(strategy.bare_example)}"
    )
    return {
        "one_token_share": percent(strategy.one_token_share, 1),
        "unwritable": why_unwritable(strategy.unwritable) if strategy.unwritable else "none",
        "mean_tokens": f"{strategy.mean_tokens:.2f}" if strategy.tokens_per_number else "–",
        "digit_vocabulary": f"{strategy.digit_vocabulary:,}",
        "longer_numbers": f"{CHUNKING_LABELS[strategy.chunking]}. {examples}",
        "prefix_kept": f"{strategy.prefix_kept:,} of 1,000",
        "decoded_back": f"{strategy.decoded_back:,} of 1,000",
        "spellings": "; ".join(
            f"{spelling} → {_joined(pieces)}" for spelling, pieces in strategy.spellings.items()
        ),
        "bare_number": bare,
    }


def _joined(pieces: tuple[str, ...]) -> str:
    return " | ".join(pieces)


def interpretation_note() -> None:
    """What the evidence supports, and what it does not, with sources."""
    with st.container(border=True):
        st.markdown(
            "**What this supports.** With one token per number, the next-token distribution after"
            " `Price is $` *is* the price distribution, and the training target is a single choice."
            " With one token per digit the model chooses several times, and the first digit alone"
            " leaves the size of the price open.\n\n"
            "**What it does not.** Published studies of arithmetic mostly favour single digits, or"
            " chunks from the right; they are about arithmetic. None of those below fine-tunes a"
            " model on prices, so neither way is shown to give better prices: try both."
        )
        st.caption(
            "[Singh & Strouse 2024](https://arxiv.org/abs/2402.14903): chunking numbers from the"
            " right instead of the left changes arithmetic. "
            "[Gruver et al. 2023](https://arxiv.org/abs/2310.07820): forecasting with numbers"
            " written digit by digit. "
            "[Song & Bahri 2025](https://arxiv.org/abs/2501.19383): decoders that write digits as"
            " regressors. "
            "Number Token Loss (ICML 2025): a loss that knows that 9 is near 8."
        )
