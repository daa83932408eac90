"""Which instruct model was trained further from which base model."""

from functools import cache

import pandas as pd

from components.leaderboard.board import BENCHMARKS, DATA, one_run_per_model
from components.registry import load_registry


@cache
def instruct_twins() -> dict[str, str]:
    """Base id to instruct id, by the registry's ids where it lists the model."""
    registry = load_registry()
    pairs = pd.read_csv(DATA / "twins.csv").map(registry.canonical_id)
    recorded = dict(pairs.itertuples(index=False, name=None))
    return recorded | {spec.id: spec.instruct_twin for spec in registry if spec.instruct_twin}


@cache
def without_public_base() -> frozenset[str]:
    """Instruct models whose makers published no base: they stand for themselves beside twins."""
    registry = load_registry()
    listed = pd.read_csv(DATA / "no_public_base.csv")["model_id"]
    return frozenset(listed.map(registry.canonical_id))


def with_twins(models: pd.DataFrame, board: pd.DataFrame) -> pd.DataFrame:
    """`models` with their instruct twins, each by its best run on `board`; NaN without one.

    Adds `twin`, `twin_average`, `uplift` (the twin's average less the model's),
    `uplift_without_ifeval`, the part of it that the other five benchmarks bring, and `twin_score`,
    what a ranking by twins goes by: the twin's average, or of an instruct model without a public
    base its own average.
    """
    best = one_run_per_model(board).set_index("model")
    twin = models["model"].map(instruct_twins())
    twin_average = twin.map(best["average"]).astype(float)
    uplift = twin_average - models["average"]
    from_ifeval = (twin.map(best["ifeval"]).astype(float) - models["ifeval"]) / len(BENCHMARKS)
    return models.assign(
        twin=twin,
        twin_average=twin_average,
        uplift=uplift,
        uplift_without_ifeval=uplift - from_ifeval,
        twin_score=twin_average.where(
            ~models["model"].isin(without_public_base()), models["average"]
        ),
    )
