"""Review: the shortlist's evidence side by side, and the decision."""

from components.ui.kit import shell
from components.ui.review import page

models = shell.open_page(
    shell.HOME,
    "Which open base model should we fine-tune? Basewise lays out the evidence, and writes the"
    " choice down.",
)
page.review(models)
