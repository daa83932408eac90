"""One model answers one item; many of them as a run that is recorded; figures over runs."""

from components.evaluation.baselines import BASELINES, OUT_OF_FOLD, baseline_scores
from components.evaluation.calibration import (
    PRICE_BANDS,
    Grouping,
    by_group,
    coverage_curve,
    pit_histogram,
    running_mean,
)
from components.evaluation.comparison import best_first, compare
from components.evaluation.evaluate import evaluate
from components.evaluation.features import FROZEN_FEATURES, linear_read_out, log_me, prompt_features
from components.evaluation.intervals import LEAST_ROWS, Interval
from components.evaluation.item import Continuation, InferenceSettings, Item, Prediction, own_item
from components.evaluation.likelihood import bits_per_byte, text_likelihoods
from components.evaluation.live import LivePredictions, LiveRequest, LiveStanding
from components.evaluation.metrics import ESTIMATE_METRICS, HIGHER_IS_BETTER, Metric, NoNumber
from components.evaluation.plan import Plan
from components.evaluation.predictor import AnswerMemory, Predictor
from components.evaluation.records import Record
from components.evaluation.rows import Row, RowSet
from components.evaluation.scored import ItemScores, ScoredRow, item_scores, scored_row
from components.evaluation.store import RunInfo, RunStore
from components.evaluation.summary import (
    DISTRIBUTION,
    BestReadOut,
    best_read_out,
    figures,
    tidy_figures,
    tidy_items,
)

__all__ = [
    "BASELINES",
    "DISTRIBUTION",
    "ESTIMATE_METRICS",
    "FROZEN_FEATURES",
    "HIGHER_IS_BETTER",
    "LEAST_ROWS",
    "OUT_OF_FOLD",
    "PRICE_BANDS",
    "AnswerMemory",
    "BestReadOut",
    "Continuation",
    "Grouping",
    "InferenceSettings",
    "Interval",
    "Item",
    "ItemScores",
    "LivePredictions",
    "LiveRequest",
    "LiveStanding",
    "Metric",
    "NoNumber",
    "Plan",
    "Prediction",
    "Predictor",
    "Record",
    "Row",
    "RowSet",
    "RunInfo",
    "RunStore",
    "ScoredRow",
    "baseline_scores",
    "best_first",
    "best_read_out",
    "bits_per_byte",
    "by_group",
    "compare",
    "coverage_curve",
    "evaluate",
    "figures",
    "item_scores",
    "linear_read_out",
    "log_me",
    "own_item",
    "pit_histogram",
    "prompt_features",
    "running_mean",
    "scored_row",
    "text_likelihoods",
    "tidy_figures",
    "tidy_items",
]
