"""What models answered on the live inference page, side by side."""

import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from components.charts import NamedDistribution, Theme, first_tokens, price_distributions
from components.endpoints import split_served_id
from components.evaluation import InferenceSettings, Prediction
from components.pricing import (
    actual_kind,
    judge_actual,
    load_catalogue,
    point_estimates,
)
from components.ui import services
from components.ui.inference import outcomes, run
from components.ui.inference.cards import badge, card
from components.ui.inference.inputs import STAND_INS, Question
from components.ui.inference.outcomes import Outcome
from components.ui.kit import binding, exports, permalinks, shell, shortlist
from components.ui.kit.model_ids import label
from components.ui.kit.text import plain

# What is no price from 0 to 999, as PriceDistribution names it.
_PARTS = ("overflow", "not_a_number", "unexplored")
NOT_APPLICABLE = "not applicable"
_LOG = permalinks.flag("log")
_PER_ROW = 3
_REDRAW_SECONDS = 0.5  # while something is at work; often enough for text to stream
_ESTIMATE_LABELS = {
    "median": "median",
    "mean": "mean",
    "mode": "mode",
    "top3_mean": "top-3 weighted mean",
    "greedy": "greedy",
    "catalogue_median": "always the catalogue's median",
}


def answers(
    question: Question,
    repo_ids: list[str],
    settings: InferenceSettings,
    *,
    as_at_work: bool = False,
) -> None:
    """The answers to this question: a card per model, as each is ready; then all of them together.

    That is charts, a table, and downloads. While some are at work the cards are drawn anew.
    `as_at_work` is what `run.controls` says of the buttons above.
    """
    recorded = _recorded(question, repo_ids, settings)
    answered = _answered(question, repo_ids, settings, recorded)
    if not answered:
        st.info("Press Predict to run the models on this product.", icon=":material/bolt:")
        return
    work = _work(answered)
    if as_at_work and not work[1]:
        st.rerun()  # it ended since the buttons were drawn
    redraw = _REDRAW_SECONDS if any(work) else None
    cards = st.fragment(_cards, run_every=redraw, key=run.CARDS)
    cards(question, repo_ids, settings, recorded, work)
    if any(work):
        return
    predictions = [outcome.prediction for outcome in answered.values()]
    priced = [p for p in predictions if p is not None and p.distribution.probabilities.any()]
    if priced:
        _evidence(question, priced)
    here = dict.fromkeys(split_served_id(repo_id)[0] for repo_id in repo_ids)
    if missing := [repo_id for repo_id in here if repo_id not in shortlist.models()]:
        st.button(
            "Put these models on the shortlist",
            icon=":material/star:",
            on_click=shortlist.add,
            args=(missing,),
            help="The Review shows the latest predictions of the shortlist.",
        )


def _answered(
    question: Question,
    repo_ids: list[str],
    settings: InferenceSettings,
    recorded: dict[str, Outcome],
) -> dict[str, Outcome]:
    """What there is of each model: of this visit or at work, else from earlier."""
    return recorded | outcomes.of_item(question.title, question.item, settings, repo_ids)


def _work(answered: dict[str, Outcome]) -> tuple[bool, bool]:
    """Whether anything is at work, and whether any of it is the visitor's own."""
    at_work = [outcome for outcome in answered.values() if outcome.at_work]
    return bool(at_work), any(outcome.mine for outcome in at_work)


def _cards(
    question: Question,
    repo_ids: list[str],
    settings: InferenceSettings,
    recorded: dict[str, Outcome],
    work: tuple[bool, bool],
) -> None:
    answered = _answered(question, repo_ids, settings, recorded)
    for column, repo_id in _side_by_side(repo_ids):
        with column, st.container(border=True, height="stretch"):
            shortlist.heading(repo_id)
            if repo_id in answered:
                card(answered[repo_id])
            else:
                st.caption("Not run on this product yet.")
    if _work(answered) != work:
        st.rerun(scope="app")  # the buttons above and the charts below go by it


def _side_by_side(repo_ids: list[str]) -> list[tuple[DeltaGenerator, str]]:
    """A column for each model, at most three in a row: narrower ones break words."""
    placed: list[tuple[DeltaGenerator, str]] = []
    per_row = min(len(repo_ids), _PER_ROW if len(repo_ids) != 4 else 2)
    for start in range(0, len(repo_ids), per_row):
        placed += zip(st.columns(per_row), repo_ids[start : start + per_row], strict=False)
    return placed


def example(question: Question, settings: InferenceSettings) -> None:
    """What the stand-ins said of this product in a run, where one has them: an example."""
    if _recorded(question, list(STAND_INS), settings):
        st.markdown("**A computed example**, from the run that comes with Basewise:")
        answers(question, list(STAND_INS), settings)


def _recorded(
    question: Question, repo_ids: list[str], settings: InferenceSettings
) -> dict[str, Outcome]:
    """What was computed earlier, by whomever: the same question has the same answer."""
    found = {repo_id: services.recorded(repo_id, question.item, settings) for repo_id in repo_ids}
    return {
        repo_id: Outcome(
            repo_id,
            question.title,
            question.item,
            settings,
            record.prediction,
            recorded=record.created,
        )
        for repo_id, record in found.items()
        if record is not None
    }


def _named(prediction: Prediction) -> NamedDistribution:
    repo_id = prediction.model.key
    return NamedDistribution(
        repo_id, label(repo_id), prediction.model.describe(), prediction.distribution
    )


def _figures(
    question: Question, priced: list[Prediction], theme: Theme, *, log_price: bool
) -> list[go.Figure]:
    named = list(map(_named, priced))
    return [
        price_distributions(
            named, question.item.actual, product=question.title, theme=theme, log_price=log_price
        ),
        first_tokens(named, product=question.title, theme=theme),
    ]


def _evidence(question: Question, priced: list[Prediction]) -> None:
    log_price = binding.bound(st.toggle, _LOG, "Logarithmic price axis")
    distribution, first = _figures(question, priced, shell.theme(), log_price=log_price)
    shell.chart(
        distribution,
        name="price-distribution",
        alt="Probability of each price from $0 to $999 under each model",
    )
    shell.chart(
        first, name="first-tokens", alt="Probability of each model's first token after Price is $"
    )
    st.subheader("Estimates")
    st.markdown(_estimates_table(question, priced))
    actual = question.item.actual
    if actual is not None and actual_kind(actual) == "in_range":
        st.caption(
            "Green: off by less than \\$40 or 20 %; orange: \\$80 or 40 %; red: more. These are"
            " the bands of the price-prediction course: what costs less than \\$40 is easily green."
        )
    st.caption(
        "Median, mean and mode are of the distribution given a price to \\$999. The top-3 weighted"
        " mean is a published trick that works only where a price is one token; elsewhere it is not"
        " applicable. A model that does"
        " no better than always the same price has learnt nothing about this one."
    )
    frame = answers_frame(priced)
    address = permalinks.address()
    with st.container(horizontal=True):
        exports.downloads(
            "predictions",
            frame,
            lambda: exports.html_report(
                f"Basewise: {question.title}",
                [question.item.prompt],
                address=address,
                figures=_figures(question, priced, "light", log_price=log_price),
                tables={"Estimates": frame.set_index("model").T.reset_index()},
            ),
        )
        st.download_button(
            "Probabilities",
            lambda: exports.csv_bytes(probabilities_frame(priced)),
            file_name="basewise-probabilities.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
            help="The probability of each price from $0 to $999 and of the rest, by model.",
        )


def _estimates_table(question: Question, priced: list[Prediction]) -> str:
    """Markdown: a row per estimator, a column per model."""
    constant = pd.Series([product.price_usd for product in load_catalogue().values()]).median()
    rows: dict[str, list[float | str | None]] = {}
    for prediction in priced:
        for name, value in _read_outs(prediction).items():
            rows.setdefault(name, []).append(value)
    rows["catalogue_median"] = [float(constant)] * len(priced)
    lines = [
        f"| estimate | {' | '.join(plain(label(p.model.key)) for p in priced)} |",
        "|---" * (len(priced) + 1) + "|",
    ]
    lines += [
        f"| {_ESTIMATE_LABELS[name]} |"
        f" {' | '.join(_estimate(value, question.item.actual) for value in values)} |"
        for name, values in rows.items()
    ]
    if question.item.actual is not None:
        judged = [judge_actual(p.distribution, question.item.actual) for p in priced]
        crps = [_score(j.crps, "${:,.2f}", j.crps_note) for j in judged]
        log_scores = [_score(j.log_score, "{:.2f} nats", j.log_score_note) for j in judged]
        lines += [
            f"| CRPS, lower is better | {' | '.join(crps)} |",
            f"| log score, lower is better | {' | '.join(log_scores)} |",
        ]
    return "\n".join(lines)


def _read_outs(prediction: Prediction) -> dict[str, float | str | None]:
    """Dollars by estimator; in words where an estimator does not apply to the model."""
    estimates = {
        name: NOT_APPLICABLE if value is None else value
        for name, value in point_estimates(prediction.distribution).items()
    }
    return {**estimates, "greedy": prediction.greedy}


def _score(value: float | None, pattern: str, note: str) -> str:
    figure = pattern.format(value) if value is not None else ""
    return plain(f"{figure} ({note})" if figure and note else figure or note)


def _estimate(value: float | str | None, actual: float | None) -> str:
    if isinstance(value, str):
        return value
    if value is None or pd.isna(value):
        return "–"
    shown = plain(f"${value:,.2f}")
    if actual is None or actual_kind(actual) != "in_range":
        return shown
    return f"{shown} {badge(value, actual)}"


def answers_frame(priced: list[Prediction]) -> pd.DataFrame:
    """One row per model: its estimates in dollars, scores, masses, and what it took."""
    rows = []
    for prediction in priced:
        distribution, actual = prediction.distribution, prediction.item.actual
        low, high = distribution.interval(0.8)
        judged = judge_actual(distribution, actual) if actual is not None else None
        rows.append(
            {
                "model": prediction.model.key,
                "weights": prediction.model.describe(),
                "item": prediction.item.id,
                "actual_usd": actual,
                **_read_outs(prediction),
                "greedy_text": prediction.continuation,
                "interval_80_low": low,
                "interval_80_high": high,
                "crps": judged.crps if judged else None,
                "crps_note": judged.crps_note if judged else "",
                "log_score_nats": judged.log_score if judged else None,
                "log_score_note": judged.log_score_note if judged else "",
                "overflow": distribution.overflow,
                "not_a_number": distribution.not_a_number,
                "unexplored": distribution.unexplored,
                "first_token_information": distribution.first_token_information,
                "method": distribution.method,
                "passes": distribution.passes,
                "tokens": distribution.tokens,
                "seconds": distribution.seconds,
            }
        )
    return pd.DataFrame(rows)


def probabilities_frame(priced: list[Prediction]) -> pd.DataFrame:
    """A row per price and per part that is no price, a column per model, which sums to 1."""
    columns = {
        p.model.key: [
            *p.distribution.probabilities,
            *(getattr(p.distribution, part) for part in _PARTS),
        ]
        for p in priced
    }
    return pd.DataFrame({"outcome": [*map(str, range(1000)), *_PARTS], **columns})
