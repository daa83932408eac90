"""What a run is to do: models, rows and settings. The same plan is the same run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from components.evaluation.item import InferenceSettings
from components.evaluation.rows import Row

_ID_LENGTH = 20


def canonical_json(value: Any) -> str:
    """The one JSON text of a value: sorted keys, no spaces. ValueError for NaN and infinity."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def digest(value: Any) -> str:
    """The hexadecimal SHA-256 of a value's canonical JSON."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def run_id(models: Sequence[str], rows: Sequence[Row], settings: Mapping[str, Any]) -> str:
    """A hash of what is asked of whom: 20 hexadecimal digits.

    Neither the order of models and rows nor where the rows are from changes it.
    """
    asked = sorted([row.id, row.prompt, float(row.price), row.category or ""] for row in rows)
    plan = {"models": sorted(models), "rows": asked, "settings": settings}
    return digest(plan)[:_ID_LENGTH]


@dataclass(frozen=True)
class Plan:
    """Every model (Hub ids) is asked for every row's price, in the same way.

    `label` and `left_out` say where the rows are from and what was left out: they are shown, and
    do not change the run's id.
    """

    models: tuple[str, ...]
    rows: tuple[Row, ...]
    settings: InferenceSettings = field(default_factory=InferenceSettings)
    label: str = ""
    left_out: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.models or not self.rows:
            raise ValueError("a plan has one model and one row at least")
        if len(set(self.models)) < len(self.models):
            raise ValueError(f"a model is listed twice: {self.models}")
        if len({row.id for row in self.rows}) < len(self.rows):
            raise ValueError("two rows have the same id")

    @property
    def predictions(self) -> int:
        """How many predictions the run has once it is finished."""
        return len(self.models) * len(self.rows)

    @cached_property
    def run_id(self) -> str:
        """The run's id and address."""
        return run_id(self.models, self.rows, asdict(self.settings))

    @cached_property
    def items(self) -> pd.DataFrame:
        """The rows as figures have them: `item_id`, `category` and `actual`."""
        return pd.DataFrame(
            {
                "item_id": [row.id for row in self.rows],
                "category": pd.Series([row.category for row in self.rows], dtype=object),
                "actual": np.array([row.price for row in self.rows], dtype=float),
            }
        )
