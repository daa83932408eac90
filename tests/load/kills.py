"""kill -9 at random moments of a download, a prediction and an import: nothing is damaged.

Each begins children of one process that has imported all they need, so that a child is at work
within milliseconds, kills them, and looks at what they left: every file is whole or not there,
every record is there once, and the next start completes.
"""

import hashlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from benchmarks.serving import REPOSITORY
from components.evaluation import RunStore
from components.evaluation.transfer import export_run
from tests.support.loopback_hub import LoopbackHub
from tests.support.scripted_runs import MODELS, plan, prediction
from tests.support.small_repositories import add, repository, small_llama

MODEL = "acme/small"
_MIB = 1 << 20


class Parent:
    """The process that begins children; see tests.support.killed_child."""

    def __init__(self, process: subprocess.Popen[str]):
        self._process = process

    def killed(self, work: str, seconds: float) -> bool:
        """Begin a child, kill it after so many seconds; whether it was still at work then."""
        child = self._begin(work)
        time.sleep(seconds)
        with suppress(ProcessLookupError):  # it has ended by itself
            os.kill(child, signal.SIGKILL)
        return self._end() == signal.SIGKILL

    def completed(self, work: str) -> None:
        """Let a child work to its end. AssertionError if it fails."""
        self._begin(work)
        status = self._end()
        assert status == 0, f"{work} ended with {status}"

    def _begin(self, work: str) -> int:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{work}\n")
        self._process.stdin.flush()
        return int(self._line())

    def _end(self) -> int:
        return int(self._line())

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


@contextmanager
def parent(**environment: str) -> Iterator[Parent]:
    """One that has all its environment and imports."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.killed_child"],
        cwd=REPOSITORY,
        env={**os.environ, "OMP_NUM_THREADS": "1", "BASEWISE_DTYPE": "float32", **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            yield Parent(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()


def in_download(hub: LoopbackHub, folder: Path, kills: int) -> int:
    """Kill a download of weights so many times, then complete it; how many were at work."""
    weights = random.Random(1).randbytes(8 * _MIB)
    files = {"config.json": b"{}", "model.safetensors": weights}
    hub.add_repo(MODEL, files, lfs=["model.safetensors"])
    hub.bytes_per_second = 12 * _MIB
    moments, at_work = random.Random(0), 0
    with parent(HF_ENDPOINT=hub.url, BASEWISE_CACHE=str(folder)) as begun:
        for _ in range(kills):
            at_work += begun.killed(f"download {MODEL}", moments.uniform(0.02, 0.7))
            _check_blobs(folder)
        hub.bytes_per_second = None
        begun.completed(f"download {MODEL}")
    (snapshot,) = (folder / "hub").glob("*/snapshots/*")
    assert (snapshot / "model.safetensors").read_bytes() == weights
    whole = [blob for blob in folder.glob("hub/*/blobs/*") if blob.suffix != ".incomplete"]
    assert len(whole) == len(files)
    return at_work


def _check_blobs(folder: Path) -> None:
    """A file with the name of its content has that content."""
    for blob in folder.glob("hub/*/blobs/*"):
        if len(blob.name) == 64:
            assert hashlib.sha256(blob.read_bytes()).hexdigest() == blob.name, "a damaged file"


def in_prediction(hub: LoopbackHub, folder: Path, kills: int) -> int:
    """Kill a process that predicts and stores what it finds; how many were at work."""
    add(hub, MODEL, repository(small_llama()))
    path, moments, at_work, known = folder / "runs.sqlite", random.Random(0), 0, 0
    work = f"predict {MODEL} {path}"
    with parent(HF_ENDPOINT=hub.url, BASEWISE_CACHE=str(folder / "cache")) as begun:
        begun.completed(f"predict-one {MODEL} {path}")
        for _ in range(kills):
            at_work += begun.killed(work, moments.uniform(0.05, 1.2))
            stored = _answers(path)
            assert known <= stored, "a finished prediction was lost"
            known = stored
        begun.completed(f"check {MODEL} {path}")
    return at_work


def _answers(path: Path) -> int:
    """How many live predictions are stored, each once; the file is whole."""
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        (count,) = connection.execute("SELECT COUNT(*) FROM live_prediction").fetchone()
    connection.close()
    return count


def in_import(folder: Path, kills: int, rows: int = 400) -> int:
    """Kill the import of a run; how many were at work."""
    exported, path = folder / "run.sqlite", folder / "runs.sqlite"
    _export(folder / "source.sqlite", exported, rows)
    work, moments, at_work = f"import {exported} {path}", random.Random(0), 0
    RunStore(path).close()
    with parent(BASEWISE_CACHE=str(folder / "cache")) as begun:
        for _ in range(kills):
            at_work += begun.killed(work, moments.uniform(0.001, 0.08))
            assert _imported(path) in ((0, 0), (1, rows * len(MODELS))), "half a run"
        if _imported(path) == (0, 0):
            begun.completed(work)
    assert _imported(path) == (1, rows * len(MODELS))
    return at_work


def _export(source: Path, exported: Path, rows: int) -> None:
    store = RunStore(source)
    whole = plan(rows)
    run = store.create(whole, "me").id
    answers = {model: prediction(whole.rows[0].item, model) for model in MODELS}
    for row in whole.rows:
        for model in MODELS:
            store.add(run, model, replace(answers[model], item=row.item))
    export_run(store, run, exported)
    store.close()


def _imported(path: Path) -> tuple[int, int]:
    """How many runs and predictions the file has, which is whole."""
    connection = sqlite3.connect(path)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        (runs,) = connection.execute("SELECT COUNT(*) FROM run").fetchone()
        (predictions,) = connection.execute("SELECT COUNT(*) FROM prediction").fetchone()
    finally:
        connection.close()
    return runs, predictions
