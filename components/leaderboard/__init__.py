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
from components.leaderboard.finetuning import (
    StartComparison,
    base_and_instruct,
    before_and_after,
    compare_starts,
    pair_records,
    rank_agreement,
)
from components.leaderboard.frontier import pareto_frontier
from components.leaderboard.live import LiveBoard, load_live_board, read_board
from components.leaderboard.movement import movement
from components.leaderboard.numbering import families, family_strategy
from components.leaderboard.prediction import (
    PREDICTORS,
    predictor_differences,
    predictor_values,
    predictors,
)
from components.leaderboard.query import RANKINGS, BoardQuery, answer, weighted_average
from components.leaderboard.resolution import (
    NoiseCount,
    Resolution,
    board_stderr,
    mean_scores,
    noise_counts,
    pairwise,
    resolution_of,
    tied_with_best,
)
from components.leaderboard.search import SYNTAX, search
from components.leaderboard.shortlist import VIEWS, View, order_by_view, where_scored
from components.leaderboard.sources import SOURCES, Source, load_scores
from components.leaderboard.twins import shortlist_scores, twins, with_twins, without_public_base
from components.leaderboard.validity import BADGES, with_badges

__all__ = [
    "BADGES",
    "BENCHMARKS",
    "HIDEABLE",
    "KINDS",
    "LIVE",
    "PERMISSIVE_LICENSES",
    "PREDICTORS",
    "RANKINGS",
    "SOURCES",
    "SYNTAX",
    "VIEWS",
    "VINTAGES",
    "VINTAGE_LABELS",
    "BoardQuery",
    "LiveBoard",
    "NoiseCount",
    "Resolution",
    "Source",
    "StartComparison",
    "View",
    "answer",
    "as_recorded",
    "base_and_instruct",
    "before_and_after",
    "board_stderr",
    "compare_starts",
    "families",
    "family_strategy",
    "filter_board",
    "load_board",
    "load_live_board",
    "load_scores",
    "mean_scores",
    "movement",
    "noise_counts",
    "one_run_per_model",
    "order_by_view",
    "pair_records",
    "pairwise",
    "pareto_frontier",
    "predictor_differences",
    "predictor_values",
    "predictors",
    "rank_agreement",
    "read_board",
    "read_corrections",
    "resolution_of",
    "search",
    "shortlist_scores",
    "tied_with_best",
    "twins",
    "weighted_average",
    "where_scored",
    "with_badges",
    "with_twins",
    "without_public_base",
]
