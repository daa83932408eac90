"""The evidence on the shortlist, gathered with what all visitors share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import streamlit as st

from components.errors import BasewiseError
from components.evaluation import RunInfo
from components.figures import percent
from components.pricing import describe_actual, load_catalogue, price_prompt
from components.review import (
    Fact,
    Matrix,
    PriceFigures,
    RunFigures,
    TokenizerFigures,
    Workload,
    gather,
)
from components.ui import run_services, services
from components.ui.inference import outcomes
from components.ui.kit import permalinks
from components.ui.kit.binding import bound
from components.ui.kit.feedback import show_error
from components.ui.kit.model_ids import facts, labels
from components.ui.kit.text import day
from components.ui.services import LoadedTokenizer
from components.ui.tokenizers.strips import source

_RUN = permalinks.text("evidence_run", longest=64)
_SEQUENCE = permalinks.whole_number("sequence", 512, low=16, high=131_072)
_BATCH = permalinks.whole_number("batch", 4, low=1, high=1024)
_RANK = permalinks.whole_number("adapter_rank", 16, low=1, high=512)


@dataclass(frozen=True)
class Gathered:
    """The evidence, each model's licence as the Hub names it, and the run that prices are from."""

    matrix: Matrix
    licences: dict[str, str | None]
    run: RunFigures | None

    def done(self, key: str) -> int:
        """Of how many models a row is known."""
        return sum(
            fact.known for row in self.matrix.rows if row.key == key for fact in row.facts.values()
        )


def gathered(models: Sequence[str]) -> Gathered:
    """All that is known of these models; tokenizers are fetched with progress shown here."""
    known = [replace(facts(model), id=model) for model in models]
    info = _pick_run(models)
    run = _figures(info, models)
    matrix = gather(
        known,
        labels(models),
        _tokenizers(models, info),
        run,
        workload(),
        {model: fact for model in models if (fact := _latest(model)) is not None},
    )
    return Gathered(matrix, {model.id: model.license for model in known}, run)


def workload() -> Workload:
    """What the memory to fine-tune is computed for; in the address."""
    return Workload(_SEQUENCE.value(), _BATCH.value(), _RANK.value())


def workload_inputs() -> None:
    """Sequence length, batch and rank, in a popover's width."""
    bound(st.number_input, _SEQUENCE, "Tokens of a sequence", 16, 131_072, step=128)
    bound(st.number_input, _BATCH, "Sequences of a batch", 1, 1024)
    bound(st.number_input, _RANK, "Rank of the adapters", 1, 512)


def in_address(found: Gathered, *, pinned: bool) -> None:
    """Say that the workload belongs to the address, and the run where it is `pinned`.

    So a decision's link shows the same figures when there is a newer run.
    """
    permalinks.show(_SEQUENCE, _BATCH, _RANK)
    if pinned and found.run is not None and not _RUN.value():
        _RUN.choose(found.run.id)
    permalinks.show(_RUN)


def _pick_run(models: Sequence[str]) -> RunInfo | None:
    """The address's run if it is here, else the newest one with the most of the models."""
    try:
        runs = {run.id: run for run in run_services.store().runs()}
        if (wanted := _RUN.value()) in runs:
            return runs[wanted]
        if wanted:
            st.warning(
                "The run that this link takes its price errors from is not here: shown instead is"
                " the newest run with these models.",
                icon=":material/history:",
            )
        return run_services.matching_run(models)
    except BasewiseError as error:
        show_error(error)
        return None


def _figures(run: RunInfo | None, models: Sequence[str]) -> RunFigures | None:
    if run is None:
        return None
    found: dict[str, PriceFigures] = {}
    with st.spinner("Reading the run …", show_time=True):
        for model in models:
            if model in run.models and (one := run_services.price_figures(run, model)) is not None:
                found[model] = one
    return RunFigures(run.id, run.label, day(run.created), found)


def _tokenizers(
    models: Sequence[str], run: RunInfo | None
) -> dict[str, TokenizerFigures | BasewiseError]:
    texts, key, of_rows = _rows(run)
    figures: dict[str, TokenizerFigures | BasewiseError] = {}
    for model, loaded in services.tokenizers(models).items():
        if isinstance(loaded, BasewiseError):
            figures[model] = loaded
            continue
        try:
            figures[model] = _of_tokenizer(model, loaded, texts, key, of_rows)
        except BasewiseError as error:
            figures[model] = error
    return figures


def _of_tokenizer(
    model: str, loaded: LoadedTokenizer, texts: Sequence[str], key: str, of_rows: str
) -> TokenizerFigures:
    return TokenizerFigures(
        loaded.strategy.name,
        loaded.tokens_per_price,
        services.settled_share(loaded),
        services.tokens_per_text(loaded, key, texts),
        len(texts),
        of_rows,
        source(model, loaded),
    )


def _rows(run: RunInfo | None) -> tuple[list[str], str, str]:
    """Prompts with their prices: the run's rows, else the catalogue's; a key, and their name."""
    if run is not None:
        rows = run_services.plan(run.id).rows
        return [f"{row.prompt}{row.price:.0f}" for row in rows], run.id, run.label
    products = load_catalogue().values()
    texts = [f"{price_prompt(p.description)}{p.whole_dollars}" for p in products]
    return texts, "catalogue", "the catalogue"


def _latest(model: str) -> Fact | None:
    """The newest prediction of this visit, in words."""
    latest = outcomes.latest(model)
    if latest is None:
        return None
    if latest.at_work:
        return Fact("at work", latest.title, detail="Live inference shows how far it is.")
    if latest.error is not None:
        return Fact("failed", latest.title, detail="Live inference says why.")
    if latest.prediction is None:
        return Fact("stopped" if latest.state == "stopped" else "not finished", latest.title)
    distribution = latest.prediction.distribution
    if not distribution.probabilities.any():
        return Fact("no price", latest.title)
    low, high = distribution.interval(0.8)
    details = [
        f"80 %: ${low:,.0f} to ${high:,.0f}",
        f"for {latest.title}{_actual(latest)}",
        f"leaves out {percent(distribution.overflow)} at $1,000 or more"
        if distribution.overflow >= 0.1
        else "",
    ]
    return Fact(
        f"${distribution.median:,.0f} (median)",
        latest.prediction.model.describe(),
        distribution.median,
        detail="; ".join(filter(None, details)),
    )


def _actual(outcome: outcomes.Outcome) -> str:
    actual = outcome.item.actual
    if actual is None:
        return ""
    remark = describe_actual(actual)
    return f" ({remark})" if remark else f", actual ${actual:,.2f}"
