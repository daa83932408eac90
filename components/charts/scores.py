"""Charts of leaderboard scores: base beside twin, and by benchmark."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from components.charts.phone import keep_width
from components.charts.style import CHART_COLORS, ModelStyle, Theme, finish, model_styles
from components.charts.text import chart_text
from components.leaderboard import BENCHMARKS, without_public_base

# Low and high; the theme's text reads at 4.5:1 on both.
PROFILE_COLORS: dict[Theme, tuple[str, str]] = {
    "light": ("#F3F5FA", "#9CC4E4"),
    "dark": ("#1B202A", "#1F5A86"),
}


def twin_dumbbells(
    scores: pd.DataFrame,
    labels: dict[str, str],
    *,
    vintage: str,
    theme: Theme,
    most: int = 20,
    always: Sequence[str] = (),
    filters: str = "",
) -> go.Figure:
    """Each model's average joined to its instruct twin's, best twin on top.

    `scores` has `model`, `average`, `twin`, `twin_average`, `twin_score` as `with_twins` gives
    them, and may have `twin_note`, what speaks against the twin's number, and `twin_spoilt`, which
    draws that number pale; a model without a twin stands by its own average. Models without any
    score are left out; of the others the best `most` are drawn, and those of `always`. `labels`
    names the models, `filters` says in words which models these are.
    """
    known = scores.dropna(subset=["average", "twin_average"], how="all")
    order = known.assign(best=known["twin_score"].fillna(known["average"]))
    order = order.sort_values("best", kind="stable")
    kept = order["model"].isin(always)
    kept.iloc[-most:] = True
    order = order[kept]
    drawn = f"; the best {most} of {len(known)} models" if len(known) > most else ""
    drawn += " and the shortlist" if len(order) > most else ""
    drawn += f"; {filters}" if filters else ""
    figure = go.Figure()
    styles = model_styles(order["model"])
    for row in order.to_dict("records"):
        _add_dumbbell(figure, row, styles[row["model"]], theme)
    for name, marker in (("base model", "circle"), ("instruct model", "circle-open")):
        figure.add_scatter(
            x=[None],
            y=[None],
            mode="markers",
            name=name,
            marker={
                "symbol": marker,
                "color": CHART_COLORS[theme].muted,
                "size": 11,
                "line": {"width": 2},
            },
        )
    finish(
        figure,
        theme,
        title="Average score, base beside instruct twin",
        source=f"Open LLM Leaderboard v2, {vintage}; mean of six benchmarks, 0 to 100{drawn}",
        height=174 + 46 * len(order),
        top=96,
    )
    figure.update_layout(
        legend={"orientation": "h", "x": 1, "xanchor": "right", "y": 1.02, "yanchor": "bottom"}
    )
    figure.update_xaxes(title_text="average score", rangemode="tozero")
    # Rows are told apart by id: two models may have the same name.
    figure.update_yaxes(
        type="category",
        tickvals=list(order["model"]),
        ticktext=[_dumbbell_label(model, labels[model]) for model in order["model"]],
    )
    keep_width(figure)
    return figure


def _add_dumbbell(
    figure: go.Figure, row: Mapping[Any, Any], style: ModelStyle, theme: Theme
) -> None:
    """A model's average, its twin's, what speaks against that, and the line that joins them."""
    model, twin = row["model"], row["twin"]
    average, twin_average = row["average"], row["twin_average"]
    if pd.notna(average) and pd.notna(twin_average):
        figure.add_scatter(
            x=[average, twin_average],
            y=[model, model],
            mode="lines",
            line={"color": style.color, "width": 3},
            hoverinfo="skip",
            showlegend=False,
        )
    alone = model in without_public_base()
    ends = [(average, style.hollow.marker if alone else style.marker, model)]
    if isinstance(twin, str):
        ends.append((twin_average, style.hollow.marker, twin))
    ends = [end for end in ends if pd.notna(end[0])]
    left = min(value for value, _, _ in ends)
    note = row.get("twin_note")
    note = note if isinstance(note, str) else ""
    # All of it fits into the hover; beside the number the gravest.
    against = f", {note.split(';')[0]}" if note else ""
    for value, marker, name in ends:
        of_twin = name == twin
        figure.add_scatter(
            x=[value],
            y=[model],
            mode="markers+text",
            marker={
                "symbol": marker,
                "color": style.color,
                "size": 13,
                "line": {"color": style.color, "width": 2.5},
            },
            opacity=0.5 if of_twin and row.get("twin_spoilt") is True else 1,
            text=[f"  {value:.2f}{chart_text(against) if of_twin else ''}  "],
            textposition="middle left" if value == left else "middle right",
            textfont={"color": CHART_COLORS[theme].text},
            cliponaxis=False,
            customdata=[model],
            hovertemplate=f"{chart_text(name)}<br>average %{{x:.2f}}"
            f"{f'<br>{chart_text(note)}' if of_twin and note else ''}<extra></extra>",
            showlegend=False,
        )


def _dumbbell_label(model: str, label: str) -> str:
    text = chart_text(label)
    if model in without_public_base():
        text += "<br><span style='font-size:11px'>instruct, no public base</span>"
    return text


def benchmark_profile(
    scores: pd.DataFrame, labels: dict[str, str], *, vintage: str, theme: Theme
) -> go.Figure:
    """The six benchmarks of each model as a heatmap with its figures, best average on top.

    `scores` has `model`, `average` and the six benchmark columns, and may have `kind`, which the
    rows then say; models without scores are left out.
    """
    known = scores.dropna(subset="average").sort_values("average", kind="stable")
    columns = {"average": "Average", **BENCHMARKS}
    kinds = known.get("kind", pd.Series(None, index=known.index, dtype=object))
    names = [
        chart_text(labels[model])
        + (
            f"<br><span style='font-size:11px'>{chart_text(kind)}</span>"
            if isinstance(kind, str)
            else ""
        )
        for model, kind in zip(known["model"], kinds, strict=True)
    ]
    values = known[list(columns)].to_numpy(dtype=float)
    # One colour scale per column: the benchmarks differ in difficulty, models are compared.
    spread = np.maximum(values.max(axis=0) - values.min(axis=0), 1e-9)
    shade = (values - values.min(axis=0)) / spread
    figure = go.Figure(
        go.Heatmap(
            z=shade,
            x=list(columns),
            y=list(known["model"]),
            text=[[f"{value:.2f}" for value in row] for row in values],
            hovertext=[
                [
                    f"{name}<br>{column}: {value:.2f}"
                    for column, value in zip(columns.values(), row, strict=True)
                ]
                for name, row in zip(names, values, strict=True)
            ],
            texttemplate="%{text}",
            textfont={"size": 14},
            hovertemplate="%{hovertext}<extra></extra>",
            colorscale=[[0, PROFILE_COLORS[theme][0]], [1, PROFILE_COLORS[theme][1]]],
            showscale=False,
            xgap=2,
            ygap=2,
        )
    )
    finish(
        figure,
        theme,
        title="Scores by benchmark",
        source=f"Open LLM Leaderboard v2, {vintage}; 0 to 100, shaded from the column's lowest to"
        " its highest",
        height=140 + 48 * len(known),
        top=104,
    )
    figure.update_xaxes(
        showgrid=False, side="top", tickvals=list(columns), ticktext=list(columns.values())
    )
    figure.update_yaxes(
        showgrid=False, type="category", tickvals=list(known["model"]), ticktext=names
    )
    figure.update_layout(margin_b=16)
    keep_width(figure)
    return figure
