"""The record of a review, to hand over: one HTML page that needs no network, and Markdown.

The same record has the same bytes: nothing in it depends on when or where it is made, but the day
that it says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import jinja2
import plotly.graph_objects as go
import plotly.io as pio
from markupsafe import Markup

from components import __version__
from components.review.decision import CRITERIA, Decision, Ranking, Verdict
from components.review.facts import Fact, Matrix

_TEMPLATE = Path(__file__).with_name("record.html.j2")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~$&])")
_TITLE = "Which base model to fine-tune"
_FORMULA = (
    "Memory is computed: 16 bytes per trained parameter (AdamW in mixed precision; ZeRO, arXiv"
    " 1910.02054), 2 per frozen one, about half a byte in NF4 (QLoRA, arXiv 2305.14314), and"
    " activations with gradient checkpointing (arXiv 2205.05198) and the loss of transformers."
)


@dataclass(frozen=True)
class Record:
    """All that is handed over. `address` is the link that brings the review back, `day` in words.

    `figures` are charts on a light ground.
    """

    matrix: Matrix
    decision: Decision
    verdicts: Mapping[str, Verdict]
    ranking: Ranking
    address: str | None
    day: str
    figures: Sequence[go.Figure] = ()

    @property
    def chosen(self) -> str | None:
        """The chosen model's name."""
        model = self.decision.model
        return None if model is None else self.matrix.names.get(model, model)

    @property
    def texts(self) -> list[tuple[str, list[str]]]:
        """What was written down, a heading and its lines each; what is empty is left out."""
        texts = [
            ("Why", self.decision.why),
            ("What speaks against it", self.decision.against),
            ("What would change it", self.decision.change),
        ]
        return [(head, _lines(text)) for head, text in texts if text.strip()]

    @property
    def signed(self) -> str:
        """Who decided, and when; empty where neither is said."""
        return ", ".join(filter(None, [self.decision.who.strip(), self.decision.when.strip()]))

    @property
    def struck_out(self) -> list[str]:
        """Models that lack a must-have, and what of the must-haves is open, a line each."""
        lines = []
        for model, verdict in self.verdicts.items():
            name = self.matrix.names[model]
            if verdict.reasons:
                lines.append(f"{name} is struck out: {'; '.join(verdict.reasons)}.")
            if verdict.open:
                lines.append(f"{name}: to be checked: {'; '.join(verdict.open)}.")
        return lines

    @property
    def weighed(self) -> list[str]:
        """What the weights make of it, a line each."""
        return ranking_in_words(self.ranking, self.decision.weights, self.matrix.names)

    @property
    def notes(self) -> list[str]:
        """How figures were computed, and by what."""
        return [_FORMULA, f"Made with Basewise {__version__}, {self.day}."]


def ranking_in_words(
    ranking: Ranking, weights: Mapping[str, float], names: Mapping[str, str]
) -> list[str]:
    """Who leads by the weights, whether noise tells it, and where it would flip, a line each."""
    labels = {one.key: one.label for one in CRITERIA}
    lines = []
    if ranking.leader is not None and len(ranking.scores) == 1:
        lines.append(f"Only {names[ranking.leader]} is left: there is nothing to weigh.")
    elif ranking.leader is not None:
        set_weights = ", ".join(
            f"{labels[key]} {weight:g}" for key, weight in weights.items() if weight > 0
        )
        order = ", ".join(f"{names[model]} {score:.2f}" for model, score in ranking.scores.items())
        lines.append(f"By these weights ({set_weights}): {order}.")
        if ranking.tied:
            tied = ", ".join(names[model] for model in ranking.tied)
            lines.append(
                f"The lead of {names[ranking.leader]} is within noise: not told apart from {tied}."
            )
        else:
            lines.append(f"The lead of {names[ranking.leader]} is beyond the figures' noise.")
        flips = [
            f"{flip.criterion.label} at {flip.weight:.2g} ({names[flip.model]})"
            for flip in ranking.flips
        ]
        if flips:
            lines.append(f"The choice flips where one weight changes: {', '.join(flips)}.")
        else:
            lines.append("No single weight from 0 to 5 changes the choice.")
    for key, models in ranking.left_out.items():
        missing = ", ".join(names[model] for model in models)
        lines.append(f"{labels[key]} does not count: unknown or known to be bad of {missing}.")
    return lines


def _lines(text: str) -> list[str]:
    found = (line.strip().removeprefix("-").strip() for line in text.splitlines())
    return [line for line in found if line]


def html_record(record: Record) -> bytes:
    """The record as one HTML page in UTF-8; every text in it is escaped."""
    charts = [
        # Plotly's own markup, which escapes what it holds. The first has its script for all; named
        # in order, as by itself it would draw random names.
        Markup(
            pio.to_html(
                figure,
                full_html=False,
                include_plotlyjs=place == 0,
                div_id=f"chart-{place}",
                config={"displaylogo": False, "responsive": True},
            )
        )
        for place, figure in enumerate(record.figures)
    ]
    return _template().render(title=_TITLE, record=record, charts=charts).encode("utf-8")


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))


def markdown_record(record: Record) -> str:
    """The record as Markdown, for a pull request or a chat."""
    matrix = record.matrix
    chosen = f": {_plain(record.chosen)}" if record.chosen else ""
    lines = [f"# {_TITLE}{chosen}", ""]
    if record.signed:
        lines += [_plain(record.signed), ""]
    for head, texts in record.texts:
        lines += [f"## {head}", "", *(f"- {_plain(text)}" for text in texts), ""]
    for head, texts in (("Must-haves", record.struck_out), ("Weights", record.weighed)):
        if texts:
            lines += [f"## {head}", "", *(f"- {_plain(text)}" for text in texts), ""]
    lines += ["## Evidence", ""]
    lines.append("| |" + "|".join(_plain(matrix.names[model]) for model in matrix.models) + "|")
    lines.append("|---" * (len(matrix.models) + 1) + "|")
    for group, rows in matrix.groups():
        lines.append(f"| **{_plain(group)}** |" + " |" * len(matrix.models))
        for row in rows:
            cells = "|".join(_cell(row.facts[model]) for model in matrix.models)
            lines.append(f"| {_plain(row.label)} |{cells}|")
    lines += ["", *(f"- {_plain(text)}" for text in _sources(matrix)), ""]
    lines += [*(f"{_plain(note)}\n" for note in record.notes)]
    if record.address:
        lines.append(f"<{record.address}>")
    return "\n".join(lines) + "\n"


def _cell(fact: Fact) -> str:
    if not fact.known:
        return f"– ({_plain(fact.to_do)})"
    more = [part for part in (fact.detail, f"⚠ {fact.caveat}" if fact.caveat else "") if part]
    return _plain(f"{fact.text} ({'; '.join(more)})" if more else fact.text)


def _sources(matrix: Matrix) -> list[str]:
    """The sources of each row, each once."""
    lines = []
    for row in matrix.rows:
        sources = dict.fromkeys(fact.source for fact in row.facts.values() if fact.source)
        if sources:
            lines.append(f"{row.label}: {'; '.join(sources)}")
    return lines


def _plain(text: str) -> str:
    """One line of Markdown that shows the text to the letter."""
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))
