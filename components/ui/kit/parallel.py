"""Work done side by side in threads, with one bar of progress, stopped when the visitor moves on.

Threads must not draw: each job reports into a note, and the page's own run draws the notes.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from threading import Event
from typing import TypeVar

import streamlit as st

from components.assets import Progress
from components.errors import BasewiseError
from components.ui.kit.text import plain

T = TypeVar("T")

_WORKERS = 4
_DRAW_SECONDS = 0.2


class _StoppedError(Exception):
    """The run that wanted the result is gone."""


def run_parallel(
    jobs: Mapping[str, Callable[[Progress], T]], *, doing: str
) -> dict[str, T | BasewiseError]:
    """The result of every job by its name, or the error that it ended with, in the jobs' order."""
    stopped = Event()
    notes: dict[str, str] = {}

    def reporting(name: str) -> Progress:
        def report(stage: str, done: int, total: int | None) -> None:
            if stopped.is_set():
                raise _StoppedError
            amount = f" {done / 1e6:,.0f} of {total / 1e6:,.0f} MB" if total else ""
            notes[name] = f"{stage}{amount}"

        return report

    def outcome(name: str, job: Callable[[Progress], T]) -> T | BasewiseError:
        try:
            return job(reporting(name))
        except BasewiseError as error:
            return error
        finally:
            notes.pop(name, None)

    pool = ThreadPoolExecutor(_WORKERS)
    slot = st.empty()
    try:
        futures = {name: pool.submit(outcome, name, job) for name, job in jobs.items()}
        pending: set[Future[T | BasewiseError]] = set(futures.values())
        while pending:
            pending = wait(pending, _DRAW_SECONDS, FIRST_COMPLETED).not_done
            if pending:
                text = f"{doing}: {len(jobs) - len(pending)} of {len(jobs)}. "
                running = "; ".join(list(notes.values())[:2])
                slot.progress(1 - len(pending) / len(jobs), text=plain(text + running))
    finally:  # also when Streamlit interrupts this run, which it does where the bar is drawn
        stopped.set()
        pool.shutdown(wait=False, cancel_futures=True)
    slot.empty()
    return {name: future.result() for name, future in futures.items()}
