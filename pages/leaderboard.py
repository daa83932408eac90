"""Leaderboard: published scores by source, each base model beside its instruct twin."""

from components.ui.kit import shell
from components.ui.leaderboard import board, evidence

shell.open_page(shell.LEADERBOARD, None)
board.scores()
evidence.tabs()
board.reading_note()
