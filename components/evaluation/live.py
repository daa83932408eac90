"""Live predictions that go on while nobody looks: what visitors ask, each question once."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from components.control import Control, Progress
from components.errors import BasewiseError, FaultError, QueueError, StoppedError
from components.evaluation.item import InferenceSettings, Item, Prediction
from components.evaluation.predictor import Predictor
from components.settings import Settings

_log = logging.getLogger(__name__)
# What became of requests is remembered of so many, for whoever comes back to them.
_REMEMBERED = 200
_END_SECONDS = 1.5

State = Literal["waiting", "running", "finished", "failed", "stopped", "abandoned", "left"]
_Key = tuple[str, str, InferenceSettings]


@dataclass(frozen=True)
class LiveRequest:
    """One model, by its Hub id or key, asked one item in one way."""

    repo_id: str
    item: Item
    settings: InferenceSettings

    @property
    def key(self) -> _Key:
        """The same where the answer is: known before the model's files are."""
        return self.repo_id, self.item.prompt, self.settings


@dataclass(frozen=True)
class LiveStanding:
    """How a request stands for a visitor.

    `mine` is whether this visitor asked for it. `left` is what they gave up and others still wait
    for, `abandoned` what was ended because nobody looked at it. `prediction` is there once its
    distribution is, `error` where it failed; `doing` is what the work reports.
    """

    state: State
    mine: bool
    prediction: Prediction | None = None
    error: BasewiseError | None = None
    doing: Progress | None = None

    @property
    def at_work(self) -> bool:
        """Whether there is more to come."""
        return self.state in ("waiting", "running")


class _Job:
    """A request and who waits for it. Guarded by its owner's lock."""

    def __init__(self, request: LiveRequest, control: Control):
        self.request = request
        self.control = control
        self.state: State = "waiting"
        self.prediction: Prediction | None = None
        self.error: BasewiseError | None = None
        self.doing: Progress | None = None
        self.wanted_by: set[str] = set()
        self.left_by: set[str] = set()
        self.looked_at = time.monotonic()

    def hear_partial(self, prediction: Prediction) -> None:
        self.prediction = prediction

    def standing(self, item: Item, *, mine: bool) -> LiveStanding:
        found = self.prediction
        if found is not None and found.item != item:  # the same prompt, another known price
            found = replace(found, item=item)
        return LiveStanding(self.state, mine, found, self.error, self.doing)


class LivePredictions:
    """Works on what visitors ask, in the order asked: one request of a visitor at a time.

    A visitor is a random id that the caller keeps for one. The same request of several is worked on
    once, and goes on until the last of them gives it up. What nobody has looked at for as long as
    the settings say is ended. Safe to use from several threads.
    """

    def __init__(self, predictor: Predictor, limits: Settings):
        self._predictor, self._limits = predictor, limits
        self._lock = threading.RLock()  # guards what follows
        self._jobs: OrderedDict[_Key, _Job] = OrderedDict()  # those waiting or running
        self._threads: dict[_Job, threading.Thread] = {}  # some in their last pass after Stop
        self._ended: OrderedDict[tuple[str, _Key], _Job] = OrderedDict()
        self._closed = False

    def ask(self, visitor: str, request: LiveRequest) -> None:
        """Have it worked on for this visitor; QueueError where too much of theirs waits already."""
        with self._lock:
            self._end_abandoned()
            job = self._jobs.get(request.key)
            if job is None:
                self._refuse_too_many(visitor)
                job = self._jobs[request.key] = self._new_job(request)
            job.wanted_by.add(visitor)
            job.left_by.discard(visitor)
            job.looked_at = time.monotonic()
            self._ended.pop((visitor, request.key), None)
            self._start_next()

    def standing(self, visitor: str, request: LiveRequest) -> LiveStanding | None:
        """How a request stands: one at work for everybody, an ended one for those who asked.

        Whoever asks this looks at it, which keeps it from being abandoned.
        """
        with self._lock:
            job = self._jobs.get(request.key)
            if job is not None:
                job.looked_at = time.monotonic()
            self._end_abandoned()
            if job is None or visitor not in job.wanted_by:
                ended = self._ended.get((visitor, request.key))
                if ended is not None:
                    return ended.standing(request.item, mine=True)
            if job is None:
                return None
            if visitor in job.left_by:
                return LiveStanding("left", mine=True)
            return job.standing(request.item, mine=visitor in job.wanted_by)

    def wanted_by(self, visitor: str) -> list[LiveRequest]:
        """What this visitor waits for, in the order asked; the first may be at work."""
        with self._lock:
            return [job.request for job in self._jobs.values() if visitor in job.wanted_by]

    def give_up(self, visitor: str, requests: Iterable[LiveRequest] | None = None) -> None:
        """The visitor waits no longer for these, or for anything.

        What another still waits for goes on; what is at work for nobody else ends at the model's
        next pass, and what there is by then is kept for the visitor.
        """
        with self._lock:
            keys = None if requests is None else {request.key for request in requests}
            for key, job in list(self._jobs.items()):
                if visitor in job.wanted_by and (keys is None or key in keys):
                    job.wanted_by.remove(visitor)
                    self._without(job, visitor)
            self._start_next()

    def close(self, seconds: float = _END_SECONDS) -> None:
        """End all work, as a process that ends does, and wait so long for it."""
        until = time.monotonic() + seconds
        with self._lock:
            self._closed = True
            for job in self._threads:
                job.control.stop()
            threads = list(self._threads.values())
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _new_job(self, request: LiveRequest) -> _Job:
        def hear(progress: Progress) -> None:
            job.doing = progress
            with self._lock:
                self._end_abandoned()

        return (job := _Job(request, Control(hear)))

    def _refuse_too_many(self, visitor: str) -> None:
        waiting = [job for job in self._jobs.values() if job.state == "waiting"]
        if sum(visitor in job.wanted_by for job in waiting) >= self._limits.live_waiting:
            most = self._limits.live_waiting
            wait = "prediction of yours waits" if most == 1 else "predictions of yours wait"
            raise QueueError(
                f"{most} {wait} already; this host lets no more wait.",
                way_out="Wait for them, or press Stop to give them up.",
            )

    def _without(self, job: _Job, visitor: str) -> None:
        """A visitor has given this up."""
        if job.wanted_by:
            job.left_by.add(visitor)
        elif job.state == "waiting":  # nothing was begun, so nothing was stopped
            del self._jobs[job.request.key]
        else:
            self._end(job, "stopped", {visitor})

    def _end_abandoned(self) -> None:
        oldest = time.monotonic() - self._limits.live_unwatched_seconds
        abandoned = [job for job in self._jobs.values() if job.looked_at < oldest]
        for job in abandoned:
            _log.info("Nobody looks at the prediction of %s: ended", job.request.repo_id)
            self._end(job, "abandoned", job.wanted_by)
        if abandoned:
            self._start_next()

    def _end(self, job: _Job, state: State, visitors: Iterable[str]) -> None:
        job.state = state
        job.control.stop()
        del self._jobs[job.request.key]
        for visitor in visitors:
            self._ended[visitor, job.request.key] = job
        job.wanted_by = set()  # what is still in its last pass holds none of them up
        while len(self._ended) > _REMEMBERED:
            self._ended.popitem(last=False)

    def _start_next(self) -> None:
        """Begin what may be: a visitor with a request at work waits for it."""
        for job in self._jobs.values():
            if self._closed or len(self._threads) >= self._limits.live_jobs:
                return
            busy = {who for other in self._threads for who in other.wanted_by}
            if job.state == "waiting" and job.wanted_by - busy:
                job.state = "running"
                thread = threading.Thread(target=self._work, args=[job], name="live", daemon=True)
                self._threads[job] = thread
                thread.start()

    def _work(self, job: _Job) -> None:
        prediction, error = None, None
        try:
            prediction = self._predictor.predict(
                job.request.repo_id,
                job.request.item,
                job.request.settings,
                job.control,
                partial=job.hear_partial,
            )
        except StoppedError:
            pass  # by who gave it up, who has it already, or with the process
        except BasewiseError as failure:
            error = failure
        except Exception as fault:
            # The worker outlives a fault of ours: it is logged, and shown as one.
            _log.exception("The prediction of %s failed", job.request.repo_id)
            error = FaultError.of(fault)
        with self._lock:
            self._took(job, prediction, error)

    def _took(self, job: _Job, prediction: Prediction | None, error: BasewiseError | None) -> None:
        """The work on a job is over."""
        del self._threads[job]
        if prediction is not None:
            job.prediction = prediction
        if job.state == "running":
            job.error = error
            ended: State = "failed" if error else "finished" if prediction else "stopped"
            self._end(job, ended, job.wanted_by)
        elif prediction is not None:  # it was done before Stop reached it
            job.state = "finished"
        self._start_next()
