"""Whether a model can run here, and what it would take, before anything is downloaded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from components.assets import HubAnswer, ask_hub, has_hub_token, weights_at_hand
from components.engines.local.files import Precision, weights_size
from components.engines.local.layout import Layout
from components.engines.local.memory import HEADROOM, machine_bytes
from components.registry import HubRepo, Package, load_registry

State = Literal["ready", "download", "too_large", "token", "missing", "unreachable"]
_BYTES_OF_BF16 = 2


@dataclass(frozen=True)
class Readiness:
    """How a model stands here. `gigabytes` are those to download, or those of memory it needs."""

    state: State
    gigabytes: float | None = None

    @property
    def runs(self) -> bool:
        """Whether it is worth trying."""
        return self.state in ("ready", "download")


def standing_of(repo_id: str, precision: Precision) -> Readiness:
    """How a model stands here, by what the registry, this disk and the Hub say.

    It is asked of the Hub what the registry does not know, for some seconds at most.
    UnknownModelError for a malformed id.
    """
    registry = load_registry()
    spec = registry.resolve(repo_id)
    if spec.params_b is not None:
        needed = _needed(spec.params_b * 1e9, precision)
        if needed > machine_bytes():
            return Readiness("too_large", needed / 1e9)
    if weights_at_hand(spec, registry):
        return Readiness("ready")
    sources = registry.weights_sources(spec)
    packages = [source for source in sources if isinstance(source, Package)]
    if packages:
        return Readiness("download", packages[0].download_bytes / 1e9)
    return _on_hub([source for source in sources if isinstance(source, HubRepo)], precision)


def _needed(parameters: float, precision: Precision) -> float:
    size = weights_size(Layout(), {"BF16": int(parameters)}, _BYTES_OF_BF16, precision)
    return size.loaded * HEADROOM


def _on_hub(repos: Sequence[HubRepo], precision: Precision) -> Readiness:
    """The first repository that can be had, else why the first one can't."""
    found = []
    for repo in repos:
        answer = ask_hub(repo)
        found.append(_of_answer(answer, precision))
        if found[-1].state in ("download", "too_large", "unreachable"):
            return found[-1]
    return found[0]


def _of_answer(answer: HubAnswer, precision: Precision) -> Readiness:
    if answer.problem == "refused":
        return Readiness("token")
    if answer.problem is not None:
        return Readiness(answer.problem)
    if answer.parameters is not None:
        needed = _needed(answer.parameters, precision)
        if needed > machine_bytes():
            return Readiness("too_large", needed / 1e9)
    if answer.gated and not has_hub_token():
        return Readiness("token")
    return Readiness("download", None if answer.bytes is None else answer.bytes / 1e9)
