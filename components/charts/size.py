"""Scores against size."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from components.charts.phone import keep_width
from components.charts.placement import Box, Screen, place_labels, text_size
from components.charts.style import CHART_COLORS, Theme, finish, model_styles
from components.charts.text import chart_text

# Of more models than a few, so many of each class of size are drawn.
_FEW = 300
_CLASSES_PER_DECADE = 8
_BEST_OF_CLASS = 8
_HEIGHT = 460
# The plot's inside where labels are placed, on a laptop's screen and in a phone's box of 680 px: a
# wider one has more room.
_INSIDE_WIDTHS, _INSIDE_HEIGHT = (880.0, 590.0), 320.0
_FONT, _SMALL_FONT = 13, 11
_Z_95 = 1.96


def scores_by_size(
    models: pd.DataFrame,
    shortlist: Sequence[str],
    labels: dict[str, str],
    *,
    vintage: str,
    theme: Theme,
    score: str = "average",
    score_label: str = "average score",
    filters: str = "",
) -> go.Figure:
    """A score against parameters (log axis), the shortlist marked and labelled.

    `models` has `model`, `params_b`, the column `score` and `frontier` (whether a base model is on
    the Pareto frontier of this score, drawn as a line), and may have `{score}_stderr`; models of
    unknown size are left out, and at least one size must be known. Of many models the best of each
    size are drawn, with the frontier and the shortlist: a browser takes half a second for the live
    board's thousands. Labels are placed so that none lies over another; of the frontier's models
    those for which there is no room have none. `filters` says in words which models these are.
    """
    known = models.dropna(subset=["params_b", score])
    hover = f"<br>%{{x:.3g}}B parameters<br>{chart_text(score_label)} %{{y:.2f}}<extra></extra>"
    figure = go.Figure()
    _add_others(figure, known, shortlist, score, hover, theme)
    best = known[known["frontier"]].sort_values("params_b")
    figure.add_scatter(
        x=best["params_b"],
        y=best[score],
        mode="lines",
        line={"color": CHART_COLORS[theme].muted, "width": 1.5, "dash": "dot", "shape": "hv"},
        name=f"Pareto frontier of base models: best {chart_text(score_label)} up to this size",
        hoverinfo="skip",
    )
    marked = known[known["model"].isin(shortlist)].sort_values(score, ascending=False)
    _add_shortlist(figure, marked, shortlist, score, hover)
    x_range, y_range = _ranges(known, score)
    named = best[~best["model"].isin(shortlist)]
    colors = CHART_COLORS[theme]
    texts = [
        *((row, labels[row["model"]], _FONT, colors.text) for row in marked.to_dict("records")),
        *(
            (row, row["model"].split("/")[-1], _SMALL_FONT, colors.muted)
            for row in named.to_dict("records")
        ),
    ]
    _label(figure, texts, score, x_range, y_range, best, line=colors.muted)
    within = f"{known['model'].nunique():,} models{f': {filters}' if filters else ''}"
    of_each = f"; of each size class the best {_BEST_OF_CLASS} drawn" if len(known) > _FEW else ""
    finish(
        figure,
        theme,
        title=f"{score_label[0].upper()}{score_label[1:]} against size",
        source=f"Open LLM Leaderboard v2, {vintage}; {within}{of_each}",
        height=_HEIGHT,
    )
    _lay_out(figure, chart_text(score_label), x_range, y_range, with_legend=bool(len(best)))
    keep_width(figure)
    return figure


def _lay_out(
    figure: go.Figure,
    score_label: str,
    x_range: list[float],
    y_range: list[float],
    *,
    with_legend: bool,
) -> None:
    figure.update_layout(
        showlegend=with_legend,
        legend={
            "x": 0.01,
            "y": 0.99,
            "xanchor": "left",
            "yanchor": "top",
            "bgcolor": "rgba(0,0,0,0)",
        },
    )
    figure.update_xaxes(
        title_text="parameters, billions (log)",
        type="log",
        range=x_range,
        tickvals=[0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200],
        ticktext=["0.1", "0.2", "0.5", "1", "2", "5", "10", "20", "50", "100", "200"],
    )
    figure.update_yaxes(title_text=score_label, range=y_range)


def _add_others(
    figure: go.Figure,
    known: pd.DataFrame,
    shortlist: Sequence[str],
    score: str,
    hover: str,
    theme: Theme,
) -> None:
    """The models beside the shortlist: all, or of many the frontier and the best of each size."""
    size_class = (np.log10(known[["params_b"]]) * _CLASSES_PER_DECADE).round()["params_b"]
    place = known.groupby(size_class)[score].rank(ascending=False, method="first")
    drawn = (place <= _BEST_OF_CLASS) if len(known) > _FEW else place.notna()
    others = known[(drawn | known["frontier"]) & ~known["model"].isin(shortlist)]
    figure.add_scatter(
        x=others["params_b"],
        y=others[score],
        mode="markers",
        marker={"color": CHART_COLORS[theme].muted, "size": 6, "opacity": 0.55},
        customdata=others["model"],
        hovertext=[chart_text(model) for model in others["model"]],
        hovertemplate="%{hovertext}" + hover,
        showlegend=False,
    )


def _add_shortlist(
    figure: go.Figure, marked: pd.DataFrame, shortlist: Sequence[str], score: str, hover: str
) -> None:
    styles = model_styles(shortlist)
    for row in marked.to_dict("records"):
        style = styles[row["model"]]
        figure.add_scatter(
            x=[row["params_b"]],
            y=[row[score]],
            mode="markers",
            marker={
                "symbol": style.marker,
                "color": style.color,
                "size": 13,
                "line": {"color": style.color, "width": 2},
            },
            error_y=_error_bar(row.get(f"{score}_stderr"), style.color),
            customdata=[row["model"]],
            hovertemplate=chart_text(row["model"]) + hover,
            showlegend=False,
        )


def _ranges(known: pd.DataFrame, score: str) -> tuple[list[float], list[float]]:
    """What the axes show: of the size in powers of ten, and of the score."""
    smallest, largest = np.log10([known["params_b"].min(), known["params_b"].max()])
    span = max(largest - smallest, 1.0)
    top = max(known[score].max() * 1.08, 1e-9)
    return (
        [smallest - 0.06 * span, largest + 0.06 * span],
        [min(0.0, known[score].min() * 1.08), top],
    )


def _error_bar(stderr: Any, color: str) -> dict[str, Any]:
    if stderr is None or pd.isna(stderr):
        return {"visible": False}
    return {"type": "constant", "value": _Z_95 * stderr, "color": color, "thickness": 1, "width": 3}


def _label(
    figure: go.Figure,
    texts: Sequence[tuple[dict[Any, Any], str, int, str]],
    score: str,
    x_range: Sequence[float],
    y_range: Sequence[float],
    best: pd.DataFrame,
    *,
    line: str,
) -> None:
    """Name the points; each text is a row, its name, the font's size and its colour.

    `best` are the models on the frontier, by size.
    """
    sizes = [text_size(name, font) for _, name, font, _ in texts]
    on_line = [font == _SMALL_FONT for _, _, font, _ in texts]

    def on_screen(row: Mapping[Any, Any], width: float) -> tuple[float, float]:
        across = (np.log10(row["params_b"]) - x_range[0]) / (x_range[1] - x_range[0])
        down = (y_range[1] - row[score]) / (y_range[1] - y_range[0])
        return across * width, down * _INSIDE_HEIGHT

    screens = [
        Screen(
            [on_screen(row, width) for row, _, _, _ in texts],
            Box(0, 26, width + 20, _INSIDE_HEIGHT),  # the top is the legend's
            _steps([on_screen(row, width) for row in best.to_dict("records")]),
        )
        for width in _INSIDE_WIDTHS
    ]
    offsets = place_labels(screens, sizes, above=on_line)
    for (row, name, font, color), offset in zip(texts, offsets, strict=True):
        if offset is None:
            continue
        figure.add_annotation(
            x=np.log10(row["params_b"]),
            y=row[score],
            ax=offset[0],
            ay=offset[1],
            text=chart_text(name),
            font={"color": color, "size": font},
            showarrow=True,
            arrowhead=0,
            arrowwidth=0.8,
            arrowcolor=line,
            standoff=7,
            xanchor="center",
            yanchor="middle",
            borderpad=0,
        )


def _steps(points: Sequence[tuple[float, float]]) -> list[Box]:
    """The pieces of a line that goes across from each point to the next, then up to it."""
    pieces = []
    for (x, y), (next_x, next_y) in pairwise(points):
        pieces += [Box(x, y, next_x, y), Box(next_x, next_y, next_x, y)]
    return pieces
