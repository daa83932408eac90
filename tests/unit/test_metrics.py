"""What is counted for the host's monitoring."""

from collections import Counter

import pytest

from components import metrics
from components.control import Control
from components.engines import EnginePool
from components.errors import EngineError, StoppedError
from components.evaluation import evaluate
from components.metrics import count, counted_refusals, counts
from tests.support.scripted_runs import plan
from tests.unit.test_evaluate import ScriptedEngine
from tests.unit.test_pool import A, B, engine


@pytest.fixture(autouse=True)
def nothing_counted(monkeypatch):
    monkeypatch.setattr(metrics, "_counts", Counter())


def test_each_family_is_there_from_the_start_with_a_zero():
    assert counts() == {("predictions", ""): 0, ("refused", ""): 0, ("fallbacks", ""): 0}


def test_what_is_counted_is_told_by_its_kind():
    for _ in range(2):
        count("fallbacks", "another source")
    assert counts()["fallbacks", "another source"] == 2
    assert ("fallbacks", "") not in counts()


def test_an_error_that_is_told_counts_by_its_kind_and_a_stop_does_not():
    for error in (EngineError("no", way_out="yes"), StoppedError("no", way_out="yes")):
        with pytest.raises(type(error)), counted_refusals():
            raise error
    with pytest.raises(KeyError), counted_refusals():  # a fault of ours is in the log
        raise KeyError
    assert counts() == {
        ("predictions", ""): 0,
        ("refused", "EngineError"): 1,
        ("fallbacks", ""): 0,
    }


def test_a_prediction_counts_once_it_is_whole():
    scripted = ScriptedEngine(129, "129.00 ")
    item = plan(1).rows[0].item
    evaluate(scripted, item)
    stopped = Control()
    stopped.stop()
    with pytest.raises(StoppedError):
        evaluate(scripted, item, control=stopped)
    assert counts()["predictions", ""] == 1


def test_a_pool_tells_who_uses_or_waits_for_each_engine():
    pool = EnginePool(2)
    pooled = pool.get(A, lambda: engine(A))
    pool.get(B, lambda: engine(B))
    with pooled.queue.place(Control()):
        assert pool.queue_lengths() == {"": 0, A.key: 1, B.key: 0}
    assert pool.queue_lengths() == {"": 0, A.key: 0, B.key: 0}
    assert pool.capacity == 2
