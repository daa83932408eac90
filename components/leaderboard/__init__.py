"""The leaderboard as a tidy frame: vintages, live board, twins, filters."""

from components.leaderboard.board import (
    BENCHMARKS,
    KINDS,
    LIVE,
    VINTAGE_LABELS,
    VINTAGES,
    filter_board,
    load_board,
    one_run_per_model,
    read_corrections,
)
from components.leaderboard.live import LiveBoard, load_live_board, read_board
from components.leaderboard.twins import shortlist_scores, twins, with_twins

__all__ = [
    "BENCHMARKS",
    "KINDS",
    "LIVE",
    "VINTAGES",
    "VINTAGE_LABELS",
    "LiveBoard",
    "filter_board",
    "load_board",
    "load_live_board",
    "one_run_per_model",
    "read_board",
    "read_corrections",
    "shortlist_scores",
    "twins",
    "with_twins",
]
