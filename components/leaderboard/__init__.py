"""The leaderboard as a tidy frame: vintages, live board, twins, filters."""

from components.leaderboard.board import (
    BENCHMARKS,
    HIDEABLE,
    KINDS,
    LIVE,
    PERMISSIVE_LICENSES,
    VINTAGE_LABELS,
    VINTAGES,
    as_recorded,
    filter_board,
    load_board,
    one_run_per_model,
    read_corrections,
)
from components.leaderboard.frontier import pareto_frontier
from components.leaderboard.live import LiveBoard, load_live_board, read_board
from components.leaderboard.movement import movement
from components.leaderboard.numbering import families, family_strategy
from components.leaderboard.query import RANKINGS, BoardQuery, answer, weighted_average
from components.leaderboard.search import SYNTAX, search
from components.leaderboard.twins import shortlist_scores, twins, with_twins, without_public_base
from components.leaderboard.validity import BADGES, with_badges

__all__ = [
    "BADGES",
    "BENCHMARKS",
    "HIDEABLE",
    "KINDS",
    "LIVE",
    "PERMISSIVE_LICENSES",
    "RANKINGS",
    "SYNTAX",
    "VINTAGES",
    "VINTAGE_LABELS",
    "BoardQuery",
    "LiveBoard",
    "answer",
    "as_recorded",
    "families",
    "family_strategy",
    "filter_board",
    "load_board",
    "load_live_board",
    "movement",
    "one_run_per_model",
    "pareto_frontier",
    "read_board",
    "read_corrections",
    "search",
    "shortlist_scores",
    "twins",
    "weighted_average",
    "with_badges",
    "with_twins",
    "without_public_base",
]
