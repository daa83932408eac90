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
from components.leaderboard.caveats import CAVEATS, Caveat, with_caveats
from components.leaderboard.frontier import pareto_frontier
from components.leaderboard.live import LiveBoard, load_live_board, read_board
from components.leaderboard.movement import MoveReason, compare_vintages
from components.leaderboard.numbering import families, family_strategy
from components.leaderboard.query import RANKINGS, BoardQuery, answer, weighted_average
from components.leaderboard.search import SYNTAX, search_board
from components.leaderboard.twins import (
    instruct_twins,
    shortlist_scores,
    with_twins,
    without_public_base,
)

__all__ = [
    "BENCHMARKS",
    "CAVEATS",
    "HIDEABLE",
    "KINDS",
    "LIVE",
    "PERMISSIVE_LICENSES",
    "RANKINGS",
    "SYNTAX",
    "VINTAGES",
    "VINTAGE_LABELS",
    "BoardQuery",
    "Caveat",
    "LiveBoard",
    "MoveReason",
    "answer",
    "as_recorded",
    "compare_vintages",
    "families",
    "family_strategy",
    "filter_board",
    "instruct_twins",
    "load_board",
    "load_live_board",
    "one_run_per_model",
    "pareto_frontier",
    "read_board",
    "read_corrections",
    "search_board",
    "shortlist_scores",
    "weighted_average",
    "with_caveats",
    "with_twins",
    "without_public_base",
]
