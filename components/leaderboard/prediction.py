"""How well a figure known beforehand predicts the mean after fine-tuning.

Spearman's rank correlation over base models between a predictor and `before_and_after()["after"]`,
with percentile intervals from a bootstrap over models: the models are what is drawn, since other
models are what one wants to know about. With so few, intervals are wide, and a percentile interval
of a correlation near 1 is somewhat short.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from components.leaderboard.board import BENCHMARKS, load_board, one_run_per_model
from components.leaderboard.finetuning import before_and_after, bits_per_byte
from components.leaderboard.twins import with_twins

PREDICTORS = ("average", *BENCHMARKS, "twin_average", "params_b", "bits_per_byte")
LOWER_IS_BETTER = frozenset({"bits_per_byte"})
GROUPS = ("all", "5-15B")
VINTAGE = "2025-03-final"

_DRAWS = 4_000
_SEED = 20_250_313


@cache
def _predictor_values() -> pd.DataFrame:
    board = load_board(VINTAGE)
    base = one_run_per_model(board[board["kind"] == "base"])
    rows = with_twins(base, board).set_index("model")
    after = before_and_after().set_index("model")["after"]
    rows = rows.join(after, how="inner").join(bits_per_byte())
    return rows[[*PREDICTORS, "after"]].astype(float)


def predictor_values(group: str = "all") -> pd.DataFrame:
    """The base models behind a group: PREDICTORS and `after`, by model id; NaN where unknown.

    `all` are the base models on the final board that were fine-tuned and whose instruct twin is on
    the board too, so that every predictor is judged by the same models; `5-15B` those of 5 to 15
    billion parameters, with or without twin.
    """
    values = _predictor_values()
    if group == "all":
        return values[values["twin_average"].notna()].copy()
    return values[values["params_b"].between(5, 15)].copy()


@cache
def _predictors() -> pd.DataFrame:
    rows = []
    for group in GROUPS:
        values = predictor_values(group)
        for predictor in PREDICTORS:
            known = values[[predictor, "after"]].dropna()
            observed, drawn = _correlations(known, [predictor])
            low, high = np.nanpercentile(drawn[:, 0], [2.5, 97.5])
            rows.append((predictor, group, len(known), observed[0], low, high))
    return pd.DataFrame(rows, columns=["predictor", "group", "n", "spearman", "low", "high"])


def predictors() -> pd.DataFrame:
    """One row per predictor and group: `predictor`, `group`, `n`, `spearman`, `low`, `high`.

    `predictor` is one of PREDICTORS, `group` one of GROUPS, `n` the models that have the figure.
    A correlation is counted as positive where the better figure goes with the better result, so
    that of bits per byte is of its negative. `low` and `high` are the 95 % percentile interval of
    4,000 draws of n models with replacement, seeded.
    """
    return _predictors().copy()


def predictor_differences(
    against: str = "twin_average", group: str = "all", names: Sequence[str] = PREDICTORS
) -> pd.DataFrame:
    """By how much each predictor's rank correlation is above that of `against`.

    `predictor`, `against`, `group`, `n`, `difference`, `low`, `high`, `within_noise` (whether the
    95 % interval holds 0): paired, both correlations from the same draws of the models that have
    both figures.
    """
    values = predictor_values(group)
    rows = []
    for name in names:
        if name == against:
            continue
        known = values[[name, against, "after"]].dropna()
        observed, drawn = _correlations(known, [name, against])
        low, high = np.nanpercentile(drawn[:, 0] - drawn[:, 1], [2.5, 97.5])
        difference = observed[0] - observed[1]
        rows.append((name, against, group, len(known), difference, low, high, low <= 0 <= high))
    columns = ["predictor", "against", "group", "n", "difference", "low", "high", "within_noise"]
    return pd.DataFrame(rows, columns=columns)


def _correlations(
    values: pd.DataFrame, names: list[str]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Spearman's correlations of the named columns with `after`: observed (names,) and of each
    draw (draws, names)."""
    signed = values.assign(**{name: -values[name] for name in set(names) & LOWER_IS_BETTER})
    picks = np.random.default_rng(_SEED).integers(len(values), size=(_DRAWS, len(values)))
    everyone = np.arange(len(values))[None, :]
    return (
        _spearman(signed, names, everyone)[0],
        _spearman(signed, names, picks),
    )


def _spearman(
    values: pd.DataFrame, names: list[str], picks: NDArray[np.int64]
) -> NDArray[np.float64]:
    def ranks(name: str) -> NDArray[np.float64]:
        drawn = values[name].to_numpy()[picks]
        places = pd.DataFrame(drawn).rank(axis=1).to_numpy()
        return places - places.mean(axis=1, keepdims=True)

    result = ranks("after")
    columns = []
    for name in names:
        figure = ranks(name)
        spread = np.sqrt((figure**2).sum(axis=1) * (result**2).sum(axis=1))
        with np.errstate(invalid="ignore"):  # a draw of one model many times over has no order
            columns.append((figure * result).sum(axis=1) / spread)
    return np.stack(columns, axis=1)
