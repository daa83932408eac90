"""Tokenizer inspector: how each model of the shortlist cuts text and writes numbers."""

import streamlit as st

from components.ui.kit import shell
from components.ui.tokenizers import atlas, costs, evidence, strips

models = shell.open_page(
    shell.TOKENIZERS,
    "Is a price one token, or one per digit? Every answer here comes from running the real"
    " tokenizer.",
)
above = st.container()
numbers, first_token, cost, registry, upload = st.tabs(
    ["Numbers", "First token", "Cost", "All tokenizers", "Upload"]
)
with upload:
    uploaded = evidence.upload()
with above:
    loaded = evidence.load(models, uploaded)
if loaded:
    with above:
        strips.text_by_token(loaded)
        st.subheader("One token, or one per digit?")
        evidence.verdicts(loaded)
    with numbers:
        heatmaps = atlas.number_heatmaps(loaded)
        facts = evidence.details(loaded)
    with first_token:
        first_tokens = atlas.first_token(loaded)
    with numbers:
        evidence.report(loaded, facts, [*heatmaps, *first_tokens])
        evidence.interpretation_note()
    with cost:
        costs.number_costs(loaded)
else:
    for tab in (numbers, first_token, cost):
        with tab:
            evidence.say_nothing_to_show()
with registry:
    costs.registry()
