"""Leaderboard: scores of base models beside their instruct twins, in three vintages."""

from components.ui import board_view, resources, shell

models = shell.open_page(
    shell.LEADERBOARD,
    "Published scores of base models, each beside its instruct twin: the benchmarks give"
    " instructions, so the twin often shows better what the weights can do.",
)
board = resources.board(board_view.pick_vintage())
board_view.describe(board)
board_view.leaderboard(board, models)
board_view.source_note()
