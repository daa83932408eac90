"""How models do once all are fine-tuned alike: means, won and lost tasks, base against instruct.

The figures and the method, "train before test", are of LM-Harmony (Zhang, Dominguez-Olmedo, Hardt,
arXiv 2507.05195): each model is trained on a task's own training set before it is tested on it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from components.leaderboard.resolution import Z_95, mean_scores, pairwise, with_interval
from components.leaderboard.sources import SOURCES, load_scores
from components.leaderboard.twins import instruct_twins

SOURCE_ID = "after-finetuning"


def task_scores() -> pd.DataFrame:
    """`load_scores("after-finetuning")` without the three corpora: 61 models on 24 tasks."""
    scores = load_scores(SOURCE_ID)
    return scores[scores["benchmark"].isin(SOURCES[SOURCE_ID].benchmarks)].reset_index(drop=True)


def bits_per_byte() -> pd.Series:
    """Of each untouched model, the mean over the three corpora; lower is better.

    By the registry's ids; models that the source did not measure on all three are left out.
    """
    scores = load_scores(SOURCE_ID)
    corpora = [
        column.id for column in SOURCES[SOURCE_ID].columns if column.scale == "bits per byte"
    ]
    table = scores[scores["benchmark"].isin(corpora)].pivot(
        index="model", columns="benchmark", values="before"
    )
    means = table.reindex(corpora, axis=1).mean(axis=1, skipna=False)
    return means.dropna().rename("bits_per_byte")


def before_and_after(models: Sequence[str] | None = None) -> pd.DataFrame:
    """Mean over the 24 tasks of each model, before and after fine-tuning, the best after first.

    Columns: `model`; `before` and `after`, 0 to 100, each with `_low`, `_high` and `_rank` among
    all 61; `gain` (after less before). Of `models` only, in their order, if given: NaN where the
    source has not measured one.

    The intervals (95 %) are 1.96 times the root of the sum of the tasks' squared standard errors,
    over 24: the tasks have different test items, so their errors are independent. They say how far
    the mean on these tasks is known, not what other tasks would give.
    """
    scores = task_scores()
    sides = []
    for name, value in (("before", "before"), ("after", "score")):
        means = mean_scores(scores, value).set_index("model")
        margin = Z_95 * means["stderr"]
        side = {
            name: means["mean"],
            f"{name}_low": means["mean"] - margin,
            f"{name}_high": means["mean"] + margin,
            f"{name}_rank": means["rank"],
        }
        sides.append(pd.DataFrame(side))
    table = sides[1].join(sides[0])
    if models is not None:
        table = table.reindex(list(dict.fromkeys(models)))
    table.index.name = "model"
    return table.assign(gain=table["after"] - table["before"]).reset_index()


def pair_records(models: Sequence[str], value: str = "score") -> pd.DataFrame:
    """Won, lost and tied tasks of each pair of `models` after fine-tuning, one row per pair.

    Columns: `first`, `second` (in the order of `models`); `won`, `lost`, `tied`, from the first
    one's side, by the figures as they are; `clearly_won`, `clearly_lost`, those of them that are
    beyond noise; `difference` of the means over all tasks with `low` and `high` (95 %) and
    `within_noise`. `value` is `score` (after) or `before`. Models that were not measured are left
    out.
    """
    tasks = pairwise(task_scores(), models, value)
    clear = ~tasks["within_noise"].fillna(True).astype(bool)
    rows = tasks.assign(
        won=tasks["difference"] > 0,
        lost=tasks["difference"] < 0,
        tied=tasks["difference"] == 0,
        clearly_won=clear & (tasks["difference"] > 0),
        clearly_lost=clear & (tasks["difference"] < 0),
        variance=tasks["stderr"] ** 2,
    )
    groups = rows.groupby(["first", "second"], sort=False)
    counts = groups[["won", "lost", "tied", "clearly_won", "clearly_lost"]].sum()
    tasks_each = groups.size()
    return with_interval(
        counts.assign(
            difference=groups["difference"].mean(),
            stderr=groups["variance"].sum() ** 0.5 / tasks_each,
        ).reset_index()
    )


def base_and_instruct() -> pd.DataFrame:
    """Each measured base model beside its measured instruct twin, one row per pair and task.

    `base`, `instruct`, `benchmark`, `before` and `after` (the base's score less the instruct
    model's, before and after both were fine-tuned alike), `stderr` of `after`, `low`, `high` and
    `within_noise` of it (95 %, unpaired: the models' errors are taken as independent).
    """
    scores = task_scores().set_index(["model", "benchmark"])
    measured = set(scores.index.get_level_values("model"))
    pairs = {
        base: twin
        for base, twin in instruct_twins().items()
        if base in measured and twin in measured
    }
    rows = []
    for base, instruct in pairs.items():
        left, right = scores.loc[base], scores.loc[instruct]
        rows.append(
            pd.DataFrame(
                {
                    "base": base,
                    "instruct": instruct,
                    "before": left["before"] - right["before"],
                    "difference": left["score"] - right["score"],
                    "stderr": (left["stderr"] ** 2 + right["stderr"] ** 2) ** 0.5,
                }
            ).reset_index()
        )
    return with_interval(pd.concat(rows, ignore_index=True)).rename(columns={"difference": "after"})


@dataclass(frozen=True)
class StartComparison:
    """Base against instruct models as the start of a fine-tuning, counted over pairs and tasks.

    `gain` is the mean of base less instruct after fine-tuning, in points; `within_noise` counts
    the comparisons after fine-tuning that are within 1.96 standard errors.
    """

    pairs: int
    comparisons: int
    before_base_better: int
    before_instruct_better: int
    after_base_better: int
    after_instruct_better: int
    after_tied: int
    gain: float
    within_noise: int


def compare_starts() -> StartComparison:
    """What `base_and_instruct` shows, in numbers."""
    rows = base_and_instruct()
    return StartComparison(
        pairs=rows["base"].nunique(),
        comparisons=len(rows),
        before_base_better=int((rows["before"] > 0).sum()),
        before_instruct_better=int((rows["before"] < 0).sum()),
        after_base_better=int((rows["after"] > 0).sum()),
        after_instruct_better=int((rows["after"] < 0).sum()),
        after_tied=int((rows["after"] == 0).sum()),
        gain=float(rows["after"].mean()),
        within_noise=int(rows["within_noise"].fillna(False).sum()),
    )


def rank_agreement(value: str = "score") -> float:
    """How far the 24 tasks agree on the order of the 61 models: the mean of Kendall's tau-b over
    all pairs of tasks. `value` is `score` (after fine-tuning) or `before`.
    """
    table = task_scores().pivot(index="benchmark", columns="model", values=value)
    points = table.to_numpy()
    orders = np.sign(points[:, :, None] - points[:, None, :]).reshape(len(points), -1)
    # Per pair of tasks: concordant less discordant pairs of models, over the root of the products
    # of the pairs not tied on either.
    untied = np.sqrt((orders != 0).sum(axis=1))
    taus = (orders @ orders.T) / np.outer(untied, untied)
    return float(np.mean([taus[pair] for pair in combinations(range(len(taus)), 2)]))
