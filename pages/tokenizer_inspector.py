"""Tokenizer inspector: how each model of the shortlist cuts text and writes numbers."""

import streamlit as st

from components.ui.kit import shell
from components.ui.tokenizers import atlas, costs, evidence, strips

models = shell.open_page(
    shell.TOKENIZERS,
    "Is a price one token, or one per digit? Every answer here comes from running the real"
    " tokenizer.",
)
loaded = evidence.load(models)
if loaded:
    st.subheader("One token, or one per digit?")
    evidence.strategies(loaded)
    facts = evidence.details(loaded)
    st.subheader("Every number, one cell")
    heatmaps = atlas.number_heatmaps(loaded)
    st.subheader("What the first token decides")
    first_token = atlas.first_token(loaded)
    evidence.report(loaded, facts, [*heatmaps, *first_token])
    evidence.interpretation_note()
    st.subheader("What numbers cost")
    costs.number_costs(loaded)
    st.subheader("Any text, token by token")
    strips.show_strips(loaded, strips.text_input())
st.subheader("Every tokenizer of the registry")
costs.registry()
