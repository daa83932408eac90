"""Charts of what models say of many products, one panel per model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from components.charts.evaluation import (
    NamedSeries,
    series_marker,
    series_styles,
    translucent,
)
from components.charts.style import CHART_COLORS, ModelStyle, Theme, finish, legend_below
from components.charts.text import chart_text
from components.pricing import Band, error_bands

# The bands of the price-prediction course; each reads at 3:1 or better on both themes.
BAND_COLORS: dict[Band, str] = {"green": "#0B8F6A", "orange": "#C07000", "red": "#D1495B"}
_BAND_LABELS: dict[Band, str] = {
    "green": "off by less than $40 or 20 %",
    "orange": "less than $80 or 40 %",
    "red": "more",
}
_FREE = 0.5  # where $0 stands on a logarithmic axis
_TICKS = [_FREE, 1, 10, 100, 1000]
_TICK_TEXTS = ["$0", "$1", "$10", "$100", "$1,000"]
_PANEL_PIXELS = 340


def predicted_against_actual(
    series: Sequence[NamedSeries], *, rows: str, theme: Theme
) -> go.Figure:
    """Each row's estimate against its price, both on log axes, over the bands of the errors.

    Each frame has `item_id`, `actual` and `estimate` in dollars; rows without an estimate are left
    out, and counted beside the name.
    """
    styles = series_styles([one.model for one in series], theme)
    figure = make_subplots(
        rows=len(series),
        cols=1,
        subplot_titles=[_panel_title(one) for one in series],
        vertical_spacing=0.18 / len(series),
    )
    for row, one in enumerate(series, start=1):
        _add_bands(figure, row, theme)
        _add_points(figure, row, one, styles[one.model])
    finish(
        figure,
        theme,
        title="Predicted against actual price",
        source=f"{rows}; log axes; shaded: off by less than $40 or 20 %, and less than $80 or 40 %",
        height=150 + _PANEL_PIXELS * len(series),
        top=104,
    )
    for band, color in BAND_COLORS.items():
        figure.add_scatter(
            x=[None],
            y=[None],
            mode="markers",
            marker={"color": color, "size": 10},
            name=_BAND_LABELS[band],
        )
    legend_below(figure)
    figure.update_annotations(x=0, xanchor="left", font_size=13)
    axis = {"type": "log", "tickvals": _TICKS, "ticktext": _TICK_TEXTS}
    figure.update_xaxes(**axis, range=[np.log10(0.9), 3.02])
    figure.update_yaxes(**axis, range=[np.log10(_FREE * 0.85), 3.02])
    figure.update_xaxes(title_text="actual", row=len(series))
    figure.update_yaxes(title_text="predicted")
    return figure


def _panel_title(one: NamedSeries) -> str:
    missing = int(one.frame["estimate"].isna().sum())
    without = f" · {missing:,} without a number" if missing else ""
    return f"<b>{chart_text(one.label)}</b>{without}"


def _add_bands(figure: go.Figure, row: int, theme: Theme) -> None:
    actual = np.logspace(np.log10(0.9), np.log10(1047), 120)
    off: dict[Band, NDArray[np.float64]] = {
        "orange": np.maximum(80, 0.4 * actual),
        "green": np.maximum(40, 0.2 * actual),
    }
    for band, width in off.items():
        for end, fill in ((actual + width, None), (np.maximum(actual - width, 0.4), "tonexty")):
            figure.add_scatter(
                row=row,
                col=1,
                x=actual,
                y=end,
                mode="lines",
                line={"width": 0},
                fill=fill,
                fillcolor=translucent(BAND_COLORS[band], 0.16),
                hoverinfo="skip",
                showlegend=False,
            )
    figure.add_scatter(
        row=row,
        col=1,
        x=[0.9, 1047],
        y=[0.9, 1047],
        mode="lines",
        line={"color": CHART_COLORS[theme].muted, "width": 1, "dash": "dash"},
        hoverinfo="skip",
        showlegend=False,
    )


def _add_points(figure: go.Figure, row: int, one: NamedSeries, style: ModelStyle) -> None:
    known = one.frame.dropna(subset="estimate")
    pairs = list(zip(known["estimate"], known["actual"], strict=True))
    bands = error_bands(known["estimate"].to_numpy(float), known["actual"].to_numpy(float))
    colors = [BAND_COLORS[band] for band in bands.tolist()]
    figure.add_scatter(
        row=row,
        col=1,
        x=known["actual"].to_numpy(),
        y=np.maximum(known["estimate"].to_numpy(), _FREE),
        mode="markers",
        marker={"symbol": style.marker, "color": colors, "size": 8, "opacity": 0.85},
        customdata=list(known["item_id"]),
        hovertext=[
            f"{chart_text(item)}<br>predicted ${estimate:,.2f}, actual ${actual:,.2f}"
            for item, (estimate, actual) in zip(known["item_id"], pairs, strict=True)
        ],
        hovertemplate="%{hovertext}<extra></extra>",
        cliponaxis=False,
        showlegend=False,
    )


def coverage_curves(series: Sequence[NamedSeries], *, rows: str, theme: Theme) -> go.Figure:
    """How often intervals of each level hold the price; each frame is of `coverage_curve`.

    On the dashed line an interval covers what it says; below it, it is too narrow.
    """
    styles = series_styles([one.model for one in series], theme)
    figure = go.Figure()
    for one in series:
        table, color = one.frame, styles[one.model].color
        figure.add_scatter(
            x=100 * table["level"],
            y=100 * table["coverage"],
            error_y={
                "type": "data",
                "array": 100 * (table["high"] - table["coverage"]),
                "arrayminus": 100 * (table["coverage"] - table["low"]),
                "color": translucent(color, 0.6),
                "thickness": 1,
                "width": 0,
            },
            mode="lines+markers",
            line={"color": color, "width": 2},
            marker=series_marker(styles[one.model], size=8),
            name=chart_text(one.label),
            hovertemplate="%{x:.0f} % interval holds %{y:.0f} %"
            + f"<extra>{chart_text(one.label)}</extra>",
            cliponaxis=False,
        )
    figure.add_scatter(
        x=[0, 100],
        y=[0, 100],
        mode="lines",
        line={"color": CHART_COLORS[theme].muted, "width": 1.5, "dash": "dash"},
        name="as it says",
        hoverinfo="skip",
    )
    finish(
        figure,
        theme,
        title="Calibration: how often an interval holds the price",
        source=f"{rows}; central intervals of the price distribution; bars: 95 % (Wilson)",
        height=500,
    )
    legend_below(figure)
    figure.update_xaxes(title_text="level of the interval", ticksuffix=" %", range=[0, 100])
    figure.update_yaxes(title_text="share of rows inside", ticksuffix=" %", range=[0, 102])
    return figure


def pit_histograms(series: Sequence[NamedSeries], *, rows: str, theme: Theme) -> go.Figure:
    """Where prices fall in their distributions, a panel per model; each frame is of
    `pit_histogram`."""
    styles = series_styles([one.model for one in series], theme)
    figure = make_subplots(
        rows=len(series),
        cols=1,
        subplot_titles=[f"<b>{chart_text(one.label)}</b>" for one in series],
        vertical_spacing=0.3 / len(series),
        shared_xaxes=True,
    )
    for row, one in enumerate(series, start=1):
        table = one.frame
        figure.add_bar(
            row=row,
            col=1,
            x=50 * (table["low"] + table["high"]),
            y=100 * table["share"],
            width=94 * (table["high"] - table["low"]),
            marker_color=styles[one.model].color,
            hovertemplate="%{y:.1f} % of prices<extra></extra>",
            showlegend=False,
        )
        figure.add_hline(
            row=row,  # type: ignore[arg-type]
            col=1,  # type: ignore[arg-type]
            y=100 / len(table),
            line={"color": CHART_COLORS[theme].text, "width": 1.5, "dash": "dash"},
        )
    highest = max(100 * float(one.frame["share"].max()) for one in series)
    finish(
        figure,
        theme,
        title="Calibration: where prices fall in their distributions",
        source=f"{rows}; flat (dashed) if calibrated, U-shaped if too narrow, sloped if biased",
        height=140 + 170 * len(series),
        top=104,
    )
    figure.update_annotations(x=0, xanchor="left", font_size=13)
    figure.update_yaxes(ticksuffix=" %", nticks=4, range=[0, highest * 1.1])
    figure.update_xaxes(range=[0, 100], ticksuffix=" %")
    figure.update_xaxes(
        title_text="probability given to lower prices (PIT)", row=len(series), col=1
    )
    return figure
