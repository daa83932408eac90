"""What the evidence is made of: facts, each with its source, in rows, a column per model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

UNKNOWN = "–"


@dataclass(frozen=True)
class Fact:
    """What is known of a model in one respect.

    `text` is what is shown, `value` the figure behind it with its standard error, where there are
    such. `source` says where it is from, with vintage or run; `detail` goes on, `caveat` speaks
    against it, and `spoilt` is a figure that is known to be bad. Of what is not known, `to_do` says
    what would tell; `at_least` is of figures that are a lower bound.
    """

    text: str
    source: str = ""
    value: float | None = None
    stderr: float | None = None
    detail: str = ""
    caveat: str = ""
    to_do: str = ""
    at_least: bool = False
    spoilt: bool = False

    @property
    def known(self) -> bool:
        """Whether anything is known."""
        return self.text != UNKNOWN


def unknown(to_do: str, source: str = "") -> Fact:
    """A fact that is not known, and what would tell it."""
    return Fact(UNKNOWN, source, to_do=to_do)


@dataclass(frozen=True)
class Row:
    """One respect: its words, its group, and whether it is of this visit alone.

    What is of this visit alone is shown and not handed over: a link does not bring it back.
    """

    key: str
    label: str
    group: str
    facts: Mapping[str, Fact]
    visit_only: bool = False


@dataclass(frozen=True)
class Matrix:
    """The evidence: models (Hub ids, in order) with their short names, and rows of facts."""

    models: tuple[str, ...]
    names: Mapping[str, str]
    rows: tuple[Row, ...]

    def fact(self, key: str, model: str) -> Fact | None:
        """The fact of a model in a row; None for a row that is not there."""
        found = next((row for row in self.rows if row.key == key), None)
        return None if found is None else found.facts[model]

    def groups(self) -> list[tuple[str, list[Row]]]:
        """The rows by group, in order."""
        names = dict.fromkeys(row.group for row in self.rows)
        return [(name, [row for row in self.rows if row.group == name]) for name in names]

    def handed_over(self) -> Matrix:
        """The same without what is of this visit alone."""
        rows = tuple(row for row in self.rows if not row.visit_only)
        return Matrix(self.models, self.names, rows)


def in_words(names: Sequence[str]) -> str:
    """Names as a list in a sentence."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))
