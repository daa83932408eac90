"""Engines in memory are few, and their users wait in a queue that can be left."""

import threading
import time
from typing import cast

import pytest

from components.control import Control, Progress
from components.engines import Engine, EnginePool, ModelId, Queue
from components.errors import EngineError, StoppedError
from tests.support.model_ids import unrevised

A, B, C = (unrevised(f"nobody/{name}") for name in "abc")


def engine(model_id: ModelId) -> Engine:
    """Stands for a model: the pool only keeps it."""
    return cast(Engine, model_id)


def test_the_least_recently_used_engine_is_released_before_the_next_is_loaded():
    pool, seen = EnginePool(2), []
    for model_id in (A, B, A, C):

        def load(model_id: ModelId = model_id) -> Engine:
            seen.append((model_id, pool.resident()))
            return engine(model_id)

        pool.get(model_id, load)
    assert seen == [(A, []), (B, [A]), (C, [A])]
    assert pool.resident() == [A, C]


def test_users_who_come_at_once_share_one_load():
    pool, loads, got = EnginePool(2), [], []

    def load() -> Engine:
        loads.append(1)
        time.sleep(0.1)
        return engine(A)

    threads = [threading.Thread(target=lambda: got.append(pool.get(A, load))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(loads) == 1
    assert len({id(pooled) for pooled in got}) == 1


def test_an_engine_in_memory_is_to_be_had_while_another_loads():
    pool, started, go_on = EnginePool(2), threading.Event(), threading.Event()
    pool.get(A, lambda: engine(A))

    def slow() -> Engine:
        started.set()
        go_on.wait(10)
        return engine(B)

    loading = threading.Thread(target=lambda: pool.get(B, slow))
    loading.start()
    assert started.wait(10)
    assert pool.get(A, lambda: engine(C)).engine == A
    go_on.set()
    loading.join()


def test_waiting_for_anothers_load_is_reported_and_can_be_left():
    pool, started, go_on = EnginePool(2), threading.Event(), threading.Event()

    def slow() -> Engine:
        started.set()
        go_on.wait(10)
        return engine(A)

    loading = threading.Thread(target=lambda: pool.get(A, slow))
    loading.start()
    assert started.wait(10)
    stages: list[str] = []

    def leave(progress: Progress) -> None:
        stages.append(progress.stage)
        control.stop()

    control = Control(leave)
    with pytest.raises(StoppedError):
        pool.get(B, lambda: engine(B), control)
    assert set(stages) == {"Place 1 in the queue for loading a model"}
    go_on.set()
    loading.join()
    assert pool.resident() == [A]
    assert pool.get(B, lambda: engine(B)).engine == B


def test_a_failed_load_leaves_nothing_and_can_be_tried_again():
    pool = EnginePool(1)

    def fail() -> Engine:
        raise EngineError("no", way_out="try again")

    with pytest.raises(EngineError):
        pool.get(A, fail)
    assert pool.resident() == []
    assert pool.get(A, lambda: engine(A)).engine == A


@pytest.mark.parametrize("capacity", [0, -1])
def test_a_pool_for_no_engine_is_refused(capacity):
    with pytest.raises(ValueError, match="one engine or more"):
        EnginePool(capacity)


def test_places_come_in_order_one_at_a_time_and_say_how_many_are_before():
    queue, inside, order = Queue(), [], []
    stages: dict[int, list[str]] = {number: [] for number in range(4)}
    entered, go_on = threading.Event(), threading.Event()

    def visit(number: int) -> None:
        with queue.place(Control(lambda progress: stages[number].append(progress.stage))):
            inside.append(number)
            assert inside == [number]
            order.append(number)
            entered.set()
            go_on.wait(10)
            inside.remove(number)

    threads = []
    for number in range(4):
        threads.append(threading.Thread(target=visit, args=(number,)))
        threads[-1].start()
        if number == 0:
            assert entered.wait(10)
        else:
            while not stages[number]:
                time.sleep(0.005)
    assert len(queue) == 4
    go_on.set()
    for thread in threads:
        thread.join()
    assert order == [0, 1, 2, 3]
    assert len(queue) == 0
    first = [seen[:1] for seen in stages.values()]
    assert first == [[], *([f"Place {n} in the queue for this model"] for n in (1, 2, 3))]


def test_who_gives_up_waiting_leaves_the_queue():
    queue = Queue()

    def leave(progress: Progress) -> None:
        raise InterruptedError

    held = queue.place(Control())
    with held, pytest.raises(InterruptedError), queue.place(Control(leave)):
        pass
    with queue.place(Control(leave)):  # nobody is before: nothing is reported
        pass
