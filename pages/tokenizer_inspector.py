"""Tokenizer inspector: how each model of the shortlist cuts text and writes numbers."""

import streamlit as st

from components.ui import cost_view, number_view, shell, strips, tokenizer_view

models = shell.open_page(
    shell.TOKENIZERS,
    "Is a price one token, or one per digit? Every answer here comes from running the real"
    " tokenizer.",
)
loaded = tokenizer_view.load(models)
if loaded:
    st.subheader("One token, or one per digit?")
    tokenizer_view.strategies(loaded)
    facts = tokenizer_view.evidence(loaded)
    st.subheader("Every number, one cell")
    atlas = number_view.atlas(loaded)
    st.subheader("What the first token decides")
    first_token = number_view.first_token(loaded)
    tokenizer_view.report(loaded, facts, [atlas, *first_token])
    tokenizer_view.fair_words()
    st.subheader("What numbers cost")
    cost_view.costs(loaded)
    st.subheader("Any text, token by token")
    strips.show_strips(loaded, strips.text_input())
st.subheader("Every tokenizer of the registry")
cost_view.registry()
