"""Evaluation: several models on many products, recorded, with intervals."""

import streamlit as st

from components.ui.evaluation import results, runs, setup
from components.ui.kit import shell

models = shell.open_page(
    shell.EVALUATION,
    "One product is an anecdote. Run several models on many products whose price is known, keep"
    " every distribution, and see which differences the rows tell apart.",
)
with st.expander("New run", icon=":material/add:"):
    plan = setup.pick_plan(models)
    runs.start_button(plan)
run = runs.pick_run()
if run is not None:
    runs.progress(run)
    results.run_results(run)
with st.expander("Bring in a run that was computed elsewhere", icon=":material/database_upload:"):
    runs.importer()
shell.keep_visitor()
