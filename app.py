"""Review: the shortlist's evidence side by side."""

from components.ui import services
from components.ui.kit import shell
from components.ui.leaderboard import board as board_view
from components.ui.review import cards

models = shell.open_page(
    shell.HOME,
    "The evidence on the shortlisted models, side by side: published scores, how numbers are"
    " written, what was predicted.",
)
cards.links()
board = services.board(board_view.pick_vintage())
board_view.describe(board)
cards.evidence_cards(models, board)
if models:
    cards.score_chart(models, board)
