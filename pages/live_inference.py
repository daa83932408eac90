"""Live inference: what several models believe the same product costs, side by side."""

from components.ui.inference import inputs, results, run
from components.ui.kit import shell
from components.ui.kit.inference_settings import pick_settings

models = shell.open_page(
    shell.INFERENCE,
    "Give several models the same product and see how probable each price from \\$0 to \\$999 is as"
    " what follows “Price is \\$”: the whole distribution, not one continuation.",
)
question = inputs.ask()
settings = pick_settings()
chosen = inputs.pick_models(models, settings.precision)
at_work = run.controls(question, chosen, inputs.wanted(models), settings)
if question is not None:
    if chosen:
        results.answers(question, chosen, settings, as_at_work=at_work)
    else:
        results.example(question, settings)
shell.keep_visitor()
