"""What the views of a run draw, and its figures as a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from components.charts.evaluation import METRIC_LABELS, NamedSeries, metric_text
from components.evaluation import RunInfo
from components.evaluation.baselines import BASELINES, OUT_OF_FOLD
from components.evaluation.metrics import DISTRIBUTION_METRICS, Metric, NoNumber
from components.evaluation.scored import ItemScores
from components.evaluation.summary import DISTRIBUTION
from components.figures import percent
from components.ui.evaluation.labels import FIGURE_LABELS, read_out_label


@dataclass(frozen=True)
class Shown:
    """What the views draw: each model's and baseline's scores by name, and how they are read."""

    run: RunInfo
    scores: Mapping[str, ItemScores]
    labels: Mapping[str, str]
    metric: Metric
    read_out: str
    no_number: NoNumber

    @property
    def models(self) -> dict[str, ItemScores]:
        """The scores without the baselines'."""
        return {name: one for name, one in self.scores.items() if name not in BASELINES}

    @property
    def comparable(self) -> Mapping[str, ItemScores]:
        """What the metric can compare: baselines have no distributions."""
        return self.models if self.metric in DISTRIBUTION_METRICS else self.scores

    @property
    def read_outs(self) -> dict[str, str]:
        """Each one's read-out: the one that was picked where it has it, else the median's."""
        return {
            name: OUT_OF_FOLD
            if name in BASELINES
            else self.read_out
            if self.read_out in one.estimates
            else "median"
            for name, one in self.scores.items()
        }

    def wants(self, read_out: str, figure: str) -> bool:
        """Whether a figure is shown: all of the picked read-outs, the metric of the others."""
        return figure == self.metric or read_out in {DISTRIBUTION, *self.read_outs.values()}

    def series(
        self, frame: Callable[[ItemScores, str], pd.DataFrame], *, by_read_out: bool = True
    ) -> list[NamedSeries]:
        """A frame per model by its read-out, named with it if it matters."""
        named = []
        for name, one in self.models.items():
            read_out = self.read_outs[name]
            words = f", {read_out_label(read_out)}" if by_read_out else ""
            named.append(NamedSeries(name, f"{self.labels[name]}{words}", frame(one, read_out)))
        return named


def figures_table(shown: Shown, table: pd.DataFrame) -> pd.DataFrame:
    """One row per model and baseline: every figure of the picked read-out with its interval."""
    rows = []
    for name in shown.scores:
        own = table[table["model"] == name]
        own = own[own["read_out"].isin([shown.read_outs[name], DISTRIBUTION])]
        cells = {FIGURE_LABELS[row["figure"]]: _cell(row) for row in own.to_dict("records")}
        read_out = read_out_label(shown.read_outs[name])
        rows.append({"model": shown.labels[name], "read-out": read_out, **cells})
    return pd.DataFrame(rows).fillna("–")


def _cell(row: Mapping) -> str:
    figure, value = row["figure"], row["value"]
    if pd.isna(value):
        return "–"
    if figure in METRIC_LABELS:
        shown = [metric_text(figure, row[side]) for side in ("value", "low", "high")]
    else:
        shown = [
            percent(row[side]) if pd.notna(row[side]) else "–" for side in ("value", "low", "high")
        ]
    return f"{shown[0]} ({shown[1]} to {shown[2]})"


def estimates(scores: ItemScores, read_out: str) -> pd.DataFrame:
    """The items with what a read-out says of each, in dollars."""
    return scores.items.assign(estimate=scores.estimate(read_out))
