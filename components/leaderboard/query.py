"""A query of the board (filters, search, ranking), and the rows that it selects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from components.leaderboard.board import BENCHMARKS, as_recorded, filter_board, one_run_per_model
from components.leaderboard.caveats import with_caveats
from components.leaderboard.frontier import pareto_frontier
from components.leaderboard.numbering import family_strategy
from components.leaderboard.search import search_board
from components.leaderboard.twins import with_twins, without_public_base

# The columns that rows can be ranked by, best first; by `params_b` the smallest is first.
RANKINGS = (
    *("average", "twin_score", "weighted", "uplift", "uplift_without_ifeval"),
    *BENCHMARKS,
    "params_b",
)


@dataclass(frozen=True)
class BoardQuery:
    """Filters as `filter_board` and `search_board` take them, and the order of the rows.

    `rank_by` is one of RANKINGS; `weights` are those of the BENCHMARKS in the weighted average,
    1 where not given. `every_run` keeps all runs of a model, otherwise the one with the best
    average counts; `recorded` takes the kinds that the board recorded, right or wrong.
    """

    kinds: Sequence[str] = ()
    min_params_b: float | None = None
    max_params_b: float | None = None
    organizations: Sequence[str] = ()
    licenses: Sequence[str] = ()
    precisions: Sequence[str] = ()
    hide: Sequence[str] = ()
    search: str = ""
    every_run: bool = False
    recorded: bool = False
    rank_by: str = "average"
    weights: Mapping[str, float] = field(default_factory=dict)


def answer(board: pd.DataFrame, query: BoardQuery) -> pd.DataFrame:
    """The rows that pass, best first by `rank_by`; unknown scores last.

    Adds to the board's columns those of `with_twins` and `with_caveats`, `weighted`, `frontier`
    (on the base models' Pareto frontier), `numbering` (None if not known) and `rank` (from 1;
    equals share the better one). A ranking by twins takes in the instruct models without a
    public base, whatever `kinds` says. Raises BoardError if the search is not valid.
    """
    runs = as_recorded(board) if query.recorded else board
    passed = search_board(
        filter_board(
            runs,
            min_params_b=query.min_params_b,
            max_params_b=query.max_params_b,
            organizations=query.organizations,
            licenses=query.licenses,
            precisions=query.precisions,
            hide=query.hide,
        ),
        query.search,
    )
    if query.kinds:
        of_kind = passed["kind"].isin(query.kinds)
        if query.rank_by == "twin_score":
            of_kind |= passed["model"].isin(without_public_base())
        passed = passed[of_kind]
    rows = passed if query.every_run else one_run_per_model(passed)
    rows = with_caveats(with_twins(rows, runs), runs)
    rows = rows.assign(
        weighted=weighted_average(rows, query.weights),
        frontier=pareto_frontier(rows[rows["kind"] == "base"]).reindex(
            rows.index, fill_value=False
        ),
        numbering=rows["model_id"].map(family_strategy),
    )
    smallest_first = query.rank_by == "params_b"
    rows = rows.sort_values(
        query.rank_by, ascending=smallest_first, kind="stable", ignore_index=True
    )
    ranks = rows[query.rank_by].rank(ascending=smallest_first, method="min")
    return rows.assign(rank=ranks.astype("Int64"))


def weighted_average(rows: pd.DataFrame, weights: Mapping[str, float]) -> pd.Series:
    """The benchmarks' mean with these weights, 0 to 100; NaN if all of them are zero."""
    used = pd.Series({name: float(weights.get(name, 1.0)) for name in BENCHMARKS})
    return rows[list(BENCHMARKS)].mul(used).sum(axis=1, skipna=False) / (used.sum() or float("nan"))
