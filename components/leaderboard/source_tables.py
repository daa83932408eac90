"""Each source but the Open LLM Leaderboard as a table: a row per run, own columns, own ranks."""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

import pandas as pd

from components.leaderboard.board import VINTAGES, load_board
from components.leaderboard.finetuning import SOURCE_ID as AFTER_FINE_TUNING
from components.leaderboard.finetuning import before_and_after, bits_per_byte
from components.leaderboard.resolution import Z_95, mean_scores, tied_with_best
from components.leaderboard.sources import SOURCES, load_scores
from components.registry import load_registry

# What a source ranks by itself where that is not the mean, lower first.
OWN_RANKING: Mapping[str, str] = MappingProxyType({"euroeval-english": "mean_rank"})
_EXTRA = {"swallow": ["active_params_b", "released"], "euroeval-english": ["mean_rank"]}


@cache
def _table(source: str) -> pd.DataFrame:
    scores = load_scores(source)
    of_run = ["model", "model_id", "run"]
    extra = [*_EXTRA.get(source, []), "params_b"]
    facts = scores.drop_duplicates(of_run)[[*of_run, *extra]]
    points = scores.pivot(index=of_run, columns="benchmark", values="score")
    points = points.reindex(SOURCES[source].benchmarks, axis=1).reset_index()
    means = mean_scores(scores).rename(columns={"rank": "mean_place"})
    table = means.merge(facts, on=of_run).merge(points, on=of_run)
    known = _known_facts()
    table["kind"] = table["model"].map(known["kind"])
    table["params_b"] = table["params_b"].fillna(table["model"].map(known["params_b"]))
    if source == AFTER_FINE_TUNING:
        sides = before_and_after().set_index("model")
        for column in ("before", "gain", "before_rank"):
            table[column] = table["model"].map(sides[column])
        table["bits_per_byte"] = table["model"].map(bits_per_byte())
    return table.assign(margin=Z_95 * table["stderr"])


def source_table(source: str, kinds: tuple[str, ...] = ()) -> pd.DataFrame:
    """The table of one of SOURCES but the Open LLM Leaderboard, best first.

    `model`, `model_id`, `run`, `kind` and `params_b` (None and NaN where neither the source, nor
    the Open LLM Leaderboard, nor the registry knows), a column per benchmark, `mean` over all of
    them (NaN for a run that lacks one) with `stderr` and `margin` (95 %), `measured`, `rank`,
    `tied` with the first (`tied_with_best`); of *After fine-tuning* also `before`, `gain` and
    `bits_per_byte`; of others what the source says of a run. EuroEval is ranked by its own mean
    rank, which has no error, so that nothing is known to be tied there. `kinds` keeps those kinds.
    """
    table = _table(source)
    if kinds:
        table = table[table["kind"].isin(kinds)]
    by = OWN_RANKING.get(source, "mean")
    lower_first = source in OWN_RANKING
    table = table.sort_values(by, ascending=lower_first, kind="stable", ignore_index=True)
    ranks = table[by].rank(ascending=lower_first, method="min").astype("Int64")
    unknown = pd.Series(pd.NA, index=table.index, dtype="boolean")
    tied = unknown if lower_first else tied_with_best(table["mean"], table["stderr"])
    return table.assign(rank=ranks, tied=tied)


@cache
def sources_of_models() -> Mapping[str, tuple[str, ...]]:
    """By the registry's ids, the sources that have measured a model, in the order of SOURCES."""
    found: dict[str, list[str]] = {}
    for source in SOURCES:
        for model in load_scores(source)["model"].unique():
            found.setdefault(model, []).append(source)
    return MappingProxyType({model: tuple(sources) for model, sources in found.items()})


def also_in(models: pd.Series, source: str) -> pd.Series:
    """Of each model the other sources that have measured it, a tuple of ids."""
    sources = sources_of_models()
    others = [tuple(s for s in sources.get(model, ()) if s != source) for model in models]
    return pd.Series(others, index=models.index, dtype=object)


@cache
def _known_facts() -> pd.DataFrame:
    """`kind` and `params_b` by model: the newest board's, else the registry's."""
    boards = pd.concat([load_board(vintage) for vintage in reversed(VINTAGES)])
    listed = boards.drop_duplicates("model").set_index("model")[["kind", "params_b"]]
    registry = pd.DataFrame(
        {spec.id: {"kind": spec.kind, "params_b": spec.params_b} for spec in load_registry()}
    ).T
    return listed.combine_first(registry).astype({"params_b": float})
