"""Models as visitors type them or links carry them: read, and why others are left out."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import streamlit as st

from components.endpoints import load_endpoints, split_served_id
from components.errors import UnknownModelError
from components.leaderboard import ModelFacts, known_models, model_facts
from components.registry import load_registry, read_model
from components.ui import board_services
from components.ui.kit.binding import Offered
from components.ui.kit.text import plain

_NAMED = 3  # how many of those left out are named


@dataclass(frozen=True)
class _Said:
    """What is to be said, once, of ids that were read: a line, and what may have been meant."""

    lines: list[str] = field(default_factory=list)
    suggestions: list[str] = field(default_factory=list)


def clean_ids(texts: Sequence[str], *, limit: int, where: str) -> list[str]:
    """The ids of the models that these texts name, each once, at most `limit`.

    What is left out and why, and what was read as what, is stored for `say_refused(where)`.
    """
    registry, known = load_registry(), known_models(board_services.live_runs())
    accepted: list[str] = []
    notes: list[str] = []
    refused: dict[str, UnknownModelError] = {}
    for text in texts:
        hub_id, endpoint = split_served_id(text)
        if endpoint is not None:
            if endpoint in load_endpoints():
                accepted.append(load_endpoints()[endpoint].served_id)
            else:
                refused[text] = UnknownModelError(
                    f"This host has no endpoint {endpoint[:40]!r}.",
                    way_out=f"Run {hub_id} here, or pick an endpoint that is offered.",
                )
            continue
        try:
            model = read_model(text, registry, known)
        except UnknownModelError as error:
            refused[text] = error
        else:
            accepted.append(model.repo_id)
            notes += [model.note] if model.note else []
    accepted = list(dict.fromkeys(accepted))
    lines = [*notes[:_NAMED], *_left_out(refused, accepted[limit:], limit)]
    meant = [id for error in refused.values() for id in error.suggestions]
    suggestions = [id for id in dict.fromkeys(meant) if id not in accepted]
    st.session_state[f"{where}_said"] = _Said(lines, suggestions[:4])
    return accepted[:limit]


def _left_out(
    refused: dict[str, UnknownModelError], too_many: Sequence[str], limit: int
) -> list[str]:
    """What is left out, shown as one line; nothing where nothing is."""
    if len(refused) == 1 and not too_many:
        (error,) = refused.values()
        return [f"{error.problem} {error.way_out}"]
    lines = []
    if refused:
        count = f"{len(refused):,} of these" if len(refused) > 1 else "One"
        lines.append(f"{count} can't be read as a model: {_some(list(refused))} left out.")
    if too_many:
        lines.append(f"At most {limit} models fit in here: {_some(too_many)} left out.")
    return lines


def _some(texts: Sequence[str]) -> str:
    named = [text if len(text) <= 40 else f"{text[:40]}…" for text in texts[:_NAMED]]
    return ", ".join(named) + (", …" if len(texts) > _NAMED else "")


def say_refused(where: str) -> list[str]:
    """Show, once, what `clean_ids` left out and why; the ids that may have been meant."""
    said = st.session_state.pop(f"{where}_said", _Said())
    if said.lines:
        st.warning(plain(" ".join(said.lines)))
    return said.suggestions


def options(first: Sequence[str]) -> list[Offered]:
    """All models of the registry and the bundled boards, these first (they may be neither's)."""
    return list(map(Offered, dict.fromkeys([*first, *known_models()])))


def facts(repo_id: str) -> ModelFacts:
    """What is known of the model, on every page the same."""
    return model_facts(repo_id, board_services.live_runs())


def label(repo_id: str) -> str:
    """The model's short name, or the id of one that the registry does not list; where it runs."""
    registry = load_registry()
    hub_id, endpoint = split_served_id(repo_id)
    name = registry.get(hub_id).label if hub_id in registry else hub_id
    return name if endpoint is None else f"{name} on {endpoint}"


def served() -> list[str]:
    """The models that this host's endpoints serve, by their keys."""
    return [endpoint.served_id for endpoint in load_endpoints().values()]


def labels(repo_ids: Sequence[str]) -> dict[str, str]:
    """Short names by Hub id; where two models have the same, each with its id."""
    names = {repo_id: label(repo_id) for repo_id in repo_ids}
    count = Counter(names.values())
    return {
        repo_id: f"{name} ({repo_id})" if count[name] > 1 else name
        for repo_id, name in names.items()
    }
