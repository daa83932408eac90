"""How the leaderboard's machine names are shown."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import pandas as pd

from components.leaderboard import (
    BENCHMARKS,
    CAVEATS,
    SOURCES,
    SPOILT,
    VINTAGE_LABELS,
    BoardQuery,
    View,
    also_in,
    without_public_base,
)

RANKING_LABELS = {
    "average": "Average",
    "twin_score": "Instruct score",
    "weighted": "Weighted average",
    "uplift": "Uplift",
    "uplift_without_ifeval": "Uplift without IFEval",
    **BENCHMARKS,
    "params_b": "Parameters, fewest first",
}
FLAG_LABELS = {"merged": "Merges", "moe": "Mixtures of experts", "flagged": "Flagged"}
SOURCE_SHORT = {
    "ollm-v2": "Open LLM",
    "after-finetuning": "fine-tuned",
    "swallow": "Swallow",
    "euroeval-english": "EuroEval",
}
COLUMN_LABELS = {
    "rank": "Rank",
    "model_id": "Model",
    "params_b": "Params (B)",
    "average": "Average",
    "margin": "± 95 %",
    "tied": "≈ 1st",
    "caveats": "Caveats",
    "weighted": "Weighted",
    "twin_score": "Instruct score",
    "twin_note": "Instruct model, caveats",
    "uplift": "Uplift",
    "uplift_without_ifeval": "Uplift without IFEval",
    "numbering": "Numbers",
    **BENCHMARKS,
    "also_in": "Also in",
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
    "twin_before": "Twin before",
    "twin_after": "Twin after",
    "why": "Why",
}


def with_texts(prepared: pd.DataFrame) -> pd.DataFrame:
    """A board of `prepare` with what its table says in words, once per board.

    `caveat_note`, `twin_note`, `also_note` and `hub`, the address of the model's page.
    """
    better = prepared[["caveats", "better_average", "better_vintage"]]
    twins = prepared[
        ["model", "twin", "twin_caveats", "twin_better_average", "twin_better_vintage"]
    ]
    notes = [twin_note(*row) for row in twins.itertuples(index=False, name=None)]
    return prepared.assign(
        caveat_note=[caveat_note(*row) for row in better.itertuples(index=False, name=None)],
        twin_note=pd.Series(notes, index=prepared.index, dtype=object),
        also_note=[sources_note(ids) for ids in also_in(prepared["model"], "ollm-v2")],
        hub="https://huggingface.co/" + prepared["model_id"],
    )


def caveat_note(caveats: Sequence[str], better_average: float, better_vintage: str | None) -> str:
    """A row's caveats in words, with the better run of the same model; empty without any."""
    grave = [CAVEATS[key].label for key in caveats if key in SPOILT]
    others = [CAVEATS[key].label for key in caveats if key not in SPOILT]
    if pd.notna(better_average) and better_vintage is not None:
        grave.append(f"better run: {better_average:.2f}, {VINTAGE_LABELS[better_vintage]}")
    return "; ".join([*grave, *others])


def twin_caveats(rows: pd.DataFrame) -> list[str]:
    """What speaks against each twin's number, in words; empty where nothing is known to."""
    columns = rows[["twin_caveats", "twin_better_average", "twin_better_vintage"]]
    return [caveat_note(*row) for row in columns.itertuples(index=False, name=None)]


def twin_note(
    model: str,
    twin: str | None,
    caveats: Sequence[str],
    better_average: float,
    better_vintage: str | None,
) -> str | None:
    """Which model the twin's number is of, and what speaks against that number."""
    if model in without_public_base():
        return "its own score: no public base"
    if not isinstance(twin, str):
        return None
    note = caveat_note(caveats, better_average, better_vintage)
    name = twin.split("/")[-1]
    return f"{name}: {note}" if note else name


def sources_note(sources: Sequence[str]) -> str:
    """Sources in a word each."""
    return ", ".join(SOURCE_SHORT[source] for source in sources)


def views_in_words(views: Sequence[View]) -> str:
    """Sources, and of the Open LLM Leaderboard which vintages, in few words."""
    vintages = [VINTAGE_LABELS[view.vintage] for view in views if view.vintage is not None]
    others = [SOURCES[view.source].label for view in views if view.vintage is None]
    board = [f"the Open LLM Leaderboard ({', '.join(vintages)})"] if vintages else []
    return " and ".join([*board, *others])


def query_in_words(query: BoardQuery) -> str:
    """What a query keeps, in words; empty where it keeps all."""
    words = []
    if query.kinds:
        words.append(" or ".join(query.kinds))
    if query.instruct_without_base and query.rank_by == "twin_score":
        words.append("with instruct models that have no public base")
    for limit, name in ((query.min_params_b, "at least"), (query.max_params_b, "at most")):
        if limit is not None:
            words.append(f"{name} {limit:g}B")
    for values in (query.organizations, query.licenses, query.precisions):
        if values:
            words.append(" or ".join(values))
    if query.hide:
        words.append("without " + ", ".join(FLAG_LABELS[flag].lower() for flag in query.hide))
    if query.search:
        words.append(f"search “{query.search}”")
    if query.recorded:
        words.append("kinds as recorded")
    if query.every_run:
        words.append("every run")
    return ", ".join(words)


def view_label(source: str, vintage: str) -> str:
    """A source and, where it has several, its vintage."""
    if source == "ollm-v2":
        return f"Open LLM Leaderboard v2, {VINTAGE_LABELS[vintage]}"
    return SOURCES[source].label


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
