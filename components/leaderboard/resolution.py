"""What is noise: standard errors, intervals of differences, and who is tied with the best.

Two scores are told apart at 95 % if they differ by more than 1.96 standard errors of the
difference, the root of the sum of both variances. Models answer the same items, so their errors go
together and the true interval is narrower; without the answers themselves this one is on the safe
side. Each comparison stands for itself: among many, one in twenty of the equal pairs is told apart
by chance.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from components.leaderboard.board import BENCHMARKS
from components.leaderboard.sources import SOURCES, require_one_source, score_stderr

Z_95 = 1.96
_RUN = ["model", "model_id", "run"]  # one model can have been run under two ids
_ERRORS = {"score": "stderr", "before": "before_stderr"}


def board_stderr(board: pd.DataFrame) -> pd.DataFrame:
    """Standard errors in points of a board's scores: a column per benchmark, and `average`.

    `board` is one of `load_board` or the live one. The index is the board's; NaN where a score is
    NaN. From the numbers of items, as `SOURCES["ollm-v2"]` lists them.
    """
    source = SOURCES["ollm-v2"]
    errors = pd.DataFrame(
        {name: score_stderr(board[name], source.column(name).parts) for name in BENCHMARKS},
        index=board.index,
    )
    return errors.assign(average=_stderr_of_mean(errors))


def _stderr_of_mean(errors: pd.DataFrame) -> pd.Series:
    # The benchmarks' items are different ones, so their errors are independent.
    return (errors**2).sum(axis=1, skipna=False) ** 0.5 / errors.shape[1]


def tied_with_best(
    scores: pd.Series, stderr: pd.Series, *, higher_is_better: bool = True
) -> pd.Series:
    """Whether each score can't be told apart at 95 % from the best one; NA if that is unknown.

    Of the index of `scores`, nullable booleans. The best is tied with itself, and with all that
    have exactly its score. Unknown: no score, or no standard error of it or of the best.
    """
    stderr = stderr.reindex(scores.index)
    known = scores.dropna()
    if known.empty:
        return pd.Series(pd.NA, index=scores.index, dtype="boolean")
    order = known if higher_is_better else -known
    place = int(np.argmax(order.to_numpy()))
    gap = (scores - known.iloc[place]).abs()
    best_stderr = stderr[scores.notna()].iloc[place]
    margin = Z_95 * (stderr**2 + best_stderr**2) ** 0.5
    tied = (gap <= margin).astype("boolean").mask(margin.isna() | gap.isna())
    return tied.mask(gap == 0, True)


def mean_scores(scores: pd.DataFrame, value: str = "score") -> pd.DataFrame:
    """One row per run of one source, best first: `model`, `model_id`, `run`, `mean`, `stderr`,
    `measured`, `rank`.

    `mean` goes over all the source's benchmarks of 0 to 100 and is NaN for a run that lacks one:
    a mean over other benchmarks is another number. `stderr` is the root of the sum of the
    benchmarks' squared errors over their number: the error from the items asked, not from the
    choice of benchmarks. `measured` counts the benchmarks; `rank` is 1 for the best, among the
    models' best runs. `value` is `score` or `before`. BoardError if the scores are of several
    sources or vintages.
    """
    source = SOURCES[require_one_source(scores)]
    names = list(source.benchmarks)
    points = _table(scores, value, names)
    errors = _table(scores, _ERRORS[value], names)
    means = pd.DataFrame(
        {
            "mean": points.mean(axis=1, skipna=False),
            "stderr": _stderr_of_mean(errors),
            "measured": points.notna().sum(axis=1),
        }
    ).reset_index()
    means = means.sort_values(
        ["mean", "measured"], ascending=False, kind="stable", ignore_index=True
    )
    best = means.drop_duplicates("model")["mean"].rank(ascending=False, method="min")
    return means.assign(rank=best.reindex(means.index).astype("Int64"))


def _table(scores: pd.DataFrame, value: str, names: list[str]) -> pd.DataFrame:
    of_them = scores[scores["benchmark"].isin(names)]
    table = of_them.pivot(index=_RUN, columns="benchmark", values=value)
    return table.reindex(names, axis=1)


def best_runs(scores: pd.DataFrame) -> pd.DataFrame:
    """The rows of one run per model of one source.

    The run with the best mean; where no run has all benchmarks, the one that has the most.
    """
    best = mean_scores(scores).drop_duplicates("model")
    return scores.merge(best[_RUN], on=_RUN)


def pairwise(scores: pd.DataFrame, models: Sequence[str], value: str = "score") -> pd.DataFrame:
    """Each pair of `models` on each benchmark of one source that both have, one row each.

    `first`, `second` (in the order of `models`), `benchmark`, `difference` (first less second),
    `low` and `high` (95 %), and `within_noise`, NA without standard errors. Each model counts by
    its best run. BoardError if the scores are of several sources or vintages.
    """
    require_one_source(scores)
    errors = _ERRORS[value]
    wanted = scores[scores["model"].isin(list(models))]
    runs = wanted if wanted.empty else best_runs(wanted)
    sides = {
        model: rows.set_index("benchmark")[[value, errors]] for model, rows in runs.groupby("model")
    }
    found = [model for model in dict.fromkeys(models) if model in sides]
    pairs = []
    for first, second in combinations(found, 2):
        both = sides[first].add_suffix("_1").join(sides[second].add_suffix("_2"), how="inner")
        difference = both[f"{value}_1"] - both[f"{value}_2"]
        stderr = (both[f"{errors}_1"] ** 2 + both[f"{errors}_2"] ** 2) ** 0.5
        pairs.append(
            pd.DataFrame(
                {
                    "first": first,
                    "second": second,
                    "benchmark": both.index,
                    "difference": difference.to_numpy(),
                    "stderr": stderr.to_numpy(),
                }
            )
        )
    columns = ["first", "second", "benchmark", "difference", "stderr"]
    rows = pd.concat(pairs, ignore_index=True) if pairs else pd.DataFrame(columns=columns)
    return with_interval(rows.astype({"difference": float, "stderr": float}))


def with_interval(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of `difference` and `stderr`, with `low` and `high` (95 %) and `within_noise`.

    `within_noise` is a nullable boolean, NA where there is no standard error. Equal scores are
    within noise whatever their errors.
    """
    margin = Z_95 * rows["stderr"]
    noise = (rows["difference"].abs() <= margin).astype("boolean").mask(margin.isna())
    return rows.assign(
        low=rows["difference"] - margin,
        high=rows["difference"] + margin,
        within_noise=noise.mask(rows["difference"] == 0, True),
    )


@dataclass(frozen=True)
class NoiseCount:
    """Of how many benchmarks two models are within noise; `unknown` have no standard error."""

    first: str
    second: str
    within_noise: int
    compared: int
    unknown: int


def noise_counts(pairs: pd.DataFrame) -> list[NoiseCount]:
    """What `pairwise` found, counted for each pair in its order."""
    return [
        NoiseCount(
            str(first),
            str(second),
            within_noise=int(rows["within_noise"].fillna(False).sum()),
            compared=int(rows["within_noise"].notna().sum()),
            unknown=int(rows["within_noise"].isna().sum()),
        )
        for (first, second), rows in pairs.groupby(["first", "second"], sort=False)
    ]


@dataclass(frozen=True)
class Resolution:
    """How many of the ranks of a view mean something: pairs of models that 95 % tells apart."""

    models: int
    adjacent_told_apart: int
    pairs_told_apart: int

    @property
    def adjacent(self) -> int:
        """The pairs of neighbours in the ranking."""
        return max(self.models - 1, 0)

    @property
    def pairs(self) -> int:
        """All pairs."""
        return self.models * (self.models - 1) // 2


def resolution_of(scores: pd.Series, stderr: pd.Series) -> Resolution:
    """The resolution of a ranking by `scores`; models without score or error are left out."""
    known = pd.DataFrame({"score": scores, "stderr": stderr}).dropna()
    ranked = known.sort_values("score", ascending=False)
    points, variance = ranked["score"].to_numpy(), ranked["stderr"].to_numpy() ** 2
    gaps = np.abs(points[:, None] - points[None, :])
    apart = gaps > Z_95 * np.sqrt(variance[:, None] + variance[None, :])
    return Resolution(
        models=len(ranked),
        adjacent_told_apart=int(np.diagonal(apart, offset=1).sum()),
        pairs_told_apart=int(np.triu(apart, k=1).sum()),
    )
