"""Work done in parallel threads, with one bar of progress, stopped when the visitor moves on.

Threads must not draw: each job's latest report is noted, and the page's own run draws the notes.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

import streamlit as st

from components.control import Control, Progress
from components.errors import BasewiseError
from components.ui.kit.feedback import amount
from components.ui.kit.text import plain

T = TypeVar("T")

_WORKERS = 4
_DRAW_SECONDS = 0.2


def run_parallel(
    jobs: Mapping[str, Callable[[Control], T]], *, doing: str
) -> dict[str, T | BasewiseError]:
    """The result of every job by its name, or the error that it ended with, in the jobs' order."""
    whole = Control()
    latest: dict[str, Progress] = {}

    def outcome(name: str, job: Callable[[Control], T]) -> T | BasewiseError:
        try:
            return job(whole.with_listener(lambda progress: latest.update({name: progress})))
        except BasewiseError as error:
            return error
        finally:
            latest.pop(name, None)

    pool = ThreadPoolExecutor(_WORKERS)
    slot = st.empty()
    try:
        futures = {name: pool.submit(outcome, name, job) for name, job in jobs.items()}
        pending: set[Future[T | BasewiseError]] = set(futures.values())
        while pending:
            pending = wait(pending, _DRAW_SECONDS, FIRST_COMPLETED).not_done
            if pending:
                text = f"{doing}: {len(jobs) - len(pending)} of {len(jobs)}. "
                running = "; ".join(f"{p.stage} {amount(p)}" for p in list(latest.values())[:2])
                slot.progress(1 - len(pending) / len(jobs), text=plain(text + running))
    finally:  # also when Streamlit interrupts this run, which it does where the bar is drawn
        whole.stop()
        pool.shutdown(wait=False, cancel_futures=True)
    slot.empty()
    return {name: future.result() for name, future in futures.items()}
