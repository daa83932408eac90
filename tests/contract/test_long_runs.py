"""A long run with a small random model: what it holds in memory does not grow with its rows."""

import os
from pathlib import Path

import pytest

from components.control import Control
from components.evaluation import InferenceSettings, Plan, Predictor, Row, RunStore
from components.evaluation.work import carry_out
from tests.contract.test_local_engine import random_engine

pytestmark = pytest.mark.slow

ROWS, FROM = 1000, 200
_MOST_GROWTH_MB = 12


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="no /proc here")
def test_memory_is_flat_over_a_thousand_items(tmp_path, monkeypatch):
    engine = random_engine()
    rows = tuple(
        Row(f"row-{i}", f"Lamp {i}. Price is $", f"Lamp {i}", 1.0 + i % 900) for i in range(ROWS)
    )
    plan = Plan((engine.id.repo_id,), rows, InferenceSettings(0.5, continuation="none"))
    predictor = Predictor(engines=1, answers=1)
    predictor.pool.get(engine.id, lambda: engine)
    monkeypatch.setattr(predictor, "files", lambda *_: _Files(engine.id))
    store = RunStore(tmp_path / "runs.sqlite")
    store.create(plan, "somebody")
    held: list[float] = []
    carry_out(store, predictor, plan.run_id, Control(), lambda *_: held.append(resident_mb()))
    assert store.run(plan.run_id).done == ROWS
    store.close()
    assert len(held) == ROWS
    assert max(held[FROM:]) - held[FROM] < _MOST_GROWTH_MB


class _Files:
    """What a predictor knows of a model whose engine is in memory already."""

    def __init__(self, model):
        self.id = model
