"""Charts of how far off models are over many products."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from components.charts.style import (
    CHART_COLORS,
    ModelStyle,
    Theme,
    finish,
    legend_below,
    model_styles,
)
from components.charts.text import chart_text
from components.evaluation import BASELINES, HIGHER_IS_BETTER, Grouping, Metric
from components.figures import percent

METRIC_LABELS: dict[Metric, str] = {
    "mae": "Mean absolute error",
    "median_absolute_error": "Median absolute error",
    "rmsle": "RMSLE",
    "green_share": "Share within $40 or 20 %",
    "r2_log": "R² of log prices",
    "r_log": "Correlation of log prices",
    "crps": "CRPS",
    "log_score": "Log score",
    "nats_per_price": "Nats per price",
}
_DOLLARS = ("mae", "median_absolute_error", "crps")
# No models: they share the muted colour, under markers that no model has.
_BASELINE_MARKERS = ("line-ns-open", "asterisk-open", "y-up-open")
_ROW_PIXELS = 34
_PAIR_PIXELS = 78


@dataclass(frozen=True)
class NamedSeries:
    """A frame of one model's or baseline's figures, with the words that a reader needs.

    `model` is the model's id, or the name of a baseline; `label` names it, with the read-out if
    there is one to name.
    """

    model: str
    label: str
    frame: pd.DataFrame


def series_styles(models: Sequence[str], theme: Theme) -> dict[str, ModelStyle]:
    """The styles of models and baselines that are shown together."""
    styles = model_styles(model for model in models if model not in BASELINES)
    muted = CHART_COLORS[theme].muted
    for name, marker in zip(BASELINES, _BASELINE_MARKERS, strict=True):
        if name in models:
            styles[name] = ModelStyle(muted, marker)
    return styles


def series_marker(style: ModelStyle, size: int = 11) -> dict[str, Any]:
    """A marker as plotly draws it."""
    return {
        "symbol": style.marker,
        "color": style.color,
        "size": size,
        "line": {"color": style.color, "width": 2},
    }


def metric_text(metric: Metric, value: float) -> str:
    """A metric's value with its unit; – for none."""
    if pd.isna(value):
        return "–"
    sign = "−" if value < 0 else ""
    if metric in _DOLLARS:
        return f"{sign}${abs(value):,.0f}"
    return f"{sign}{percent(abs(value)) if metric == 'green_share' else f'{abs(value):.2f}'}"


def read_out_errors(
    table: pd.DataFrame,
    labels: Mapping[str, str],
    read_out_labels: Mapping[str, str],
    *,
    metric: Metric,
    rows: str,
    theme: Theme,
) -> go.Figure:
    """One metric with its 95 % interval, a line per model and read-out, the best on top.

    `table` is of `tidy_figures`; `labels` name models and baselines, `read_out_labels` their
    read-outs; `rows` says in words what they were computed on.
    """
    known = table[(table["figure"] == metric) & np.isfinite(table["value"])]
    known = known.sort_values("value", ascending=metric in HIGHER_IS_BETTER, kind="stable")
    styles = series_styles(list(known["model"]), theme)
    figure, ticks = go.Figure(), []
    for place, row in enumerate(known.to_dict("records")):
        model = str(row["model"])
        name = f"{chart_text(labels[model])} · {chart_text(read_out_labels[row['read_out']])}"
        ticks.append(f"{name}  <b>{metric_text(metric, row['value'])}</b>")
        figure.add_scatter(
            x=[row["value"]],
            y=[place],
            error_x=_error_bar(row, "value", styles[model].color),
            mode="markers",
            marker=series_marker(styles[model]),
            customdata=[model],
            hovertemplate=f"{name}<br>{_with_interval(metric, row, 'value')}"
            f"<br>{row['rows']:,} rows, {row['left_out']:,} without a number<extra></extra>",
            cliponaxis=False,
            showlegend=False,
        )
    better = "higher" if metric in HIGHER_IS_BETTER else "lower"
    finish(
        figure,
        theme,
        title=f"{METRIC_LABELS[metric]} by model and read-out",
        source=f"{rows}; bars: 95 % intervals; {better} is better",
        height=140 + _ROW_PIXELS * max(len(known), 1),
    )
    _rows_axis(figure, ticks)
    _value_axis(figure, metric)
    return figure


def paired_differences(
    pairs: pd.DataFrame,
    labels: Mapping[str, str],
    *,
    metric: Metric,
    rows: str,
    theme: Theme,
) -> go.Figure:
    """The difference of each pair on the same rows with its 95 % interval.

    `pairs` is of `compare`; beside each pair stands whether the rows tell it apart.
    """
    colors = CHART_COLORS[theme]
    known = pairs[np.isfinite(pairs["difference"])].iloc[::-1]
    styles = series_styles([*known["first"], *known["second"]], theme)
    figure = go.Figure()
    for place, row in enumerate(known.to_dict("records")):
        _add_pair(figure, place, row, labels, styles, metric, theme)
    finish(
        figure,
        theme,
        title=f"{METRIC_LABELS[metric]}: differences on the same rows",
        source=f"{rows}; paired bootstrap, bars: 95 % intervals, p by Holm over all pairs",
        height=140 + _PAIR_PIXELS * max(len(known), 1),
    )
    figure.add_vline(x=0, line={"color": colors.muted, "width": 1.5, "dash": "dash"}, layer="below")
    figure.update_yaxes(
        range=[-0.3, max(len(known), 1) - 0.2], showgrid=False, showticklabels=False
    )
    _value_axis(figure, metric)
    sides = ("above", "below") if metric in HIGHER_IS_BETTER else ("below", "above")
    figure.update_xaxes(
        title_text=f"{sides[0]} 0 the first is better, {sides[1]} 0 the second",
        title_font_size=13,
    )
    return figure


def _add_pair(
    figure: go.Figure,
    place: int,
    row: Mapping[Any, Any],
    labels: Mapping[str, str],
    styles: Mapping[str, ModelStyle],
    metric: Metric,
    theme: Theme,
) -> None:
    colors = CHART_COLORS[theme]
    first, second = (str(row[side]) for side in ("first", "second"))
    ahead = first if (row["difference"] > 0) == (metric in HIGHER_IS_BETTER) else second
    apart = row["told_apart"] is True
    style = styles[ahead] if apart else ModelStyle(colors.muted, styles[ahead].hollow.marker)
    names = [chart_text(labels[model]) for model in (first, second)]
    name = f"{names[0]} less {names[1]}"
    figure.add_scatter(
        x=[row["difference"]],
        y=[place],
        error_x=_error_bar(row, "difference", style.color),
        mode="markers",
        marker=series_marker(style),
        customdata=[[first, second]],
        hovertemplate=f"{name}<br>{_with_interval(metric, row, 'difference')}"
        f"<br>{row['rows']:,} rows, won {percent(row['first_won'])} :"
        f" {percent(row['second_won'])}"
        f"<br>p = {row['p_holm']:.2g} (Holm)<extra></extra>",
        cliponaxis=False,
        showlegend=False,
    )
    # Above its bar, not beside it: on a phone there is no room for both.
    figure.add_annotation(
        x=0,
        xref="paper",
        y=place + 0.72,
        text=f"<b>{name}</b><br>{_verdict(row, chart_text(labels[ahead]))}",
        showarrow=False,
        xanchor="left",
        yanchor="top",
        align="left",
        font={"size": 13, "color": colors.text},
    )


def _verdict(row: Mapping[Any, Any], ahead: str) -> str:
    """Whether the rows tell a pair apart, and how many would."""
    if pd.isna(row["told_apart"]):
        return f"too few rows to say ({row['rows']:,})"
    if row["told_apart"]:
        return f"{row['rows']:,} rows tell these apart: {ahead} is ahead"
    needed = row["rows_needed"]
    more = "" if pd.isna(needed) else f"; about {_rounded(needed)} would"
    return f"{row['rows']:,} rows do not tell these apart{more}"


def _rounded(count: float) -> str:
    """A count to two digits."""
    digits = max(int(np.floor(np.log10(count))) - 1, 0)
    return f"{round(count / 10**digits) * 10**digits:,}"


def errors_by_group(
    series: Sequence[NamedSeries], grouping: Grouping, *, rows: str, theme: Theme
) -> go.Figure:
    """The mean absolute error of each model in each price band or category, with 95 % intervals.

    Each frame is of `by_group` on the same rows, so that all have the same groups.
    """
    styles = series_styles([one.model for one in series], theme)
    groups = list(dict.fromkeys(group for one in series for group in one.frame["group"]))
    figure = go.Figure()
    offsets = np.linspace(0.22, -0.22, len(series)) if len(series) > 1 else [0.0]
    counts: dict[str, int] = {}
    for one, offset in zip(series, offsets, strict=True):
        table = one.frame
        color = styles[one.model].color
        for row in table.to_dict("records"):
            counts[row["group"]] = max(counts.get(row["group"], 0), row["rows"] + row["left_out"])
        places = np.array([groups.index(group) for group in table["group"]])
        figure.add_scatter(
            x=table["mae"],
            y=len(groups) - 1 - places + offset,
            error_x={
                "type": "data",
                "array": table["high"] - table["mae"],
                "arrayminus": table["mae"] - table["low"],
                "color": color,
                "thickness": 1.5,
                "width": 3,
            },
            mode="markers",
            marker=series_marker(styles[one.model], size=9),
            name=chart_text(one.label),
            hovertemplate="$%{x:,.0f}<extra>" + chart_text(one.label) + "</extra>",
            cliponaxis=False,
        )
    by = "price band" if grouping == "price_band" else "category"
    finish(
        figure,
        theme,
        title=f"Mean absolute error by {by}",
        source=f"{rows}; bars: 95 % intervals, none for fewer than 8 rows",
        height=190 + max(26, 20 * len(series)) * max(len(groups), 1),
    )
    legend_below(figure)
    names = [_group_text(group, grouping) for group in groups]
    ticks = [f"{name} ({counts[group]:,})" for name, group in zip(names, groups, strict=True)]
    _rows_axis(figure, ticks[::-1])
    _value_axis(figure, "mae")
    figure.update_xaxes(rangemode="tozero")
    return figure


def _group_text(group: str, grouping: Grouping) -> str:
    if grouping == "price_band":
        low, _, high = group.partition("-")
        return f"${float(low):,.0f} to ${float(high):,.0f}"
    return chart_text(group)


def running_means(series: Sequence[NamedSeries], *, rows: str, theme: Theme) -> go.Figure:
    """The mean absolute error so far, with its 95 % interval, as the rows come in.

    Each frame is of `running_mean`.
    """
    styles = series_styles([one.model for one in series], theme)
    figure = go.Figure()
    highest = 0.0
    for one in series:
        table, style = one.frame, styles[one.model]
        sure = table[table["rows"] >= 8]  # before, an interval fills the chart
        highest = max(highest, float(sure["high"].max()) if len(sure) else 0.0)
        figure.add_scatter(
            x=[*sure["rows"], *sure["rows"][::-1]],
            y=[*sure["high"], *sure["low"][::-1]],
            mode="lines",
            line={"width": 0},
            fill="toself",
            fillcolor=translucent(style.color, 0.14),
            hoverinfo="skip",
            showlegend=False,
        )
        figure.add_scatter(
            x=table["rows"],
            y=table["mean"],
            mode="lines",
            line={"color": style.color, "width": 2},
            hovertemplate="after %{x:,} rows $%{y:,.0f}"
            + f"<extra>{chart_text(one.label)}</extra>",
            showlegend=False,
        )
        # At the end alone: a marker tells lines apart without their colours.
        figure.add_scatter(
            x=table["rows"].tail(1),
            y=table["mean"].tail(1),
            mode="markers",
            marker=series_marker(style),
            name=chart_text(one.label),
            hoverinfo="skip",
            cliponaxis=False,
        )
    finish(
        figure,
        theme,
        title="Mean absolute error, row by row",
        source=f"{rows}; shaded: 95 % interval of the mean so far, from 8 rows on",
        height=440,
    )
    legend_below(figure)
    figure.update_xaxes(title_text="rows with a number so far", rangemode="tozero")
    figure.update_yaxes(tickprefix="$", tickformat=",d")
    if highest:
        figure.update_yaxes(range=[0, highest * 1.08])
    return figure


def translucent(color: str, opacity: float) -> str:
    """A hexadecimal colour as plotly takes one with an opacity."""
    red, green, blue = (int(color[index : index + 2], 16) for index in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


def _error_bar(row: Mapping[Any, Any], value: str, color: str) -> dict[str, Any]:
    known = np.isfinite(row["low"]) and np.isfinite(row["high"])
    return {
        "type": "data",
        "array": [row["high"] - row[value] if known else 0],
        "arrayminus": [row[value] - row["low"] if known else 0],
        "color": color,
        "thickness": 2,
        "width": 5,
    }


def _with_interval(metric: Metric, row: Mapping[Any, Any], value: str) -> str:
    ends = " to ".join(metric_text(metric, row[end]) for end in ("low", "high"))
    return f"{metric_text(metric, row[value])} ({ends})"


def _rows_axis(figure: go.Figure, ticks: list[str]) -> None:
    figure.update_yaxes(
        range=[-0.7, max(len(ticks), 1) - 0.3],
        showgrid=False,
        tickvals=list(range(len(ticks))),
        ticktext=ticks,
    )


def _value_axis(figure: go.Figure, metric: Metric) -> None:
    if metric in _DOLLARS:
        figure.update_xaxes(tickformat="$,d")
    elif metric == "green_share":
        tenths = [place / 10 for place in range(-10, 11)]
        figure.update_xaxes(tickvals=tenths, ticktext=list(map(percent, tenths)))
