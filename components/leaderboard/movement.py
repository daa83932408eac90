"""How models moved between two vintages of the board, and why."""

from collections.abc import Hashable, Mapping
from typing import Any, Literal

import pandas as pd

from components.leaderboard.board import BENCHMARKS, one_run_per_model
from components.leaderboard.twins import instruct_twins

MoveReason = Literal["not_listed", "unchanged", "math_regraded", "another_run"]
_VINTAGES = ("before", "after")
_SETTINGS = ("model_id", "precision", "chat_template")
_LEAST_CHANGE = 0.005  # half of the last digit that the board publishes

_Run = Mapping[Hashable, Any]


def compare_vintages(before: pd.DataFrame, after: pd.DataFrame, models: list[str]) -> pd.DataFrame:
    """One row per model in the order given, each model by its best run in either vintage.

    Columns: `model`; `average_before`, `average_after` and `change`; `rank_before`, `rank_after`
    (1 is the best, among the `of_both` models that both vintages list: a later one lists more, and
    a growing pool would look like a decline); `twin_before`, `twin_after`, the averages of the
    instruct twin's best runs; `reason`, a MoveReason; `changed_benchmarks`, a tuple of keys of
    BENCHMARKS; and the two runs' `model_id_…`, `precision_…` and `chat_template_…`. What a vintage
    does not list is NaN.
    """
    rows = pd.DataFrame({"model": models})
    best_runs = [one_run_per_model(board).set_index("model") for board in (before, after)]
    on_both = best_runs[0].index.intersection(best_runs[1].index)
    rows["of_both"] = len(on_both)
    twins = rows["model"].map(instruct_twins())
    for when, best in zip(_VINTAGES, best_runs, strict=True):
        rows[f"average_{when}"] = rows["model"].map(best["average"]).astype(float)
        rows[f"twin_{when}"] = twins.map(best["average"]).astype(float)
        ranks = best.loc[on_both, "average"].rank(ascending=False, method="min")
        rows[f"rank_{when}"] = rows["model"].map(ranks).astype("Int64")
        for setting in _SETTINGS:
            rows[f"{setting}_{when}"] = rows["model"].map(best[setting])
    earlier, later = (best.to_dict("index") for best in best_runs)
    changed = [_changed_benchmarks(earlier.get(model), later.get(model)) for model in models]
    return rows.assign(
        change=rows["average_after"] - rows["average_before"],
        reason=[_reason(benchmarks) for benchmarks in changed],
        changed_benchmarks=pd.Series(
            [benchmarks or () for benchmarks in changed], index=rows.index, dtype=object
        ),
    )


def _changed_benchmarks(before: _Run | None, after: _Run | None) -> tuple[str, ...] | None:
    """The benchmarks whose scores differ; None where a vintage does not list the model."""
    if before is None or after is None:
        return None
    return tuple(name for name in BENCHMARKS if abs(after[name] - before[name]) > _LEAST_CHANGE)


def _reason(changed: tuple[str, ...] | None) -> MoveReason:
    if changed is None:
        return "not_listed"
    if not changed:
        return "unchanged"
    return "math_regraded" if changed == ("math_lvl5",) else "another_run"
