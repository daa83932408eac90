"""How models moved between two vintages of the board, and why."""

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from components.leaderboard.board import BENCHMARKS, one_run_per_model

_Run = Mapping[Hashable, Any]
_MOVED = 0.005  # half of the last digit that the board publishes


def movement(before: pd.DataFrame, after: pd.DataFrame, models: list[str]) -> pd.DataFrame:
    """One row per model in the order given: `model`, `average_before`, `average_after`, `change`,
    `rank_before`, `rank_after` (1 is the best, among the models of that vintage) and `why`.

    Each model counts by its best run. What a vintage does not list is NaN.
    """
    rows = pd.DataFrame({"model": models})
    for when, board in (("before", before), ("after", after)):
        best = one_run_per_model(board).set_index("model")
        rows[f"average_{when}"] = rows["model"].map(best["average"]).astype(float)
        ranks = best["average"].rank(ascending=False, method="min")
        rows[f"rank_{when}"] = rows["model"].map(ranks).astype("Int64")
    earlier, later = (
        {run["model"]: run for run in one_run_per_model(board).to_dict("records")}
        for board in (before, after)
    )
    return rows.assign(
        change=rows["average_after"] - rows["average_before"],
        why=[_why(earlier.get(model), later.get(model)) for model in models],
    )


def _why(before: _Run | None, after: _Run | None) -> str:
    if before is None or after is None:
        missing = [when for when, run in (("earlier", before), ("later", after)) if run is None]
        return f"not in the {' and '.join(missing)} vintage"
    moved = [
        label for name, label in BENCHMARKS.items() if abs(after[name] - before[name]) > _MOVED
    ]
    if not moved:
        return "unchanged"
    if moved == [BENCHMARKS["math_lvl5"]]:
        return "MATH graded anew"
    return f"another run: {_differences(before, after)}; {', '.join(moved)} differ"


def _differences(before: _Run, after: _Run) -> str:
    told = []
    if before["model_id"] != after["model_id"]:
        told.append(f"{before['model_id']}, then {after['model_id']}")
    if before["precision"] != after["precision"]:
        told.append(f"{before['precision']}, then {after['precision']}")
    templates = (before["chat_template"], after["chat_template"])
    if not any(pd.isna(used) for used in templates) and templates[0] != templates[1]:
        told.append("then with chat template" if templates[1] else "then without chat template")
    return ", ".join(told) or "same settings"
