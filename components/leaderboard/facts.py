"""What is known of a model wherever it is known from: one answer for every page."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import pandas as pd

from components.leaderboard.board import VINTAGES, load_board, one_run_per_model
from components.registry import load_registry


@dataclass(frozen=True)
class ModelFacts:
    """A model's name, kind, size in billions of parameters and licence; None where unknown.

    `known_from` is where it is listed: the registry, else the board, else nowhere. What the
    registry leaves open is the board's.
    """

    id: str
    label: str
    kind: str | None
    params_b: float | None
    license: str | None
    known_from: Literal["registry", "board"] | None


def model_facts(repo_id: str, live: pd.DataFrame | None = None) -> ModelFacts:
    """What the registry says of a model, else the boards: `live` if given, then bundled ones."""
    registry = load_registry()
    listed = registry.get(repo_id) if repo_id in registry else None
    model = listed.id if listed else repo_id
    row = _on_board(model, live)
    spec = registry.resolve(repo_id)
    return ModelFacts(
        id=model,
        label=spec.label if listed else model,
        kind=spec.kind or row.get("kind"),
        params_b=spec.params_b or row.get("params_b"),
        license=spec.license or row.get("license"),
        known_from="registry" if listed else "board" if row else None,
    )


def known_models(live: pd.DataFrame | None = None) -> dict[str, str]:
    """Every model of the registry, then of the boards: its id, and the name it is shown by."""
    listed = {spec.id: spec.label for spec in load_registry()}
    on_live = [] if live is None else live["model"].unique().tolist()
    return listed | {m: m for m in (*_bundled(), *on_live) if m not in listed}


def _on_board(model: str, live: pd.DataFrame | None) -> Mapping[str, Any]:
    row = dict(_bundled().get(model, {}))
    if live is not None and len(runs := live[live["model"] == model]):
        newest = one_run_per_model(runs).iloc[0].to_dict()
        row |= {str(name): value for name, value in newest.items() if pd.notna(value)}
    return row


@cache
def _bundled() -> Mapping[str, Mapping[str, Any]]:
    """Of each model of the bundled vintages, what the newest one that knows it says."""
    facts: dict[str, dict[str, Any]] = {}
    for vintage in VINTAGES:  # later ones replace earlier ones
        board = one_run_per_model(load_board(vintage))[["model", "kind", "params_b", "license"]]
        for row in board.to_dict("records"):
            known = {str(name): value for name, value in row.items() if pd.notna(value)}
            facts.setdefault(str(row["model"]), {}).update(known)
    return facts
