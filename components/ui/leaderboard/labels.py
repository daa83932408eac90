"""How the leaderboard's machine names are shown."""

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from components.leaderboard import BENCHMARKS

RANKING_LABELS = {
    "average": "Average",
    "twin_score": "Instruct twin",
    "weighted": "Weighted average",
    "uplift": "Uplift",
    "uplift_without_ifeval": "Uplift without IFEval",
    **BENCHMARKS,
    "params_b": "Parameters, fewest first",
}
FLAG_LABELS = {"merged": "Merges", "moe": "Mixtures of experts", "flagged": "Flagged"}
COLUMN_LABELS = {
    "rank": "Rank",
    "model_id": "Model",
    "params_b": "Params (B)",
    "average": "Average",
    "weighted": "Weighted",
    "twin_score": "Twin",
    "uplift": "Uplift",
    "uplift_without_ifeval": "No IFEval",
    "numbering": "Numbers",
    "caveats": "Caveats",
    **BENCHMARKS,
    "kind": "Kind",
    "license": "Licence",
    "precision": "Precision",
    "chat_template": "Chat template",
    "architecture": "Architecture",
    "hub": "Hub",
}
MOVE_LABELS = {
    "model": "Model",
    "average_before": "Average before",
    "average_after": "Average after",
    "change": "Change",
    "rank_before": "Rank before",
    "rank_after": "Rank after",
    "why": "Why",
}


def why_moved(move: Mapping[Hashable, Any]) -> str:
    """Why a model's scores differ between two vintages: a row of `compare_vintages` in words."""
    match move["reason"]:
        case "not_listed":
            missing = [
                vintage
                for vintage, when in (("earlier", "before"), ("later", "after"))
                if pd.isna(move[f"average_{when}"])
            ]
            return f"not in the {' and '.join(missing)} vintage"
        case "unchanged":
            return "unchanged"
        case "math_regraded":
            return "MATH graded anew"
    benchmarks = ", ".join(BENCHMARKS[name] for name in move["changed_benchmarks"])
    return f"another run: {_differences(move)}; {benchmarks} differ"


def _differences(move: Mapping[Hashable, Any]) -> str:
    parts = []
    for setting in ("model_id", "precision"):
        before, after = move[f"{setting}_before"], move[f"{setting}_after"]
        if before != after:
            parts.append(f"{before}, then {after}")
    before, after = move["chat_template_before"], move["chat_template_after"]
    if not (pd.isna(before) or pd.isna(after)) and before != after:
        parts.append("then with chat template" if after else "then without chat template")
    return ", ".join(parts) or "same settings"
