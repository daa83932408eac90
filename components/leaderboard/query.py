"""A query of the board (filters, search, ranking), and the rows that it selects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from components.leaderboard.better_runs import with_better_runs, with_twin_caveats
from components.leaderboard.board import BENCHMARKS, as_recorded, filter_board, one_run_per_model
from components.leaderboard.caveats import with_caveats
from components.leaderboard.frontier import pareto_frontier
from components.leaderboard.numbering import family_strategy
from components.leaderboard.resolution import board_stderr, tied_with_best
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
    average counts; `recorded` takes the kinds that the board recorded, right or wrong;
    `instruct_without_base` adds to a ranking by twins the instruct models without a public base.
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
    instruct_without_base: bool = False
    rank_by: str = "average"
    weights: Mapping[str, float] = field(default_factory=dict)


def prepare(board: pd.DataFrame) -> pd.DataFrame:
    """A board's runs with all that does not depend on a query, computed once per board.

    Adds the columns of `with_twins`, `with_caveats`, `with_better_runs` and `with_twin_caveats`;
    `numbering` (None if not known); `average_stderr`, a `…_stderr` per benchmark and
    `twin_score_stderr`, standard errors in points.
    """
    runs = with_better_runs(with_caveats(with_twins(board, board), board))
    rows = with_twin_caveats(runs, runs)
    errors = board_stderr(rows).add_suffix("_stderr")
    best = one_run_per_model(rows.assign(average_stderr=errors["average_stderr"]))
    twin_stderr = rows["twin"].map(best.set_index("model")["average_stderr"]).astype(float)
    return rows.assign(
        **{str(name): errors[name] for name in errors},
        twin_score_stderr=twin_stderr.where(
            ~rows["model"].isin(without_public_base()), errors["average_stderr"]
        ),
        numbering=rows["model_id"].map(family_strategy),
    )


def answer(board: pd.DataFrame, query: BoardQuery) -> pd.DataFrame:
    """`select` from a board as `load_board` gives it, prepared for this query alone."""
    return select(prepare(as_recorded(board) if query.recorded else board), query)


def select(prepared: pd.DataFrame, query: BoardQuery) -> pd.DataFrame:
    """The rows that pass, best first by `rank_by`; unknown scores last.

    `prepared` is what `prepare` gave, for a query of `recorded` kinds of `as_recorded(board)`.
    Adds `weighted` and `weighted_stderr`, `frontier` (on the base models' Pareto frontier), `rank`
    (from 1; equals share the better one), and `tied`: whether the row can't be told apart at 95 %
    from the first one (`tied_with_best`; NA where no error of the ranked figure is known).
    A ranking by twins with `instruct_without_base` takes in the instruct models without a public
    base, whatever `kinds` says. Raises BoardError if the search is not valid.
    """
    passed = _passed(prepared, query)
    if query.kinds:
        of_kind = passed["kind"].isin(query.kinds)
        if query.rank_by == "twin_score" and query.instruct_without_base:
            of_kind |= passed["model"].isin(without_public_base())
        passed = passed[of_kind]
    rows = passed.reset_index(drop=True) if query.every_run else one_run_per_model(passed)
    rows = rows.assign(
        weighted=weighted_average(rows, query.weights),
        weighted_stderr=_weighted_stderr(rows, query.weights),
        frontier=pareto_frontier(rows[rows["kind"] == "base"]).reindex(
            rows.index, fill_value=False
        ),
    )
    smallest_first = query.rank_by == "params_b"
    rows = rows.sort_values(
        query.rank_by, ascending=smallest_first, kind="stable", ignore_index=True
    )
    ranks = rows[query.rank_by].rank(ascending=smallest_first, method="min")
    return rows.assign(rank=ranks.astype("Int64"), tied=_tied(rows, query.rank_by))


def count_instruct_without_base(prepared: pd.DataFrame, query: BoardQuery) -> int:
    """How many models `instruct_without_base` would add to this query's rows."""
    if not query.kinds or query.rank_by != "twin_score":
        return 0
    passed = _passed(prepared, query)
    left_out = passed[~passed["kind"].isin(query.kinds)]["model"]
    return left_out[left_out.isin(without_public_base())].nunique()


def _passed(prepared: pd.DataFrame, query: BoardQuery) -> pd.DataFrame:
    """The runs that pass every filter but the one of kinds."""
    filters = {
        "min_params_b": query.min_params_b,
        "max_params_b": query.max_params_b,
        "organizations": query.organizations,
        "licenses": query.licenses,
        "precisions": query.precisions,
        "hide": query.hide,
    }
    wanted = {name: value for name, value in filters.items() if value is not None and value != ()}
    # Each step copies all of a wide frame: one that keeps everything is left out.
    passed = filter_board(prepared, **wanted) if any(wanted.values()) else prepared
    return search_board(passed, query.search) if query.search else passed


def _tied(rows: pd.DataFrame, rank_by: str) -> pd.Series:
    errors = f"{rank_by}_stderr"
    if errors not in rows:  # an uplift is a difference of two runs, a size has no error
        return pd.Series(pd.NA, index=rows.index, dtype="boolean")
    return tied_with_best(rows[rank_by], rows[errors])


def _weighted_stderr(rows: pd.DataFrame, weights: Mapping[str, float]) -> pd.Series:
    used = {name: float(weights.get(name, 1.0)) for name in BENCHMARKS}
    variances = [(used[name] * rows[f"{name}_stderr"]) ** 2 for name in BENCHMARKS]
    return sum(variances) ** 0.5 / (sum(used.values()) or float("nan"))


def weighted_average(rows: pd.DataFrame, weights: Mapping[str, float]) -> pd.Series:
    """The benchmarks' mean with these weights, 0 to 100; NaN if all of them are zero."""
    used = pd.Series({name: float(weights.get(name, 1.0)) for name in BENCHMARKS})
    return rows[list(BENCHMARKS)].mul(used).sum(axis=1, skipna=False) / (used.sum() or float("nan"))
