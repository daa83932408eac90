"""Scores that moved: between two vintages, and from before to after fine-tuning."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from components.charts.phone import keep_width
from components.charts.placement import spread
from components.charts.style import CHART_COLORS, ModelStyle, Theme, finish, model_styles
from components.charts.text import chart_text

_LINE_HEIGHT = 17.0
_INSIDE = 340.0  # pixels of the plot's inside, top to bottom


def movement_between_vintages(
    moves: pd.DataFrame, labels: dict[str, str], *, before: str, after: str, theme: Theme
) -> go.Figure:
    """Each model's average in two vintages joined by a line, its twin's dashed and hollow.

    `moves` is what `compare_vintages` gives; models that one of the vintages does not list are
    left out, and at least one must be on both. Ranks are among the models on both. `before` and
    `after` name the vintages.
    """
    known = moves.dropna(subset=["average_before", "average_after"])
    styles = model_styles(moves["model"])
    lines: list[_Line] = []
    for row in known.to_dict("records"):
        style, name = styles[row["model"]], labels[row["model"]]
        ranks = [int(row["rank_before"]), int(row["rank_after"])]
        lines.append(
            _Line(
                row["model"],
                [row["average_before"], row["average_after"]],
                [f"#{rank}" for rank in ranks],
                name,
                style,
            )
        )
        twins = [float(row.get(f"twin_{when}", "nan")) for when in ("before", "after")]
        if not np.isnan(twins).any():
            lines.append(_Line(row["model"], twins, ["", ""], f"{name}, twin", style.hollow))
    common = int(moves["of_both"].max()) if "of_both" in moves else 0
    among = f"ranks among the {common} models that both list" if common else "both list them"
    figure = _slopes(lines, [before, after], theme)
    finish(
        figure,
        theme,
        title="Average score between vintages",
        source=f"Open LLM Leaderboard v2, {before} and {after}; filled and #: the model, hollow and"
        f" dashed: its instruct twin; {among}",
        height=520,
        top=110,
    )
    return _sides(figure, [before, after])


def reordering(
    rows: pd.DataFrame, labels: Mapping[str, str], *, of: int, source: str, theme: Theme
) -> go.Figure:
    """Each model's mean before and after fine-tuning joined by a line, with 95 % intervals.

    `rows` is what `before_and_after` gives for the shortlist; models that were not measured are
    left out, and at least one must be. Ranks are among the `of` models of the source.
    """
    known = rows.dropna(subset=["before", "after"])
    styles = model_styles(known["model"])
    lines = [
        _Line(
            row["model"],
            [row["before"], row["after"]],
            [f"#{int(row['before_rank'])}", f"#{int(row['after_rank'])}"],
            labels[row["model"]],
            styles[row["model"]],
            [row["before_high"] - row["before"], row["after_high"] - row["after"]],
        )
        for row in known.to_dict("records")
    ]
    figure = _slopes(lines, ["before", "after"], theme)
    finish(
        figure,
        theme,
        title="Mean over 24 tasks before and after the same fine-tuning",
        source=f"{source}; bars: 95 % from the tasks' standard errors; ranks among {of} models",
        height=520,
        top=110,
    )
    return _sides(figure, ["Before fine-tuning", "After fine-tuning"])


class _Line:
    """A line from left to right: its two values, what stands before each, and its name."""

    def __init__(
        self,
        model: str,
        values: Sequence[float],
        marks: Sequence[str],
        name: str,
        style: ModelStyle,
        margins: Sequence[float] | None = None,
    ) -> None:
        self.model, self.values, self.marks = model, [float(value) for value in values], marks
        self.name, self.style, self.margins = name, style, margins


def _slopes(lines: Sequence[_Line], ends: Sequence[str], theme: Theme) -> go.Figure:
    figure = go.Figure()
    every = [value for line in lines for value in line.values]
    low, high = min(every), max(every)
    room = max(high - low, 1.0) * 0.08
    low, high = low - room, high + room
    per_pixel = (high - low) / _INSIDE
    heights = [
        spread([line.values[side] for line in lines], _LINE_HEIGHT * per_pixel) for side in (0, 1)
    ]
    for line in lines:
        _add_line(figure, line, ends)
    for side in (0, 1):
        _add_names(figure, side, lines, heights[side], theme)
    least = min([low, *heights[0], *heights[1]])
    most = max([high, *heights[0], *heights[1]])
    figure.update_yaxes(range=[float(least) - room / 2, float(most) + room / 2])
    return figure


def _add_line(figure: go.Figure, line: _Line, ends: Sequence[str]) -> None:
    hollow = line.style.marker.endswith("-open")
    error: dict[str, Any] = {"visible": False}
    if line.margins is not None:
        error = {
            "type": "data",
            "array": list(line.margins),
            "color": line.style.color,
            "thickness": 1,
            "width": 4,
        }
    figure.add_scatter(
        x=[0, 1],
        y=line.values,
        mode="lines+markers",
        line={
            "color": line.style.color,
            "width": 2.5,
            "dash": "dash" if hollow else "solid",
        },
        marker={
            "symbol": line.style.marker,
            "color": line.style.color,
            "size": 12,
            "line": {"color": line.style.color, "width": 2},
        },
        error_y=error,
        cliponaxis=False,
        hovertext=[
            f"{chart_text(line.name)}<br>{chart_text(end)}: {mark} {value:.2f}"
            for end, mark, value in zip(ends, line.marks, line.values, strict=True)
        ],
        hovertemplate="%{hovertext}<extra></extra>",
        showlegend=False,
    )


def _add_names(
    figure: go.Figure,
    side: int,
    lines: Sequence[_Line],
    heights: NDArray[np.float64],
    theme: Theme,
) -> None:
    """What stands at the lines' left ends (side 0) or right ends (side 1)."""
    for line, height in zip(lines, heights, strict=True):
        mark, value = line.marks[side], f"{line.values[side]:.2f}"
        words = f"{mark} {value}".strip() + (f"  {line.name}" if side else "")
        figure.add_annotation(
            x=side,
            y=float(height),
            xshift=14 if side else -14,
            text=chart_text(words),
            font={"color": CHART_COLORS[theme].text, "size": 13},
            showarrow=False,
            xanchor="left" if side else "right",
            yanchor="middle",
        )


def _sides(figure: go.Figure, ends: Sequence[str]) -> go.Figure:
    figure.update_layout(margin={"r": 280, "l": 120})
    figure.update_xaxes(
        side="top",
        range=[-0.02, 1.02],
        tickvals=[0, 1],
        ticktext=[chart_text(end) for end in ends],
        tickfont_size=14,
    )
    figure.update_yaxes(showticklabels=False, showgrid=False)
    keep_width(figure)
    return figure
