"""Review: the shortlist's evidence side by side."""

from components.ui import review_view, shell

models = shell.open_page(
    shell.HOME,
    "The evidence on the shortlisted models, side by side: published scores, how numbers are"
    " written, what was predicted.",
)
review_view.links()
vintage = review_view.pick_vintage()
review_view.cards(models, vintage)
if models:
    review_view.score_chart(models, vintage)
