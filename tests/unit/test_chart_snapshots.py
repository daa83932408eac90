"""Whole charts of small inputs as JSON: whatever changes in a picture is seen in review.

After a meant change: `pytest tests/unit/test_chart_snapshots.py --snapshot-update`, and read the
difference. The files are in `__snapshots__` beside this one.
"""

import base64
import re
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from tests.support.example_charts import evaluation_figures, figures


def readable(value: Any) -> Any:
    """Plain lists and numbers of six significant digits; of long lists what their runs are."""
    if isinstance(value, dict) and "bdata" in value:  # plotly's own encoding of an array
        array = np.frombuffer(base64.b64decode(value["bdata"]), value["dtype"])
        shape = [int(size) for size in value.get("shape", str(array.size)).split(",")]
        return readable(array.reshape(shape))
    if isinstance(value, dict):
        return {key: readable(inner) for key, inner in value.items()}
    if isinstance(value, np.ndarray):
        return readable(value.tolist())
    if isinstance(value, (list, tuple)):
        inner = [readable(item) for item in value]
        return _runs(inner) if len(inner) > 50 else inner
    if isinstance(value, str):  # every chart carries the day it was drawn on
        return re.sub(r"Basewise,\s\d+\s\w+\s\d{4}", "Basewise, DATE", value)
    if isinstance(value, float):
        return None if np.isnan(value) else float(f"{value:.6g}")
    return value


def _runs(values: list[Any]) -> list[str]:
    """The list in runs of one value, or of numbers that rise by one: `1 (× 3)`, `4 to 9`."""
    runs: list[list[Any]] = []
    for value in values:
        run = runs[-1] if runs else []
        equal = run and value == run[-1] == run[0]
        rising = run and isinstance(value, (int, float)) and value == run[-1] + 1
        if equal or (rising and (len(run) == 1 or run[-1] == run[-2] + 1)):
            run.append(value)
        else:
            runs.append([value])
    return [
        f"{run[0]}"
        if len(run) == 1
        else f"{run[0]} (× {len(run)})"
        if run[0] == run[-1]
        else f"{run[0]} to {run[-1]}"
        for run in runs
    ]


ALL = [pytest.param(one, id=name) for name, one in (*figures(), *evaluation_figures())]


@pytest.mark.parametrize("figure", ALL)
def test_the_chart_is_the_one_reviewed(figure: go.Figure, snapshot: SnapshotAssertion):
    assert readable(figure.to_dict()) == snapshot.use_extension(JSONSnapshotExtension)


def test_no_chart_is_kept_that_none_of_these_draws():
    """Such a file fails a run of all tests, and no run of a part."""
    folder = Path(__file__).parent / "__snapshots__" / "test_chart_snapshots"
    drawn = {f"test_the_chart_is_the_one_reviewed[{one.id}].json" for one in ALL}
    assert {file.name for file in folder.iterdir()} == drawn
