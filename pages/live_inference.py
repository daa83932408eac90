"""Live inference: the same product priced by several models, side by side."""

from components.ui import inference_view, shell

models = shell.open_page(
    shell.INFERENCE,
    "Give several models the same product and watch each continue “Price is \\$” greedily, one"
    " most likely token at a time.",
)
question = inference_view.ask()
chosen = inference_view.pick_models(models)
run_now = inference_view.controls(ready=question is not None and bool(chosen))
if question is not None and chosen:
    if run_now:
        inference_view.run(question, chosen)
    inference_view.results(question, chosen)
