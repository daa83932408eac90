"""A worker that is killed at any moment loses no finished prediction and doubles none."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from benchmarks.serving import REPOSITORY
from components.evaluation import RunStore
from tests.support.scripted_runs import MODELS, plan, prediction

KILLS, ROWS = 30, 150


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no kill -9")
def test_thirty_kills_at_random_moments_lose_and_double_nothing(tmp_path):
    path = tmp_path / "runs.sqlite"
    store = RunStore(path)
    whole = plan(ROWS)
    run = store.create(whole, "me").id
    store.close()
    moments = random.Random(0)
    kept: set[tuple[str, str]] = set()
    killed_at_work = 0
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.killed_worker"],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        kills = 0
        while True:
            process.stdin.write(f"{path}\n")
            process.stdin.flush()
            child = int(process.stdout.readline())
            if kills < KILLS:
                time.sleep(moments.uniform(0, 0.12))
                os.kill(child, signal.SIGKILL)
                kills += 1
            status = int(process.stdout.readline())
            killed_at_work += status == signal.SIGKILL
            found = recorded(path)
            assert kept <= found, "a finished prediction was lost"
            kept = found
            if status == 0 and kills == KILLS:
                break
        process.stdin.close()
    assert killed_at_work >= KILLS * 0.9
    assert kept == {(model, row.id) for model in MODELS for row in whole.rows}
    store = RunStore(path)
    info = store.run(run)
    assert (info.state, info.done, info.failed) == ("finished", 2 * ROWS, 0)
    for model in MODELS:
        records = store.predictions(run, model)
        assert [record.item_id for record in records] == [row.id for row in whole.rows]
        expected = prediction(whole.rows[0].item, model).distribution
        for record in records:
            assert record.distribution is not None
            assert (record.distribution.probabilities == expected.probabilities).all()
            assert len(record.distribution.first_tokens) == len(expected.first_tokens)
    store.close()


def recorded(path) -> set[tuple[str, str]]:
    """The model and item of each prediction, seen by a reader of its own; each once."""
    connection = sqlite3.connect(path)
    rows = connection.execute("SELECT model, item FROM prediction").fetchall()
    assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    connection.close()
    assert len(set(rows)) == len(rows)
    return set(rows)
