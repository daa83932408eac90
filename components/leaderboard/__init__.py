"""The leaderboard as a tidy frame: vintages, live board, twins, filters."""

from components.leaderboard.better_runs import (
    SPOILT,
    shortlist_scores,
    with_better_runs,
    with_twin_caveats,
)
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
from components.leaderboard.facts import ModelFacts, known_models, model_facts
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
from components.leaderboard.movement import MoveReason, compare_vintages
from components.leaderboard.numbering import families, family_strategy
from components.leaderboard.prediction import (
    PREDICTORS,
    predictor_differences,
    predictor_values,
    predictors,
)
from components.leaderboard.query import (
    RANKINGS,
    BoardQuery,
    answer,
    count_instruct_without_base,
    prepare,
    select,
    weighted_average,
)
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
from components.leaderboard.search import SYNTAX, search_board
from components.leaderboard.shortlist import VIEWS, View, order_by_view, where_scored
from components.leaderboard.source_tables import OWN_RANKING, also_in, source_table
from components.leaderboard.sources import SOURCES, Source, load_scores
from components.leaderboard.twins import (
    instruct_twins,
    with_twins,
    without_public_base,
)

__all__ = [
    "BENCHMARKS",
    "CAVEATS",
    "HIDEABLE",
    "KINDS",
    "LIVE",
    "OWN_RANKING",
    "PERMISSIVE_LICENSES",
    "PREDICTORS",
    "RANKINGS",
    "SOURCES",
    "SPOILT",
    "SYNTAX",
    "VIEWS",
    "VINTAGES",
    "VINTAGE_LABELS",
    "BoardQuery",
    "Caveat",
    "LiveBoard",
    "ModelFacts",
    "MoveReason",
    "NoiseCount",
    "Resolution",
    "Source",
    "StartComparison",
    "View",
    "also_in",
    "answer",
    "as_recorded",
    "base_and_instruct",
    "before_and_after",
    "board_stderr",
    "compare_starts",
    "compare_vintages",
    "count_instruct_without_base",
    "families",
    "family_strategy",
    "filter_board",
    "instruct_twins",
    "known_models",
    "load_board",
    "load_live_board",
    "load_scores",
    "mean_scores",
    "model_facts",
    "noise_counts",
    "one_run_per_model",
    "order_by_view",
    "pair_records",
    "pairwise",
    "pareto_frontier",
    "predictor_differences",
    "predictor_values",
    "predictors",
    "prepare",
    "rank_agreement",
    "read_board",
    "read_corrections",
    "resolution_of",
    "search_board",
    "select",
    "shortlist_scores",
    "source_table",
    "tied_with_best",
    "weighted_average",
    "where_scored",
    "with_better_runs",
    "with_caveats",
    "with_twin_caveats",
    "with_twins",
    "without_public_base",
]
