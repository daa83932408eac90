"""What a source of scores is, and the rule that the scores of two sources never mix."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from components.errors import BoardError
from components.leaderboard.sources.items import Part, score_stderr

Scale = Literal["0-100", "bits per byte"]


@dataclass(frozen=True)
class Column:
    """One benchmark as a source runs it.

    `shots` is the number of worked examples in the prompt, None where the source does not say.
    `parts` are the items that standard errors are computed from; empty where the source
    publishes errors itself or the items are not known.
    """

    id: str
    label: str
    metric: str
    shots: int | None
    scale: Scale = "0-100"
    higher_is_better: bool = True
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True)
class Source:
    """Where scores come from: all of one harness, so that they can be compared with each other.

    `version` is the source's commit or release, `date` that of its newest figure here (ISO, to the
    day or the month),
    `attribution` the sentence that its licence asks to be shown, `errors` says where the standard
    errors come from, `limits` what a reader has to know before believing a rank.
    """

    id: str
    label: str
    version: str
    date: str
    license: str
    link: str
    attribution: str
    harness: str
    errors: str
    limits: str
    columns: tuple[Column, ...]

    def __post_init__(self) -> None:
        ids = [column.id for column in self.columns]
        problems = [f"{name} is empty" for name, value in vars(self).items() if not value]
        problems += [f"{name} is listed twice" for name in sorted(set(ids)) if ids.count(name) > 1]
        problems += [
            f"{column.id} is {column.scale} and so lower is better"
            for column in self.columns
            if (column.scale == "0-100") != column.higher_is_better
        ]
        if problems:
            raise ValueError(f"The source {self.id!r} is inconsistent: {'; '.join(problems)}")

    @property
    def benchmarks(self) -> tuple[str, ...]:
        """The columns of 0 to 100, which a mean goes over; bits per byte are not among them."""
        return tuple(column.id for column in self.columns if column.scale == "0-100")

    def column(self, benchmark: str) -> Column:
        """The column of this id. BoardError if the source has none."""
        for column in self.columns:
            if column.id == benchmark:
                return column
        raise BoardError(
            f"{self.label} has no benchmark {benchmark!r}.",
            way_out=f"Its benchmarks are {', '.join(column.id for column in self.columns)}.",
        )

    def with_stderr(self, scores: pd.DataFrame) -> pd.DataFrame:
        """Long scores of this source with `stderr` from the numbers of items."""
        errors = pd.Series(float("nan"), index=scores.index)
        for benchmark, rows in scores.groupby("benchmark"):
            parts = self.column(str(benchmark)).parts
            errors[rows.index] = score_stderr(rows["score"], parts)
        return scores.assign(stderr=errors)


def require_one_source(scores: pd.DataFrame) -> str:
    """The id of the only source of these scores, as `load_scores` gives them.

    Every function that averages, ranks or compares scores asks this first. BoardError if the rows
    are of several sources, or of several vintages of one: harnesses, items and grading differ, on
    the same checkpoint by up to 33 points on the same benchmark's name.
    """
    for column, what in (("source", "sources"), ("vintage", "vintages")):
        found = _distinct(scores[column]) if column in scores else ()
        if len(found) > 1:
            raise BoardError(
                f"Scores of several {what} can't be compared: {', '.join(found)}.",
                way_out=f"Take one of the {what} at a time.",
            )
    found = _distinct(scores["source"])
    if not found:
        raise BoardError("There are no scores here.", way_out="Take models that a source lists.")
    return found[0]


def _distinct(values: Iterable[object]) -> tuple[str, ...]:
    return tuple(sorted({str(value) for value in values}))
