"""What models answered in this visit, and how far those are that still work."""

from dataclasses import dataclass, replace

import streamlit as st

from components.control import Progress
from components.errors import BasewiseError
from components.evaluation import InferenceSettings, Item, LiveRequest, Prediction
from components.evaluation.live import State
from components.ui import run_services

_KEY = "outcomes"
_LIMIT = 200
_Key = tuple[str, str, InferenceSettings]


@dataclass(frozen=True)
class Outcome:
    """What became of a request to one model, as it stood when it was last looked at.

    `state` and `mine` are as LiveStanding has them. `prediction` is there once its distribution is;
    `error` says why there is none. `recorded` is when, in seconds since 1970, it was computed, if
    it was not in this visit.
    """

    repo_id: str
    title: str
    item: Item
    settings: InferenceSettings
    prediction: Prediction | None = None
    error: BasewiseError | None = None
    recorded: float | None = None
    state: State = "finished"
    mine: bool = True
    doing: Progress | None = None

    @property
    def at_work(self) -> bool:
        """Whether there is more to come."""
        return self.state in ("waiting", "running")

    @property
    def request(self) -> LiveRequest:
        """What was asked of whom."""
        return LiveRequest(self.repo_id, self.item, self.settings)


def keep(outcome: Outcome) -> None:
    """Remember an outcome as its model's latest."""
    kept = _all()
    kept.pop(outcome.request.key, None)
    kept[outcome.request.key] = outcome
    while len(kept) > _LIMIT:
        del kept[next(iter(kept))]


def latest(repo_id: str) -> Outcome | None:
    """The model's newest outcome of this visit."""
    for key, kept in reversed(list(_all().items())):
        if kept.repo_id == repo_id and (seen := _refreshed(key, kept)) is not None:
            return seen
    return None


def of_item(
    title: str, item: Item, settings: InferenceSettings, repo_ids: list[str]
) -> dict[str, Outcome]:
    """The outcomes of these models for this very prompt and these settings, by model.

    What is at work for another visitor is among them. What is the visitor's own from before this
    visit (a refresh, another tab) becomes this visit's.
    """
    found = {}
    for repo_id in repo_ids:
        asked = Outcome(repo_id, title, item, settings, state="waiting")
        kept = _all().get(asked.request.key)
        if kept is not None:
            asked = replace(kept, title=title, item=item, prediction=_of(kept.prediction, item))
        seen = _look(asked)
        if seen is None:
            _all().pop(asked.request.key, None)
            continue
        found[repo_id] = seen
        if kept is not None:
            _all()[asked.request.key] = seen
        elif seen.mine:
            keep(seen)
    return found


def _refreshed(key: _Key, kept: Outcome) -> Outcome | None:
    if not kept.at_work:
        return kept
    seen = _look(kept)
    if seen is None:
        del _all()[key]
    else:
        _all()[key] = seen
    return seen


def _look(outcome: Outcome) -> Outcome | None:
    """The outcome as it stands now; None if nothing came of it or is known of it any more."""
    standing = run_services.live().standing(run_services.visitor(), outcome.request)
    if standing is None:
        return None if outcome.at_work or outcome.state == "left" else outcome
    return replace(
        outcome,
        state=standing.state,
        mine=standing.mine,
        prediction=standing.prediction,
        error=standing.error,
        doing=standing.doing,
    )


def _of(prediction: Prediction | None, item: Item) -> Prediction | None:
    """The answer beside what is known of its item now."""
    return None if prediction is None else replace(prediction, item=item)


def _all() -> dict[_Key, Outcome]:
    return st.session_state.setdefault(_KEY, {})
