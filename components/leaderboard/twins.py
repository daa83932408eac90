"""Which instruct model was trained further from which base model."""

from functools import cache

import pandas as pd

from components.leaderboard.board import DATA, one_run_per_model
from components.registry import load_registry


@cache
def twins() -> dict[str, str]:
    """Base id to instruct id, by the registry's ids where it lists the model."""
    registry = load_registry()
    pairs = pd.read_csv(DATA / "twins.csv").map(registry.canonical_id)
    known = dict(pairs.itertuples(index=False, name=None))
    return known | {spec.id: spec.instruct_twin for spec in registry if spec.instruct_twin}


def with_twins(models: pd.DataFrame, board: pd.DataFrame) -> pd.DataFrame:
    """`models` with `twin` and `twin_average`, the twin's best run on `board`; NaN without one."""
    averages = one_run_per_model(board).set_index("model")["average"]
    twin = models["model"].map(twins())
    return models.assign(twin=twin, twin_average=twin.map(averages))


def shortlist_scores(board: pd.DataFrame, models: list[str]) -> pd.DataFrame:
    """One row per model in the order given: `model`, `average`, `twin`, `twin_average`, `params_b`.

    A model that is not on the board has NaN scores.
    """
    wanted = pd.DataFrame({"model": models})
    columns = ["model", "average", "params_b"]
    found = wanted.merge(one_run_per_model(board)[columns], on="model", how="left")
    return with_twins(found, board)
