"""The evaluation page's words."""

from components.charts.evaluation import METRIC_LABELS
from components.evaluation import RunInfo
from components.evaluation.baselines import CATEGORY, CONSTANT, OUT_OF_FOLD, TFIDF
from components.ui.kit.model_ids import label
from components.ui.kit.text import day

STATES = {
    "waiting": "waits for its turn",
    "running": "running",
    "paused": "paused",
    "stopped": "stopped",
    "failed": "ended with problems",
    "finished": "finished",
}
ORIGINS = {"computed": "", "imported": ", imported", "bundled": ", comes with Basewise"}


def run_label(run: RunInfo) -> str:
    """A run in a list."""
    return (
        f"{run.label}: {run.rows:,} rows, {' and '.join(map(label, run.models))};"
        f" {STATES[run.state]}{ORIGINS[run.origin]}, {day(run.created)}"
    )


def rows_text(run: RunInfo) -> str:
    """What a run's figures are of, for a chart's source line."""
    return f"{run.label}, {run.rows:,} rows, {day(run.created)}, run {run.id[:8]}"


READ_OUT_LABELS = {
    "median": "median",
    "mean": "mean",
    "mode": "mode",
    "greedy": "greedy text",
    "top3_mean": "top-3 mean",
    "top10_mean": "top-10 mean",
    "top30_mean": "top-30 mean",
    "top100_mean": "top-100 mean",
    "top300_mean": "top-300 mean",
    "top1000_mean": "mean of all first tokens",
}
BASELINE_LABELS = {
    CONSTANT: "Always the median price",
    CATEGORY: "Median price of the category",
    TFIDF: "TF-IDF and ridge",
}
FIGURE_LABELS = {
    **METRIC_LABELS,
    "coverage_80": "coverage of the 80 % interval",
    "overflow": "probability of $1,000 or more",
    "not_a_number": "probability of no number",
    "unexplored": "unexplored",
}


def read_out_label(name: str) -> str:
    """A read-out in words."""
    if name == OUT_OF_FOLD:
        return "out of fold"
    return READ_OUT_LABELS.get(name, name)
