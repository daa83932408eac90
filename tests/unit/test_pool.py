"""Engines in memory are few, and their visitors take turns."""

import threading
import time
from typing import Any, cast

import pytest

from components.engines import EnginePool, LocalEngine, Queue
from components.errors import EngineError


def engine(name: str) -> LocalEngine:
    """Stands for a model: the pool only keeps it."""
    return cast(LocalEngine, name)


def test_the_least_recently_used_engine_is_released_before_the_next_is_loaded():
    pool, seen = EnginePool(2), []
    for name in ("a", "b", "a", "c"):

        def load(name: str = name) -> LocalEngine:
            seen.append((name, pool.resident()))
            return engine(name)

        pool.get(name, load)
    assert seen == [("a", []), ("b", ["a"]), ("c", ["a"])]
    assert pool.resident() == ["a", "c"]


def test_visitors_who_ask_at_once_share_one_load():
    pool, loads, got = EnginePool(2), [], []

    def load() -> LocalEngine:
        loads.append(1)
        time.sleep(0.1)
        return engine("a")

    threads = [threading.Thread(target=lambda: got.append(pool.get("a", load))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(loads) == 1
    assert len({id(pooled) for pooled in got}) == 1


def test_an_engine_in_memory_is_to_be_had_while_another_loads():
    pool, started, go_on = EnginePool(2), threading.Event(), threading.Event()
    pool.get("a", lambda: engine("a"))

    def slow() -> LocalEngine:
        started.set()
        go_on.wait(10)
        return engine("b")

    loading = threading.Thread(target=lambda: pool.get("b", slow))
    loading.start()
    assert started.wait(10)
    assert pool.get("a", lambda: engine("never")).engine == "a"
    go_on.set()
    loading.join()


def test_a_failed_load_leaves_nothing_and_can_be_tried_again():
    pool = EnginePool(1)

    def fail() -> LocalEngine:
        raise EngineError("no", way_out="try again")

    with pytest.raises(EngineError):
        pool.get("a", fail)
    assert pool.resident() == []
    assert pool.get("a", lambda: engine("a")).engine == "a"


def test_turns_come_in_order_one_at_a_time_and_say_how_many_are_before():
    turns, inside, order = Queue(), [], []
    places: dict[int, list[int]] = {number: [] for number in range(4)}
    entered = threading.Event()
    go_on = threading.Event()

    def visit(number: int) -> None:
        with turns.turn(places[number].append):
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
            while not places[number]:
                time.sleep(0.005)
    go_on.set()
    for thread in threads:
        thread.join()
    assert order == [0, 1, 2, 3]
    assert [told[:1] for told in places.values()] == [[], [1], [2], [3]]


def test_who_gives_up_waiting_leaves_the_queue():
    turns = Queue()

    def stop(before: int) -> Any:
        raise InterruptedError

    with turns.turn(lambda before: None), pytest.raises(InterruptedError), turns.turn(stop):
        pass
    with turns.turn(stop):  # nobody is before: stop is not called
        pass
