"""Runs that go on while nobody looks: one worker, whatever pages come and go."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from dataclasses import dataclass, replace

from filelock import Timeout

from components.control import Control, Progress
from components.errors import BasewiseError, RunError, StoppedError
from components.evaluation.plan import Plan
from components.evaluation.predictor import Predictor
from components.evaluation.progress import ModelProgress, progress_of_models
from components.evaluation.store import RunInfo, RunStore, State
from components.evaluation.work import carry_out
from components.settings import Settings

_log = logging.getLogger(__name__)
_ELSEWHERE_SECONDS = 1.0
_END_SECONDS = 60.0
# The rate is that of the latest predictions, so that it follows from one model to the next.
_LATEST = 20


@dataclass(frozen=True)
class RunProgress:
    """How far a run is. `doing` is what its worker reports; `rate` is in predictions per minute.

    `seconds_left` is at that rate. All three are None while nothing is at work on it here.
    """

    info: RunInfo
    models: list[ModelProgress]
    doing: Progress | None = None
    rate: float | None = None
    seconds_left: float | None = None


class _Job:
    """The run that is worked on now; `halted` is how it stands once it has been stopped."""

    def __init__(self, run_id: str):
        self.run_id = run_id
        self.halted: State | None = None
        self.doing: Progress | None = None
        self.ended: deque[float] = deque(maxlen=_LATEST + 1)
        self.control = Control(self._report)

    def _report(self, progress: Progress) -> None:
        self.doing = progress

    def heard(self, repo_id: str, error: str | None) -> None:
        self.ended.append(time.monotonic())

    @property
    def rate(self) -> float | None:
        """Predictions per minute, from the second on."""
        ended = list(self.ended)
        if len(ended) < 2 or ended[-1] == ended[0]:
            return None
        return 60 * (len(ended) - 1) / (ended[-1] - ended[0])


class Runner:
    """Works on one run at a time, in the order in which they were started.

    A visitor (a random id that the caller keeps for one) may change the runs that they started.
    Safe to use from several threads; runs that another process works on are left to it.
    """

    def __init__(self, store: RunStore, predictor: Predictor, limits: Settings):
        self.store = store
        self._predictor, self._limits = predictor, limits
        self._changed = threading.Condition()  # guards what follows
        self._waiting: deque[str] = deque()
        self._job: _Job | None = None
        self._unsaid: dict[str, str] = {}  # problems that the store could not take
        self._thread: threading.Thread | None = None
        self._closed = False

    def start(self, plan: Plan, visitor: str) -> str:
        """Begin a run, or go on with the same plan's; its id.

        RunError where the host keeps no more or no larger ones, or for a run that was imported and
        is not whole.
        """
        self._expire()
        known = [info for info in self.store.runs() if info.id == plan.run_id]
        if not known:
            self._refuse_beyond_limits(plan)
        info = known[0] if known else self.store.create(plan, visitor)
        if info.done < info.total:
            self._enqueue(info)
        return info.id

    def resume(self, run_id: str, visitor: str) -> None:
        """Go on with a run that was paused, was stopped or failed."""
        info = self._own(run_id, visitor)
        if info.state != "finished" or info.done < info.total:
            self._enqueue(info)

    def pause(self, run_id: str, visitor: str) -> None:
        """Halt a run at the model's next pass, for now."""
        self._halt(run_id, visitor, "paused")

    def stop(self, run_id: str, visitor: str) -> None:
        """End a run as it is."""
        self._halt(run_id, visitor, "stopped")

    def delete(self, run_id: str, visitor: str) -> None:
        """Remove a run and its predictions."""
        self._halt(run_id, visitor, "stopped")
        self._delete(run_id)

    def resume_interrupted(self) -> list[str]:
        """Go on with the runs that were at work or waiting when the process ended; their ids."""
        self._expire()
        interrupted = [
            info
            for info in reversed(self.store.runs())
            if info.state in ("waiting", "running") and not info.read_only
        ]
        for info in interrupted:
            self._enqueue(info)
        return [info.id for info in interrupted]

    def runs(self) -> list[RunInfo]:
        """All runs of all visitors, the latest started first."""
        return [self._with_unsaid(info) for info in self.store.runs()]

    def progress(self, run_id: str) -> RunProgress:
        """How far a run is."""
        info = self._with_unsaid(self.store.run(run_id))
        models = progress_of_models(self.store, run_id)
        with self._changed:
            job = self._job
        if job is None or job.run_id != run_id:
            return RunProgress(info, models)
        rate, left = job.rate, info.total - info.done - info.failed
        return RunProgress(info, models, job.doing, rate, 60 * left / rate if rate else None)

    def close(self, seconds: float | None = None) -> None:
        """Let go of the run at work, as a process that ends does; the next start resumes it.

        Waits for its latest pass to end, so many seconds at most.
        """
        with self._changed:
            self._closed = True
            self._waiting.clear()
            if self._job is not None:
                self._job.control.stop()
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(seconds)

    def _own(self, run_id: str, visitor: str) -> RunInfo:
        info = self.store.run(run_id)
        if not visitor or info.owner != visitor:
            raise RunError(
                "Another visitor started this run.", way_out="Start one of your own, or export it."
            )
        return info

    def _refuse_beyond_limits(self, plan: Plan) -> None:
        kept = sum(not info.read_only for info in self.store.runs())
        if plan.predictions > self._limits.run_predictions:
            raise RunError(
                f"This run would have {plan.predictions:,} predictions; this host allows"
                f" {self._limits.run_predictions:,}.",
                way_out="Take a smaller sample of the rows, or fewer models.",
            )
        if kept >= self._limits.runs:
            raise RunError(
                f"This host keeps {self._limits.runs} runs, and has them.",
                way_out="Delete one of yours, or wait until the oldest expires.",
            )
        if self.store.database.megabytes >= self._limits.runs_mb:
            raise RunError(
                f"This host keeps {self._limits.runs_mb:,} MB of runs, and has them.",
                way_out="Delete one of yours, or wait until the oldest expires.",
            )

    def _enqueue(self, info: RunInfo) -> None:
        if info.read_only:
            raise RunError(
                "This run came as a file and is read-only.",
                way_out="Delete it to compute the same plan here.",
            )
        with self._changed:
            if info.id in self._waiting:
                return
            if self._job is not None and self._job.run_id == info.id:
                if self._job.halted is None:
                    return
                self._job.halted = "waiting"
            self.store.set_state(info.id, "waiting")
            self._unsaid.pop(info.id, None)
            self._waiting.append(info.id)
            if self._thread is None:
                self._thread = threading.Thread(target=self._loop, name="runs", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def _halt(self, run_id: str, visitor: str, state: State) -> None:
        with self._changed:
            info = self._own(run_id, visitor)
            if run_id in self._waiting:
                self._waiting.remove(run_id)
            if self._job is not None and self._job.run_id == run_id:
                self._job.halted = state
                self._job.control.stop()
            going = info.state in ("waiting", "running")
            if going or (state == "stopped" and info.state in ("paused", "failed")):
                self.store.set_state(run_id, state)

    def _delete(self, run_id: str) -> None:
        try:
            with self.store.lock(run_id).acquire(timeout=_END_SECONDS):
                self.store.delete(run_id)
        except Timeout as error:
            raise RunError(
                "The run can't be deleted: something is still at work on it.",
                way_out="Try again in a while; another process of Basewise may have it.",
            ) from error

    def _expire(self) -> None:
        """Delete what has not changed for as many days as the host keeps runs."""
        oldest = time.time() - self._limits.run_days * 86_400
        for info in self.store.runs():
            at_work = info.state in ("waiting", "running")
            if info.changed < oldest and info.origin != "bundled" and not at_work:
                _log.info("Run %s is older than %s days", info.id, self._limits.run_days)
                self._delete(info.id)

    def _with_unsaid(self, info: RunInfo) -> RunInfo:
        problem = self._unsaid.get(info.id)
        return info if problem is None else replace(info, state="failed", problem=problem)

    def _loop(self) -> None:
        while (job := self._next()) is not None:
            lock = self.store.lock(job.run_id)
            try:
                lock.acquire(timeout=0)
            except Timeout:  # another process is at it: it may die
                self._put_back(job)
                time.sleep(_ELSEWHERE_SECONDS)
                continue
            try:
                self._work(job)
            finally:
                with self._changed:
                    self._job = None
                lock.release()

    def _next(self) -> _Job | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            if self._closed:
                return None
            self._job = _Job(self._waiting.popleft())
            return self._job

    def _put_back(self, job: _Job) -> None:
        with self._changed:
            self._job = None
            if not self._closed:
                self._waiting.append(job.run_id)

    def _work(self, job: _Job) -> None:
        try:
            carry_out(self.store, self._predictor, job.run_id, job.control, job.heard)
        except StoppedError:
            with self._changed:
                if job.halted is not None:  # else the process ends: the run goes on after that
                    self.store.set_state(job.run_id, job.halted)
        except BasewiseError as error:
            _log.warning("Run %s failed: %s", job.run_id, error)
            self._fail(job.run_id, str(error))
        except Exception as error:
            # The worker outlives a fault of ours: it is logged, and shown as one.
            _log.exception("Run %s failed", job.run_id)
            self._fail(job.run_id, f"A fault of Basewise's own ({type(error).__name__}: {error}).")

    def _fail(self, run_id: str, problem: str) -> None:
        try:
            self.store.set_state(run_id, "failed", problem)
        except BasewiseError:
            with self._changed:
                self._unsaid[run_id] = problem
