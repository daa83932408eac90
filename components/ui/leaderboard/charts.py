"""The figures of the Open LLM Leaderboard as the filters and the shortlist have them."""

from collections.abc import Callable
from dataclasses import replace

import pandas as pd
import plotly.graph_objects as go

from components.charts import (
    Theme,
    benchmark_profile,
    movement_between_vintages,
    scores_by_size,
    twin_dumbbells,
)
from components.leaderboard import (
    CAVEATS,
    VINTAGE_LABELS,
    VINTAGES,
    compare_vintages,
    one_run_per_model,
    pareto_frontier,
    select,
)
from components.ui import board_services
from components.ui.kit import permalinks, shortlist
from components.ui.kit.model_ids import label, labels
from components.ui.leaderboard.board import Shown
from components.ui.leaderboard.labels import (
    MOVE_LABELS,
    RANKING_LABELS,
    query_in_words,
    twin_caveats,
    why_moved,
)

FROM = permalinks.one_of("before", VINTAGES, VINTAGES[0])
TO = permalinks.one_of("after", VINTAGES, VINTAGES[-1])
# Which of a pair a chart is of: the model itself, or its twin.
OF_TWIN = permalinks.flag("of_twin")
WITH_TWINS = permalinks.flag("with_twins")


def by_size(now: Shown, theme: Theme) -> go.Figure | None:
    """The ranked score, or the twin's, against size, the shortlist always among the models."""
    score, name = _ranked_score(now)
    models = with_shortlist(now)
    if OF_TWIN.value():
        score, name = "twin_score", "instruct twin's average"
        models = models[models["kind"] == "base"]
    models = models.dropna(subset=["params_b", score])
    if models.empty:
        return None
    base = models[models["kind"] == "base"]
    frontier = pareto_frontier(base.assign(average=base[score]))
    return scores_by_size(
        models.assign(frontier=frontier.reindex(models.index, fill_value=False)),
        shortlist.models(),
        labels(shortlist.models()),
        vintage=VINTAGE_LABELS[now.board.vintage],
        theme=theme,
        score=score,
        score_label=name,
        filters=query_in_words(now.query),
    )


def _ranked_score(now: Shown) -> tuple[str, str]:
    rank_by = now.query.rank_by
    if rank_by == "params_b":
        return "average", "average score"
    if rank_by == "twin_score":
        return rank_by, "instruct twin's average"
    name = RANKING_LABELS[rank_by]
    return rank_by, f"{name if name.isupper() or name[1:2].isupper() else name.lower()} score"


def with_shortlist(now: Shown) -> pd.DataFrame:
    """One row per model: those that pass the filters, and the shortlist."""
    models = one_run_per_model(now.rows)
    missing = set(shortlist.models()) - set(models["model"])
    if not missing:
        return models
    everything = replace(
        now.query,
        kinds=(),
        min_params_b=None,
        max_params_b=None,
        organizations=(),
        licenses=(),
        precisions=(),
        hide=(),
        search="",
        every_run=False,
    )
    others = select(now.prepared[now.prepared["model"].isin(missing)], everything)
    if others.empty:
        return models
    return pd.concat([models, others], ignore_index=True).astype({"frontier": bool})


def by_twin(now: Shown, theme: Theme) -> go.Figure | None:
    """The best twins beside their bases, and the shortlist."""
    models = with_shortlist(now).sort_values("twin_score", ascending=False, kind="stable")
    paired = models.dropna(subset="twin_score")
    if paired.empty:
        return None
    return twin_dumbbells(
        paired.assign(twin_note=twin_caveats(paired)),
        labels(list(paired["model"])),
        vintage=VINTAGE_LABELS[now.board.vintage],
        theme=theme,
        always=shortlist.models(),
        filters=query_in_words(now.query),
    )


def by_benchmark(now: Shown, theme: Theme) -> go.Figure | None:
    """The shortlist on each benchmark, with its twins if so chosen."""
    wanted = shortlist.models()
    best = one_run_per_model(now.prepared)
    if WITH_TWINS.value():
        twins = best.loc[best["model"].isin(wanted), "twin"].dropna()
        wanted = list(dict.fromkeys([*wanted, *twins]))
    listed = best[best["model"].isin(wanted)]
    if listed.empty:
        return None
    return benchmark_profile(
        listed, labels(wanted), vintage=VINTAGE_LABELS[now.board.vintage], theme=theme
    )


def by_vintage(now: Shown, theme: Theme) -> go.Figure | None:
    """How the shortlist and its twins moved between two vintages."""
    moved = moves()
    if moved[["average_before", "average_after"]].isna().any(axis=1).all():
        return None
    return movement_between_vintages(
        moved,
        labels(shortlist.models()),
        before=VINTAGE_LABELS[FROM.value()],
        after=VINTAGE_LABELS[TO.value()],
        theme=theme,
    )


Draw = Callable[[Shown, Theme], go.Figure | None]
DRAW: dict[str, Draw] = {
    "size": by_size,
    "twins": by_twin,
    "profile": by_benchmark,
    "movement": by_vintage,
}


def moves() -> pd.DataFrame:
    """How the shortlist moved between the two vintages picked, as `compare_vintages` gives it."""
    earlier, later = (board_services.board(choice.value()).runs for choice in (FROM, TO))
    return compare_vintages(earlier, later, shortlist.models())


def moves_table() -> pd.DataFrame:
    """`moves` as it is read: names for ids, the reason in words, labels for columns."""
    moved = moves()
    reasons = [why_moved(row) for row in moved.to_dict("records")]
    table = moved.assign(model=moved["model"].map(label), why=reasons)
    return table[list(MOVE_LABELS)].rename(columns=MOVE_LABELS)


def caveats_table(rows: pd.DataFrame) -> pd.DataFrame:
    """The caveats that occur among the rows, each with its explanation."""
    used = {key for column in ("caveats", "twin_caveats") for keys in rows[column] for key in keys}
    found = [(CAVEATS[key].label, CAVEATS[key].explanation) for key in CAVEATS if key in used]
    return pd.DataFrame(found, columns=["Caveat", "Meaning"])
