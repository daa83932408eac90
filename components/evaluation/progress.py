"""How far a run is, and how its models do so far."""

from __future__ import annotations

import math
from dataclasses import dataclass

from components.evaluation.store import RunStore

_STANDARD_ERRORS = 1.96  # of a 95 % interval


@dataclass(frozen=True)
class ModelProgress:
    """A model's share of a run: how many items it has answered and failed, and its mean error.

    `mean_error` is the mean absolute error in dollars of the distribution's median, over the
    `scored` items where there is one; `interval` is its 95 % interval (normal, at least two items).
    """

    repo_id: str
    done: int = 0
    failed: int = 0
    scored: int = 0
    mean_error: float | None = None
    interval: tuple[float, float] | None = None


def progress_of_models(store: RunStore, run_id: str) -> list[ModelProgress]:
    """Each model of a run in the plan's order. Raises what the store raises."""
    info = store.run(run_id)
    with store.database.reading() as connection:
        rows = connection.execute(
            "SELECT model, SUM(error IS NULL), SUM(error IS NOT NULL), COUNT(median),"
            " AVG(ABS(median - actual)), AVG((median - actual) * (median - actual))"
            " FROM prediction JOIN item ON item.run = prediction.run AND item.id = item"
            " WHERE prediction.run = ? GROUP BY model",
            [run_id],
        ).fetchall()
    found = {row[0]: _progress(*row) for row in rows}
    return [found.get(repo_id, ModelProgress(repo_id)) for repo_id in info.models]


def _progress(
    repo_id: str, done: int, failed: int, scored: int, mean: float | None, square: float | None
) -> ModelProgress:
    interval = None
    if mean is not None and square is not None and scored > 1:
        variance = max(0.0, square - mean**2) * scored / (scored - 1)
        margin = _STANDARD_ERRORS * math.sqrt(variance / scored)
        interval = (mean - margin, mean + margin)
    return ModelProgress(repo_id, done, failed, scored, mean, interval)
