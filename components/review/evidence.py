"""The evidence on each model of a shortlist, gathered from all that Basewise knows.

What takes tokenizers or recorded runs is given by the caller, who keeps them: `TokenizerFigures`
and `RunFigures`. The rest is looked up here.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from components.errors import BasewiseError
from components.evaluation import Interval
from components.leaderboard import (
    CAVEATS,
    SOURCES,
    VINTAGE_LABELS,
    VINTAGES,
    ModelFacts,
    before_and_after,
    board_stderr,
    load_board,
    one_run_per_model,
    shortlist_scores,
    tied_with_best,
    where_scored,
)
from components.review.facts import Fact, Matrix, Row, unknown
from components.review.licences import licence_in_words
from components.review.needs import (
    MEMORY_USES,
    Workload,
    architecture_of,
    architectures,
    least_memory,
    memory,
)

Z_95 = 1.96
NEWEST = VINTAGES[-1]
IDENTITY, SCORES, NUMBERS, PRICES, NEEDS = (
    "What it is",
    "Published scores",
    "How it writes numbers",
    "On prices",
    "What it needs",
)
_BOARD = "Open LLM Leaderboard v2"
_TO_MEASURE = "Run it on prices on the page Evaluation."
_TO_READ = "Run it on the page Evaluation: a run reads its rows' text, too."


@dataclass(frozen=True)
class TokenizerFigures:
    """What running a model's tokenizer showed.

    `tokens_per_price` is of the catalogue's prices in whole dollars, `settled` the share of their
    entropy that the first token settles, 0 to 1; NaN where some can't be written. `row_tokens` are
    the tokens of a row (prompt and price), on average, over `rows` of `of_rows`.
    """

    strategy: str
    tokens_per_price: float
    settled: float
    row_tokens: float
    rows: int
    of_rows: str
    source: str


@dataclass(frozen=True)
class PriceFigures:
    """What a run shows of one model; None where it did not read the text.

    `error` is the mean absolute error of the median price in dollars, over `rows`; `read_out` that
    of a linear read-out of the frozen model; `bits_per_byte` of the rows' text.
    """

    error: Interval
    rows: int
    bits_per_byte: Interval | None = None
    read_out: Interval | None = None


@dataclass(frozen=True)
class RunFigures:
    """The run that the figures on prices are from: its id, its rows, its date, and its models."""

    id: str
    rows_label: str
    day: str
    models: Mapping[str, PriceFigures]

    def describe(self) -> str:
        """As a source is named."""
        return f"run {self.id[:8]}, {self.rows_label}, {self.day}"


def gather(
    models: Sequence[ModelFacts],
    names: Mapping[str, str],
    tokenizers: Mapping[str, TokenizerFigures | BasewiseError],
    run: RunFigures | None,
    workload: Workload,
    latest: Mapping[str, Fact] | None = None,
) -> Matrix:
    """All evidence on these models; `latest` are predictions of this visit, in words."""
    ids = tuple(model.id for model in models)
    rows = [*_identity(models), *_scores(ids), *_numbers(ids, tokenizers), *_prices(ids, run)]
    if latest:
        none_yet = unknown("Let it price a product on the page Live inference.")
        facts = {model: latest.get(model, none_yet) for model in ids}
        rows.append(Row("latest", "Latest product, this visit", PRICES, facts, visit_only=True))
    rows += _needs(models, workload)
    return Matrix(ids, names, tuple(rows))


def _identity(models: Sequence[ModelFacts]) -> list[Row]:
    page = "See the model's page on the Hub."
    kinds, sizes, licences, contexts = {}, {}, {}, {}
    for model in models:
        kinds[model.id] = (
            Fact(model.kind, _known_from(model)) if model.kind is not None else unknown(page)
        )
        sizes[model.id] = (
            Fact(f"{model.params_b:.3g}B", _known_from(model), model.params_b)
            if model.params_b
            else unknown(page)
        )
        licence = licence_in_words(model.license)
        licences[model.id] = (
            Fact(licence.words, _known_from(model))
            if model.license is not None
            else unknown("Read its licence on the model's page on the Hub.")
        )
        shape = architectures().get(model.id)  # not its base's: twins differ in this
        contexts[model.id] = (
            Fact(
                f"{shape.context_length:,} tokens",
                "bundled table, entered by hand",
                float(shape.context_length),
                caveat="not checked against its config.json",
            )
            if shape
            else unknown("Its config.json on the Hub says it (max_position_embeddings).")
        )
    return [
        Row("kind", "Kind", IDENTITY, kinds),
        Row("size", "Parameters", IDENTITY, sizes),
        Row("licence", "May we ship it?", IDENTITY, licences),
        Row("context", "Context length", IDENTITY, contexts),
    ]


def _known_from(model: ModelFacts) -> str:
    return "registry" if model.known_from == "registry" else _BOARD


def _scores(models: Sequence[str]) -> list[Row]:
    rows = []
    for vintage in reversed(VINTAGES):
        rows += _of_vintage(models, vintage)
    return [*rows, _after_finetuning(models), _tied(models)]


def _of_vintage(models: Sequence[str], vintage: str) -> list[Row]:
    board = load_board(vintage)
    errors = board_stderr(board)["average"]
    best = one_run_per_model(board)
    stderr = dict(zip(best["model"], errors.reindex(best.index), strict=True))
    source = f"{_BOARD}, {VINTAGE_LABELS[vintage]}"
    scores = {
        str(row["model"]): row for row in shortlist_scores(board, list(models)).to_dict("records")
    }
    own: dict[str, Fact] = {}
    twins: dict[str, Fact] = {}
    for model in models:
        row = scores[model]
        own[model] = _score(row, "average", "", stderr.get(model), source)
        if not isinstance(row["twin"], str):
            twins[model] = unknown("No instruct twin is known.", source)
        else:
            twins[model] = _score(row, "twin_average", "twin_", stderr.get(row["twin"]), source)
    when = VINTAGE_LABELS[vintage]
    return [
        Row(f"base@{vintage}", f"Own score, {when}", SCORES, own),
        Row(f"twin@{vintage}", f"Instruct score, {when}", SCORES, twins),
    ]


def _score(
    row: Mapping[Hashable, Any], column: str, whose: str, stderr: float | None, source: str
) -> Fact:
    if pd.isna(row[column]):
        return unknown("Not on this board: see other sources on the Leaderboard.", source)
    labels = [CAVEATS[key].label for key in row[f"{whose}caveats"]]
    if pd.notna(row[f"{whose}better_average"]):
        better = VINTAGE_LABELS[row[f"{whose}better_vintage"]]
        labels.append(f"better run: {row[f'{whose}better_average']:.2f}, {better}")
    return Fact(
        f"{row[column]:.2f}",
        source,
        float(row[column]),
        None if stderr is None or pd.isna(stderr) else float(stderr),
        caveat="; ".join(labels),
        spoilt=bool(row[f"{whose}spoilt"]),
    )


def _after_finetuning(models: Sequence[str]) -> Row:
    facts = {}
    for row in before_and_after(models).to_dict("records"):
        facts[str(row["model"])] = (
            Fact(
                f"{row['after']:.1f}",
                "LM-Harmony, mean over 24 tasks",
                row["after"],
                (row["after_high"] - row["after"]) / Z_95,
                detail=f"rank {int(row['after_rank'])} of 61; {row['before']:.1f} before",
            )
            if pd.notna(row["after"])
            else unknown("Not among the 61 models of LM-Harmony; its family may be.")
        )
    return Row("after", "After equal fine-tuning", SCORES, facts)


def _tied(models: Sequence[str]) -> Row:
    """In which sources 95 % does not tell the model from the best of the shortlist."""
    table = where_scored(models)
    found: dict[str, list[str]] = {model: [] for model in models}
    measured: dict[str, int] = dict.fromkeys(models, 0)
    for _, rows in table.groupby("view", sort=False):
        known = rows[rows["mean"].notna()]
        if len(known) < 2:
            continue  # with one model there is no tie
        tied = tied_with_best(known["mean"], (known["high"] - known["mean"]) / Z_95).fillna(False)
        for row, is_tied in zip(known.to_dict("records"), tied, strict=True):
            measured[str(row["model"])] += 1
            if is_tied:
                found[str(row["model"])].append(_view_name(row))
    facts = {
        model: Fact(
            f"in {len(found[model])} of {measured[model]} sources",
            "95 %, against the best of these models in each source",
            detail="; ".join(found[model]),
        )
        if measured[model]
        else unknown("No source has it beside another of these models.")
        for model in models
    }
    return Row("tied", "Best or tied with the best", SCORES, facts)


def _view_name(row: Mapping[Hashable, Any]) -> str:
    if isinstance(row["vintage"], str):
        return f"{_BOARD}, {VINTAGE_LABELS[row['vintage']]}"
    return SOURCES[row["source"]].label


def _numbers(
    models: Sequence[str], tokenizers: Mapping[str, TokenizerFigures | BasewiseError]
) -> list[Row]:
    strategies, per_price, settled, rows = {}, {}, {}, {}
    for model in models:
        found = tokenizers.get(model)
        if not isinstance(found, TokenizerFigures):
            missing = unknown(_why_no_tokenizer(found))
            strategies[model] = per_price[model] = settled[model] = rows[model] = missing
            continue
        strategies[model] = Fact(found.strategy, found.source)
        per_price[model] = _figure(found.tokens_per_price, "{:.2f}", f"catalogue; {found.source}")
        settled[model] = _figure(100 * found.settled, "{:.0f} %", f"catalogue; {found.source}")
        rows[model] = _figure(
            found.row_tokens,
            "{:,.0f} per row",
            f"{found.rows:,} rows, {found.of_rows}",
            detail=f"{found.rows:,} rows of {found.of_rows}",
        )
    return [
        Row("strategy", "Numbers from 0 to 999", NUMBERS, strategies),
        Row("per_price", "Tokens per price", NUMBERS, per_price),
        Row("settled", "Share settled by the first token", NUMBERS, settled),
        Row("row_tokens", "Tokens of the rows", NUMBERS, rows),
    ]


def _why_no_tokenizer(error: BasewiseError | TokenizerFigures | None) -> str:
    if isinstance(error, BasewiseError):
        reason = error.attempts[0].reason if error.attempts else error.problem
        return f"Its tokenizer can't be had: {reason.removesuffix('.')}."
    return "Its tokenizer has not been run."


def _figure(value: float, pattern: str, source: str, detail: str = "") -> Fact:
    if pd.isna(value):
        return unknown("Its tokenizer can't write some of these prices.", source)
    return Fact(pattern.format(value), source, float(value), detail=detail)


def _prices(models: Sequence[str], run: RunFigures | None) -> list[Row]:
    errors, bits, read_outs = {}, {}, {}
    for model in models:
        found = run.models.get(model) if run else None
        if run is None or found is None:
            errors[model] = unknown(
                _TO_MEASURE if run is None else f"Not in this run. {_TO_MEASURE}"
            )
            bits[model] = read_outs[model] = unknown(_TO_READ)
            continue
        source = run.describe()
        errors[model] = _interval(
            found.error, "${:,.0f}", source, f"median price, {found.rows:,} rows"
        )
        unread = unknown("See this run on the page Evaluation.", source)
        bits[model] = (
            _interval(found.bits_per_byte, "{:.3f}", source) if found.bits_per_byte else unread
        )
        read_outs[model] = (
            _interval(found.read_out, "${:,.0f}", source, "mean absolute error, out of fold")
            if found.read_out
            else unread
        )
    return [
        Row("price_error", "Mean absolute error", PRICES, errors),
        Row("bits", "Bits per byte of the rows", PRICES, bits),
        Row("read_out", "Linear read-out", PRICES, read_outs),
    ]


def _interval(interval: Interval, pattern: str, source: str, detail: str = "") -> Fact:
    if pd.isna(interval.value):
        return unknown(_TO_MEASURE, source)
    known = pd.notna(interval.low) and pd.notna(interval.high)
    between = (
        f"95 %: {pattern.format(interval.low)} to {pattern.format(interval.high)}" if known else ""
    )
    return Fact(
        pattern.format(interval.value),
        source,
        float(interval.value),
        float(interval.high - interval.low) / (2 * Z_95) if known else None,
        detail="; ".join(filter(None, [between, detail])),
    )


def _needs(models: Sequence[ModelFacts], workload: Workload) -> list[Row]:
    rows = []
    for way, words in MEMORY_USES.items():
        facts = {}
        for model in models:
            shape = architecture_of(model.id)
            if shape is not None:
                needed = memory(shape, way, workload)
                facts[model.id] = Fact(
                    gigabytes(needed), f"computed; {workload.describe()}", needed / 1e9
                )
            elif model.params_b:
                needed = least_memory(model.params_b, way)
                facts[model.id] = Fact(
                    f"at least {gigabytes(needed)}",
                    "computed from its size; its layers are not known",
                    needed / 1e9,
                    at_least=True,
                )
            else:
                facts[model.id] = unknown("Its size is not known: see its page on the Hub.")
        rows.append(Row(way, f"Memory {words}", NEEDS, facts))
    return rows


def gigabytes(count: float) -> str:
    """Bytes in GB, two figures where it is few."""
    return f"{count / 1e9:,.0f} GB" if count >= 10e9 else f"{count / 1e9:.1f} GB"
