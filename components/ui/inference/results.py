"""What models answered on the live inference page, side by side."""

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from components.charts import NamedDistribution, Theme, first_tokens, price_distributions
from components.pricing import error_band, load_catalogue, point_estimates
from components.ui.inference import predictions
from components.ui.inference.inputs import Question
from components.ui.inference.predictions import Prediction, Way
from components.ui.kit import exports, permalinks, shell, shortlist
from components.ui.kit.feedback import show_error
from components.ui.kit.model_ids import label
from components.ui.kit.text import plain

_LOG = permalinks.flag("log")
_METHODS = {
    "tree": "all numbers against one run of the prompt",
    "plain": "one sequence per number: this model's attention takes no tree of numbers",
}
_ESTIMATE_LABELS = {
    "median": "median",
    "mean": "mean",
    "mode": "mode",
    "top3_mean": "top-3 weighted mean",
    "greedy": "greedy",
    "catalogue_median": "always the catalogue's median",
}


def answers(question: Question, models: list[str], way: Way) -> None:
    """The answers to this question: a card per model, charts, a table, and downloads."""
    answered = {p.model: p for p in predictions.of_prompt(question.prompt, way, models)}
    if not answered:
        st.info("Press Predict to run the models on this product.", icon=":material/bolt:")
        return
    with st.empty().container():
        for column, repo_id in zip(st.columns(len(models)), models, strict=True):
            with column, st.container(border=True, height="stretch"):
                shortlist.heading(repo_id)
                if repo_id in answered:
                    _card(answered[repo_id])
                else:
                    st.caption("Not run on this product yet.")
    priced = [p for p in answered.values() if _named(p) is not None]
    if priced:
        _evidence(question, priced)
    if missing := [model for model in models if model not in shortlist.models()]:
        st.button(
            "Put these models on the shortlist",
            icon=":material/star:",
            on_click=shortlist.add,
            args=(missing,),
            help="The Review shows the latest predictions of the shortlist.",
        )


def _card(prediction: Prediction) -> None:
    if prediction.error is not None:
        show_error(prediction.error)
        return
    distribution = prediction.distribution
    if distribution is None:
        _stopped()
        return
    if not distribution.probabilities.any():
        st.markdown("**No price**: the model goes on with no number from 0 to 999.")
    else:
        st.metric("Median price", f"${distribution.median:,.0f}")
        if prediction.actual is not None:
            st.markdown(
                f"{_badge(distribution.median, prediction.actual)}"
                f" {plain(f'actual ${prediction.actual:,.2f}')}"
            )
        low, high = distribution.interval(0.8)
        st.caption(
            plain(
                f"80 % interval ${low:,.0f} to ${high:,.0f}. Both given a price to $999, which has"
                f" {distribution.probabilities.sum():.0%} of the probability; $1,000 or more has"
                f" {distribution.overflow:.0%}, text that is no price"
                f" {distribution.not_a_number:.0%}."
            )
        )
    st.caption("Greedy continuation")
    st.code(f"Price is ${prediction.text}", language=None, wrap_lines=True)
    if not prediction.finished:
        _stopped()
    st.caption(
        plain(
            f"{distribution.seconds:.1f} s: {distribution.passes} passes,"
            f" {distribution.tokens:,} tokens, {_METHODS[distribution.method]}."
            f" Weights: {prediction.provenance}"
        )
    )


def _stopped() -> None:
    st.caption(":material/stop_circle: Stopped before it was finished; kept as it was.")


def _badge(estimate: float, actual: float) -> str:
    off = estimate - actual
    told = f"off by ${abs(off):,.2f} {'over' if off > 0 else 'under'}"
    return f":{error_band(estimate, actual)}-badge[{plain(told)}]"


def _named(prediction: Prediction) -> NamedDistribution | None:
    distribution = prediction.distribution
    if distribution is None or not distribution.probabilities.any():
        return None
    return NamedDistribution(
        prediction.model, label(prediction.model), prediction.provenance, distribution
    )


def _figures(
    question: Question, priced: list[Prediction], theme: Theme, *, log_price: bool
) -> list[go.Figure]:
    named = [one for p in priced if (one := _named(p)) is not None]
    return [
        price_distributions(
            named, question.actual, product=question.title, theme=theme, log_price=log_price
        ),
        first_tokens(named, product=question.title, theme=theme),
    ]


def _evidence(question: Question, priced: list[Prediction]) -> None:
    log_price = _LOG.show()
    st.toggle("Logarithmic price axis", key=_LOG.widget_key, on_change=_LOG.take)
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
    if question.actual is not None:
        st.caption(
            "Green: off by less than \\$40 or 20 %; orange: \\$80 or 40 %; red: more. These are"
            " the bands of the price-prediction course: what costs less than \\$40 is easily green."
        )
    st.caption(
        "Median, mean and mode are of the distribution given a price to \\$999. The top-3 weighted"
        " mean is a published trick that works only where a price is one token. A model that does"
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
                [question.prompt],
                address=address,
                figures=_figures(question, priced, "light", log_price=log_price),
                tables={"Estimates": frame.set_index("model").T.reset_index()},
            ),
        )
        st.download_button(
            "Probabilities",
            lambda: exports.csv_bytes(_probabilities(priced)),
            file_name="basewise-probabilities.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
            help="The probability of each price from $0 to $999, a column per model.",
        )


def _estimates_table(question: Question, priced: list[Prediction]) -> str:
    """Markdown: a row per estimator, a column per model."""
    constant = pd.Series([product.price_usd for product in load_catalogue().values()]).median()
    rows: dict[str, list[float | None]] = {}
    for prediction in priced:
        if prediction.distribution is not None:
            answers = {**point_estimates(prediction.distribution), "greedy": prediction.greedy}
            for name, value in answers.items():
                rows.setdefault(name, []).append(value)
    rows["catalogue_median"] = [float(constant)] * len(priced)
    lines = [
        f"| estimate | {' | '.join(plain(label(p.model)) for p in priced)} |",
        "|---" * (len(priced) + 1) + "|",
    ]
    lines += [
        f"| {_ESTIMATE_LABELS[name]} |"
        f" {' | '.join(_estimate(value, question.actual) for value in values)} |"
        for name, values in rows.items()
    ]
    if question.actual is not None:
        known = [p.distribution for p in priced if p.distribution is not None]
        crps = " | ".join(plain(f"${d.crps(question.actual):,.2f}") for d in known)
        score = " | ".join(plain(f"{d.log_score(question.actual):.2f} nats") for d in known)
        lines += [
            f"| CRPS, lower is better | {crps} |",
            f"| log score, lower is better | {score} |",
        ]
    return "\n".join(lines)


def _estimate(value: float | None, actual: float | None) -> str:
    if value is None or pd.isna(value):
        return "–"
    shown = plain(f"${value:,.2f}")
    return f"{shown} {_badge(value, actual)}" if actual is not None else shown


def answers_frame(priced: list[Prediction]) -> pd.DataFrame:
    """One row per model: its estimates in dollars, scores, masses, and what it took."""
    rows = []
    for prediction in priced:
        distribution, actual = prediction.distribution, prediction.actual
        if distribution is None:
            continue
        low, high = distribution.interval(0.8)
        rows.append(
            {
                "model": prediction.model,
                "weights": prediction.provenance,
                "product": prediction.product,
                "actual": actual,
                **point_estimates(distribution),
                "greedy": prediction.greedy,
                "greedy text": prediction.text,
                "80 % from": low,
                "80 % to": high,
                "CRPS": distribution.crps(actual) if actual is not None else None,
                "log score (nats)": distribution.log_score(actual) if actual is not None else None,
                "$1,000 or more": distribution.overflow,
                "not a number": distribution.not_a_number,
                "unexplored": distribution.unexplored,
                "first-token information": distribution.first_token_information,
                "method": distribution.method,
                "passes": distribution.passes,
                "tokens": distribution.tokens,
                "seconds": distribution.seconds,
            }
        )
    return pd.DataFrame(rows)


def _probabilities(priced: list[Prediction]) -> pd.DataFrame:
    columns = {p.model: p.distribution.probabilities for p in priced if p.distribution is not None}
    return pd.DataFrame({"price": range(1000), **columns})
