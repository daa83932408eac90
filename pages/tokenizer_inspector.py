"""Tokenizer inspector: how each model of the shortlist cuts text and writes numbers."""

import streamlit as st

from components.ui import shell, strips, tokenizer_view

models = shell.open_page(
    shell.TOKENIZERS,
    "Is a price one token, or one per digit? Every answer here comes from running the real"
    " tokenizer.",
)
loaded = tokenizer_view.load(models)
if loaded:
    st.subheader("How numbers are written")
    tokenizer_view.strategies(loaded)
    tokenizer_view.atlas(loaded)
    st.subheader("Any text, token by token")
    tokenizer_view.show_strips(loaded, strips.text_input())
