"""Review: the shortlist's evidence side by side."""

from components.ui import board_view, resources, review_view, shell

models = shell.open_page(
    shell.HOME,
    "The evidence on the shortlisted models, side by side: published scores, how numbers are"
    " written, what was predicted.",
)
review_view.links()
board = resources.board(board_view.pick_vintage())
board_view.describe(board)
review_view.cards(models, board)
if models:
    review_view.score_chart(models, board)
