"""Charts of what predicts the result of fine-tuning, and of what is noise."""

from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go

from components.charts.style import CHART_COLORS, COLORS, Theme, finish
from components.charts.text import chart_text

_GROUP_STYLE = {"all": ("circle", COLORS[0]), "5-15B": ("diamond", COLORS[1])}


def predictor_intervals(
    found: pd.DataFrame, labels: Mapping[str, str], groups: Mapping[str, str], theme: Theme
) -> go.Figure:
    """The rank correlation of each predictor with its interval, best of all sizes on top.

    `found` is what `predictors` gives; `labels` names the predictors, `groups` the groups.
    """
    colors = CHART_COLORS[theme]
    of_all = found[found["group"] == "all"].sort_values("spearman")
    places = {name: place for place, name in enumerate(of_all["predictor"])}
    figure = go.Figure()
    for index, (group, name) in enumerate(groups.items()):
        rows = found[found["group"] == group]
        marker, color = _GROUP_STYLE[group]
        shift = 0.16 if index == 0 else -0.16
        figure.add_scatter(
            x=rows["spearman"],
            y=[places[predictor] + shift for predictor in rows["predictor"]],
            mode="markers",
            name=chart_text(name),
            marker={"symbol": marker, "color": color, "size": 11},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": rows["high"] - rows["spearman"],
                "arrayminus": rows["spearman"] - rows["low"],
                "color": color,
                "thickness": 1.5,
                "width": 4,
            },
            hovertext=[
                f"{chart_text(labels[row['predictor']])}: {row['spearman']:.2f}"
                f" ({row['low']:.2f} to {row['high']:.2f}), n = {row['n']}"
                for row in rows.to_dict("records")
            ],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    finish(
        figure,
        theme,
        title="How well a figure known beforehand predicts the result after fine-tuning",
        source="Spearman's rank correlation with the mean over 24 tasks after the same fine-tuning"
        " (LM-Harmony), base models on the final Open LLM Leaderboard; bars: 95 %, bootstrap over"
        " models",
        height=190 + 38 * len(places),
        top=96,
    )
    figure.add_vline(x=0, line={"color": colors.muted, "width": 1})
    figure.update_layout(
        legend={"orientation": "h", "x": 1, "xanchor": "right", "y": 1.0, "yanchor": "bottom"}
    )
    figure.update_xaxes(title_text="rank correlation, 1 is the same order", range=[-0.35, 1.03])
    figure.update_yaxes(
        tickvals=list(places.values()),
        ticktext=[chart_text(labels[name]) for name in places],
        range=[-0.6, len(places) - 0.4],
    )
    return figure
