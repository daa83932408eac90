"""The tokenizer inspector's parts."""

import streamlit as st

from components.charts import NamedAtlas, atlas_heatmaps
from components.errors import BasewiseError
from components.tokenization import PREFIX
from components.ui import permalinks, resources, shell, shortlist, strips
from components.ui.feedback import show_error
from components.ui.model_ids import label
from components.ui.resources import LoadedTokenizer

_IDS = permalinks.flag("ids")

EXPLANATIONS = {
    "whole-number": "every number from 0 to 999 is one token",
    "per-digit": "one token per digit",
    "irregular": "some numbers are one token, others several",
}


def load(models: list[str]) -> dict[str, LoadedTokenizer]:
    """The tokenizers of the shortlist; those that can't be had are explained here."""
    if not models:
        st.info(
            "The shortlist is empty: pick models in the sidebar.", icon=":material/playlist_add:"
        )
    loaded = {}
    for repo_id in models:
        try:
            loaded[repo_id] = resources.tokenizer(repo_id)
        except BasewiseError as error:
            show_error(error)
    return loaded


def strategies(loaded: dict[str, LoadedTokenizer]) -> None:
    """One card per tokenizer: its numbering strategy, found by running all thousand."""
    for start in range(0, len(loaded), 4):
        columns = st.columns(4)
        group = list(loaded.items())[start : start + 4]
        for column, (repo_id, tokenizer) in zip(columns, group, strict=False):
            with column, st.container(border=True, height="stretch"):
                shortlist.heading(repo_id)
                strategy_lines(tokenizer)


def strategy_lines(loaded: LoadedTokenizer) -> None:
    """The strategy and its evidence, in the width of a card."""
    strategy = loaded.strategy
    st.markdown(f"`{strategy.name}`: {EXPLANATIONS[strategy.name]}")
    counts = ", ".join(
        f"{numbers} in {tokens}" for tokens, numbers in strategy.tokens_per_number.items()
    )
    st.caption(
        f"0 to 999 by tokens: {counts}. {strategy.digit_vocabulary:,} entries of the vocabulary are"
        " digits only."
    )


def show_strips(loaded: dict[str, LoadedTokenizer], text: str) -> None:
    """The text as each tokenizer cuts it, two side by side."""
    with_ids = _IDS.show()
    st.toggle("Token ids", key=_IDS.widget_key, on_change=_IDS.take)
    items = list(loaded.items())
    for start in range(0, len(items), 2):
        columns = st.columns(2)
        for column, (repo_id, tokenizer) in zip(columns, items[start : start + 2], strict=False):
            with column, st.container(border=True, height="stretch"):
                strips.show_strip(repo_id, tokenizer, text, with_ids=with_ids)


def atlas(loaded: dict[str, LoadedTokenizer]) -> None:
    """The heatmaps of 0 to 999."""
    named = [
        NamedAtlas(
            label(repo_id),
            tokenizer.atlas,
            f"{tokenizer.strategy.name}, {tokenizer.strategy.mean_tokens:.2f} tokens per number"
            f"<br>{strips.source(repo_id, tokenizer)}",
        )
        for repo_id, tokenizer in loaded.items()
    ]
    shell.chart(
        atlas_heatmaps(named, prefix=PREFIX, theme=shell.theme()),
        name="number-atlas",
        alt="Heatmaps of how many tokens each number from 0 to 999 takes, one per tokenizer",
    )
