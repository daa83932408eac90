"""Live inference: what several models believe the same product costs, side by side."""

from components.ui import inference_inputs, inference_results, inference_run, shell

models = shell.open_page(
    shell.INFERENCE,
    "Give several models the same product and see how probable each price from \\$0 to \\$999 is as"
    " what follows “Price is \\$”: the whole distribution, not one continuation.",
)
question = inference_inputs.ask()
chosen = inference_inputs.pick_models(models)
way = inference_inputs.pick_way()
run_now = inference_run.controls(ready=question is not None and bool(chosen))
if question is not None and chosen:
    if run_now:
        inference_run.run(question, chosen, way)
    inference_results.results(question, chosen, way)
