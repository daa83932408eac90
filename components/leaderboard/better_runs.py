"""Runs that are known to be bad, and the better run of the same model in another vintage.

The boards' best run of a model can still be one that went wrong: the final board has
Llama 3.1 8B Instruct only without its chat template, the one of February 2025 also with it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import pandas as pd

from components.leaderboard.board import VINTAGES, load_board, one_run_per_model
from components.leaderboard.caveats import with_caveats
from components.leaderboard.twins import instruct_twins, with_twins

# What makes a run's scores too low, and what speaks against a twin's number where it is shown.
SPOILT = frozenset({"no_chat_template", "math_graded_zero"})
ABOUT_THE_RUN = ("no_chat_template", "math_graded_zero", "flagged", "type_corrected")


@dataclass(frozen=True)
class Run:
    """A run of a model: its vintage and average."""

    vintage: str
    average: float


@cache
def sound_runs() -> Mapping[str, Run]:
    """Of each model the best run of all bundled vintages with none of the SPOILT caveats."""
    best: dict[str, Run] = {}
    for vintage in VINTAGES:  # of equals the later one counts
        board = load_board(vintage)
        rows = with_caveats(board, board)
        sound = rows[[SPOILT.isdisjoint(caveats) for caveats in rows["caveats"]]]
        for model, average in sound[["model", "average"]].itertuples(index=False):
            if model not in best or average >= best[model].average:
                best[model] = Run(vintage, float(average))
    return best


def with_better_runs(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of `with_caveats` with `spoilt`, whether the run is known to be bad, and of those that
    are `better_average` and `better_vintage` of a sound run with a higher average, if there is one.

    A run without chat template is known to be bad; one with 0.00 on MATH if another run of the
    model was graded otherwise: some small models do score zero.
    """
    spoilt, averages, vintages = [], [], []
    columns = rows[["model", "average", "caveats"]]
    for model, average, caveats in columns.itertuples(index=False, name=None):
        run = None if SPOILT.isdisjoint(caveats) else sound_runs().get(model)
        better = run if run is not None and run.average > average else None
        spoilt.append("no_chat_template" in caveats or better is not None)
        averages.append(float("nan") if better is None else better.average)
        vintages.append(None if better is None else better.vintage)
    return rows.assign(
        spoilt=spoilt,
        better_average=pd.Series(averages, index=rows.index, dtype=float),
        better_vintage=pd.Series(vintages, index=rows.index, dtype=object),
    )


def with_twin_caveats(models: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """`models` with what there is to know of the twin's number on the board of `runs`.

    `runs` are all runs as `with_better_runs` gives them. Adds `twin_caveats`, those of
    ABOUT_THE_RUN that the twin's best run has, `twin_spoilt`, `twin_better_average` and
    `twin_better_vintage`.
    """
    best = one_run_per_model(runs).set_index("model")
    twin = models["model"].map(instruct_twins())
    caveats = [
        tuple(key for key in ABOUT_THE_RUN if isinstance(found, tuple) and key in found)
        for found in twin.map(best["caveats"])
    ]
    return models.assign(
        twin_caveats=pd.Series(caveats, index=models.index, dtype=object),
        twin_spoilt=twin.map(best["spoilt"]).eq(True),
        twin_better_average=twin.map(best["better_average"]).astype(float),
        twin_better_vintage=twin.map(best["better_vintage"]),
    )


def shortlist_scores(board: pd.DataFrame, models: list[str]) -> pd.DataFrame:
    """One row per model in the order given: scores, size, caveats, and what is known of the twin.

    Columns: `model`, `average`, `ifeval`, `params_b`, `caveats`, those of `with_twins`,
    `with_better_runs` and `with_twin_caveats`. A model that is not on the board has NaN scores and
    no caveats.
    """
    runs = with_better_runs(with_caveats(board, board))
    kept = ["model", "average", "ifeval", "params_b", "caveats", "spoilt"]
    best = one_run_per_model(runs)[[*kept, "better_average", "better_vintage"]]
    rows = pd.DataFrame({"model": models}).merge(best, on="model", how="left")
    rows["caveats"] = [found if isinstance(found, tuple) else () for found in rows["caveats"]]
    rows["spoilt"] = rows["spoilt"].eq(True)
    return with_twin_caveats(with_twins(rows, board), runs)
