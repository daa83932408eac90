"""What models answered in this visit."""

from dataclasses import dataclass

import streamlit as st

from components.errors import BasewiseError
from components.evaluation import InferenceSettings, Item, Prediction

_KEY = "outcomes"
_LIMIT = 200


@dataclass
class Outcome:
    """What became of a request to one model, filled in while it runs.

    `recorded` is when, in seconds since 1970, it was computed, if it was not in this visit.

    `prediction` is there once its distribution is; `error` says why there is none. One that is
    shown with neither, or unfinished, was stopped: the interrupted run may still be in its last
    forward pass, so it is not asked to say so itself.
    """

    repo_id: str
    title: str
    item: Item
    settings: InferenceSettings
    prediction: Prediction | None = None
    error: BasewiseError | None = None
    recorded: float | None = None


def keep(outcome: Outcome) -> None:
    """Remember an outcome as its model's latest."""
    key = (outcome.repo_id, outcome.item.prompt, outcome.settings)
    kept = _all()
    kept.pop(key, None)
    kept[key] = outcome
    while len(kept) > _LIMIT:
        del kept[next(iter(kept))]


def latest(repo_id: str) -> Outcome | None:
    """The model's newest outcome of this visit."""
    return next((kept for kept in reversed(_all().values()) if kept.repo_id == repo_id), None)


def of_prompt(prompt: str, settings: InferenceSettings, repo_ids: list[str]) -> list[Outcome]:
    """The outcomes of these models for this very prompt and these settings."""
    kept = [_all().get((repo_id, prompt, settings)) for repo_id in repo_ids]
    return [outcome for outcome in kept if outcome]


def _all() -> dict[tuple[str, str, InferenceSettings], Outcome]:
    return st.session_state.setdefault(_KEY, {})
