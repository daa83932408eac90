"""Leaderboard: scores of base models beside their instruct twins, in three vintages."""

from components.ui import services
from components.ui.kit import shell
from components.ui.leaderboard import board as view

models = shell.open_page(
    shell.LEADERBOARD,
    "Published scores of base models, each beside its instruct twin: the benchmarks give"
    " instructions, so the twin often shows better what the weights can do.",
)
board = services.board(view.pick_vintage())
view.describe(board)
view.filtered_board(board, models)
view.source_note()
