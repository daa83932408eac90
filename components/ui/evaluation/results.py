"""What a run says: figures with intervals, models against each other, each row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import pandas as pd
import streamlit as st

from components.charts import estimates as estimate_charts
from components.charts import evaluation as charts
from components.charts.evaluation import METRIC_LABELS, metric_text
from components.evaluation import RunInfo
from components.evaluation.baselines import BASELINES, OUT_OF_FOLD
from components.evaluation.calibration import (
    Grouping,
    by_group,
    coverage_curve,
    pit_histogram,
    running_mean,
)
from components.evaluation.comparison import best_first, compare
from components.evaluation.metrics import DISTRIBUTION_METRICS, Metric
from components.evaluation.scored import ItemScores
from components.evaluation.summary import best_read_out, tidy_figures
from components.ui import run_services
from components.ui.evaluation.downloads import draw_downloads
from components.ui.evaluation.labels import (
    BASELINE_LABELS,
    READ_OUT_LABELS,
    read_out_label,
    rows_text,
)
from components.ui.evaluation.requests import asked_for
from components.ui.evaluation.rows import rows_table
from components.ui.evaluation.shown import Shown, estimates, figures_table
from components.ui.evaluation.texts import texts_view
from components.ui.kit import exports, permalinks, shell
from components.ui.kit.binding import bound
from components.ui.kit.model_ids import labels
from components.ui.kit.text import plain

_METRICS: tuple[Metric, ...] = (
    "mae",
    "median_absolute_error",
    "rmsle",
    "green_share",
    "r2_log",
    "crps",
    "log_score",
    "nats_per_price",
)
_BY_NAME: dict[str, Metric] = {name: name for name in _METRICS}
_METRIC = permalinks.one_of("metric", _METRICS, "mae")
_READ_OUT = permalinks.one_of("read_out", list(READ_OUT_LABELS), "median")
_ZERO = permalinks.flag("zero")


def run_results(run: RunInfo) -> None:
    """The run's figures so far; what to do where there are none yet."""
    scores = run_services.run_scores(run)
    if not scores:
        st.info(
            "No row is answered yet: the figures come with the first ones.",
            icon=":material/hourglass_top:",
        )
        return
    if run.done < run.total:
        st.caption(
            plain(
                f"Figures of {run.done:,} of {run.total:,} predictions: reload the page for more."
                " Each pair of models is compared on the rows that both have answered."
            )
        )
    if asked_for(run, "Fit the baselines"):
        scores = {**scores, **run_services.baselines(run.id)}
    shown = _choices(run, scores)
    _headline(shown)
    view = bound(
        st.segmented_control,
        _VIEW,
        "View",
        list(_VIEWS),
        format_func=lambda name: _VIEWS[name].words,
        required=True,
        label_visibility="collapsed",
    )
    _VIEWS[view].draw(shown)
    draw_downloads(shown)


def _choices(run: RunInfo, scores: dict[str, ItemScores]) -> Shown:
    offered = [
        name for name in READ_OUT_LABELS if any(name in s.estimates for s in scores.values())
    ]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        metric = bound(
            st.selectbox,
            _METRIC,
            "Your metric",
            _METRICS,
            format_func=lambda name: METRIC_LABELS[name],
            width=260,
        )
        read_out = bound(
            st.selectbox,
            _READ_OUT,
            "Price read from each distribution",
            offered,
            format_func=READ_OUT_LABELS.__getitem__,
            width=260,
            help="The median is the best single price for the mean absolute error, the mean for"
            " the squared one. Metrics of whole distributions need none.",
        )
        zero = bound(
            st.toggle,
            _ZERO,
            "No number counts as $0",
            help="As the price-prediction course's tester has it. Otherwise such rows are left"
            " out of a read-out, and counted.",
        )
    names = {**labels(list(scores.keys() - set(BASELINES))), **BASELINE_LABELS}
    return Shown(run, scores, names, _BY_NAME[metric], read_out, "zero" if zero else "left_out")


def _headline(shown: Shown) -> None:
    """One sentence per pair of models: what the rows tell apart, and what they do not."""
    pairs = compare(shown.models, shown.metric, shown.read_outs)
    if pairs.empty:
        return
    lines = [_verdict(shown, row) for row in pairs.to_dict("records")[:_MOST_VERDICTS]]
    if more := len(pairs) - len(lines):
        lines.append(f"{more} more pairs under {_VIEWS['pairs'].words}.")
    st.markdown("\n".join(f"- {line}" for line in lines))


_MOST_VERDICTS = 3


def _verdict(shown: Shown, row: Mapping) -> str:
    first, second = shown.labels[row["first"]], shown.labels[row["second"]]
    rows = f"{row['rows']:,} rows"
    if pd.isna(row["difference"]):
        return plain(f"{first} and {second}: too few rows with a number ({rows}).")
    values = {row["first"]: row["first_value"], row["second"]: row["second_value"]}
    best, other = best_first(values, shown.metric)
    against = " against ".join(metric_text(shown.metric, values[name]) for name in (best, other))
    figures = f"{METRIC_LABELS[shown.metric]} {against}"
    if row["told_apart"] is True:
        claim = f"{shown.labels[best]} is ahead of {shown.labels[other]}"
        evidence = f"{figures}; {rows} tell these apart (p = {row['p_holm']:.2g})."
    else:
        needed = row["rows_needed"]
        about = f"; about {needed:,.0f} would" if pd.notna(needed) else ""
        claim = f"{first} and {second} are within noise"
        evidence = f"{figures}; {rows} do not tell these apart{about}."
    return f"**{plain(claim)}**: {plain(evidence)}"


def _figures_view(shown: Shown) -> None:
    table = tidy_figures(shown.scores, shown.no_number, shown.wants)
    if shown.metric in DISTRIBUTION_METRICS:
        picked = table
    else:
        picked = table[table["read_out"].isin([*READ_OUT_LABELS, OUT_OF_FOLD])]
    shell.chart(
        charts.read_out_errors(
            picked,
            shown.labels,
            {name: read_out_label(name) for name in table["read_out"].unique()},
            metric=shown.metric,
            rows=rows_text(shown.run),
            theme=shell.theme(),
        ),
        name="evaluation-read-outs",
        alt=f"{METRIC_LABELS[shown.metric]} of each model and read-out with 95 % intervals",
    )
    if shown.metric not in DISTRIBUTION_METRICS:
        for name, one in shown.models.items():
            st.caption(_best(shown, name, one))
    st.dataframe(
        figures_table(shown, table),
        hide_index=True,
        width="stretch",
        key="table-evaluation-figures",
    )
    st.caption(
        "Intervals: 95 %, by bootstrap over rows. Median and mean are of the distribution given a"
        " price to \\$999. Baselines are fitted on the same rows, out of fold (ten folds, five"
        " orders); the constant is the other rows' median price."
    )


def _best(shown: Shown, name: str, scores: ItemScores) -> str:
    best = best_read_out(scores, shown.metric)
    if best is None:
        return plain(f"{shown.labels[name]}: no read-out has a number.")
    tied = ", ".join(map(read_out_label, best.tied))
    beside = f"; not told apart from it: {tied}" if tied else "; ahead of every other read-out"
    return plain(
        f"{shown.labels[name]}: best by {read_out_label(best.read_out)}"
        f" ({metric_text(shown.metric, best.interval.value)} on {best.rows:,} rows){beside}."
        " Chosen on these very rows: somewhat flattered."
    )


def _actual_view(shown: Shown) -> None:
    series = shown.series(estimates)
    shell.chart(
        estimate_charts.predicted_against_actual(
            series, rows=rows_text(shown.run), theme=shell.theme()
        ),
        name="evaluation-predicted",
        alt="Each product's predicted price against its actual price, a panel per model",
    )


def _pairs_view(shown: Shown) -> None:
    pairs = compare(shown.comparable, shown.metric, shown.read_outs)
    if pairs.empty:
        st.info("One model alone is compared with nothing: add another.", icon=":material/info:")
        return
    shell.chart(
        charts.paired_differences(
            pairs,
            shown.labels,
            metric=shown.metric,
            rows=rows_text(shown.run),
            theme=shell.theme(),
        ),
        name="evaluation-pairs",
        alt="Differences between each pair on the same rows with 95 % intervals",
    )
    exports.csv_button("CSV of the pairs", "evaluation-pairs", lambda: pairs)


def _groups_view(shown: Shown) -> None:
    groupings: dict[Grouping, str] = {"price_band": "price band", "category": "category"}
    for grouping, words in groupings.items():
        if grouping == "category" and not _has_categories(shown):
            st.caption("These rows have no categories.")
            continue
        shell.chart(
            charts.errors_by_group(
                shown.series(partial(by_group, grouping=grouping)),
                grouping,
                rows=rows_text(shown.run),
                theme=shell.theme(),
            ),
            name=f"evaluation-{grouping}",
            alt=f"Mean absolute error of each model by {words} with 95 % intervals",
        )


def _has_categories(shown: Shown) -> bool:
    return any(bool(one.items["category"].notna().any()) for one in shown.models.values())


def _calibration_view(shown: Shown) -> None:
    shell.chart(
        estimate_charts.coverage_curves(
            shown.series(lambda scores, _: coverage_curve(scores), by_read_out=False),
            rows=rows_text(shown.run),
            theme=shell.theme(),
        ),
        name="evaluation-coverage",
        alt="Share of prices inside each central interval, against the interval's level",
    )
    shell.chart(
        estimate_charts.pit_histograms(
            shown.series(lambda scores, _: pit_histogram(scores), by_read_out=False),
            rows=rows_text(shown.run),
            theme=shell.theme(),
        ),
        name="evaluation-pit",
        alt="Where each price falls within the model's distribution: flat if calibrated",
    )


def _running_view(shown: Shown) -> None:
    shell.chart(
        charts.running_means(
            shown.series(running_mean), rows=rows_text(shown.run), theme=shell.theme()
        ),
        name="evaluation-running",
        alt="Mean absolute error so far after each row, with its 95 % interval",
    )


@dataclass(frozen=True)
class _View:
    words: str
    draw: Callable[[Shown], None]


_VIEWS = {
    "figures": _View("Error", _figures_view),
    "actual": _View("Predicted against actual", _actual_view),
    "pairs": _View("Between models", _pairs_view),
    "groups": _View("By price and category", _groups_view),
    "calibration": _View("Calibration", _calibration_view),
    "running": _View("Running mean", _running_view),
    "rows": _View(
        "Rows", lambda shown: rows_table(shown.run, shown.models, shown.labels, shown.read_outs)
    ),
    "texts": _View(
        "Your rows' text", lambda shown: texts_view(shown.run, shown.scores, shown.labels)
    ),
}
_VIEW = permalinks.one_of("view", list(_VIEWS), "figures")
