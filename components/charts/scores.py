"""Charts of leaderboard scores."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from components.charts.style import CHART_COLORS, Theme, finish, model_styles
from components.charts.text import chart_text
from components.leaderboard import BENCHMARKS, without_public_base

# Low and high; the theme's text reads at 4.5:1 on both.
PROFILE_COLORS: dict[Theme, tuple[str, str]] = {
    "light": ("#F3F5FA", "#9CC4E4"),
    "dark": ("#1B202A", "#1F5A86"),
}
# Of more models than a few, so many of each class of size are drawn.
_FEW = 300
_CLASSES_PER_DECADE = 8
_BEST_OF_CLASS = 8


def twin_dumbbells(
    scores: pd.DataFrame, labels: dict[str, str], *, vintage: str, theme: Theme, most: int = 20
) -> go.Figure:
    """Each model's average joined to its instruct twin's, best twin on top.

    `scores` has `model`, `average`, `twin`, `twin_average`, `twin_score` as `with_twins` gives
    them; a model without a twin stands by its own average. Models without any score are left out,
    and of the others the best `most` are drawn. `labels` names the models.
    """
    colors = CHART_COLORS[theme]
    known = scores.dropna(subset=["average", "twin_average"], how="all")
    order = known.assign(best=known["twin_score"].fillna(known["average"]))
    order = order.sort_values("best", kind="stable").tail(most)
    drawn = f"; the best {most} of {len(known)} models" if len(known) > most else ""
    figure = go.Figure()
    styles = model_styles(order["model"])
    for row in order.to_dict("records"):
        model, style = row["model"], styles[row["model"]]
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
        if isinstance(row["twin"], str):
            ends.append((twin_average, style.hollow.marker, row["twin"]))
        ends = [end for end in ends if pd.notna(end[0])]
        left = min(value for value, _, _ in ends)
        for value, marker, name in ends:
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
                text=[f"  {value:.2f}  "],
                textposition="middle left" if value == left else "middle right",
                textfont={"color": colors.text},
                cliponaxis=False,
                customdata=[model],
                hovertemplate=f"{chart_text(name)}<br>average %{{x:.2f}}<extra></extra>",
                showlegend=False,
            )
    for name, marker in (("base model", "circle"), ("instruct model", "circle-open")):
        figure.add_scatter(
            x=[None],
            y=[None],
            mode="markers",
            name=name,
            marker={"symbol": marker, "color": colors.muted, "size": 11, "line": {"width": 2}},
        )
    finish(
        figure,
        theme,
        title="Average score, base beside instruct twin",
        source=f"Open LLM Leaderboard v2, {vintage}; mean of six benchmarks, 0 to 100{drawn}",
        height=150 + 46 * len(order),
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
    return figure


def _dumbbell_label(model: str, label: str) -> str:
    text = chart_text(label)
    if model in without_public_base():
        text += "<br><span style='font-size:11px'>instruct, no public base</span>"
    return text


def benchmark_profile(
    scores: pd.DataFrame, labels: dict[str, str], *, vintage: str, theme: Theme
) -> go.Figure:
    """The six benchmarks of each model as a heatmap with its figures, best average on top.

    `scores` has `model`, `average` and the six benchmark columns; models without scores are left
    out.
    """
    known = scores.dropna(subset="average").sort_values("average", kind="stable")
    columns = {"average": "Average", **BENCHMARKS}
    names = [chart_text(labels[model]) for model in known["model"]]
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
    )
    figure.update_xaxes(
        showgrid=False, side="top", tickvals=list(columns), ticktext=list(columns.values())
    )
    figure.update_yaxes(
        showgrid=False, type="category", tickvals=list(known["model"]), ticktext=names
    )
    figure.update_layout(margin={"t": 104, "b": 16})
    return figure


def scores_by_size(
    models: pd.DataFrame,
    shortlist: list[str],
    labels: dict[str, str],
    *,
    vintage: str,
    theme: Theme,
) -> go.Figure:
    """Average score against parameters (log axis), the shortlist marked and labelled.

    `models` has `model`, `params_b`, `average` and `frontier` (whether a base model is on the
    Pareto frontier, drawn as a line); models of unknown size are left out, and at least one size
    must be known. Of many models the best of each size are drawn, with the frontier and the
    shortlist: a browser takes half a second for the live board's thousands.
    """
    colors = CHART_COLORS[theme]
    known = models.dropna(subset=["params_b", "average"])
    size_class = (np.log10(known[["params_b"]]) * _CLASSES_PER_DECADE).round()["params_b"]
    place = known.groupby(size_class)["average"].rank(ascending=False, method="first")
    of_many = len(known) > _FEW
    drawn = (place <= _BEST_OF_CLASS) if of_many else place.notna()
    others = known[(drawn | known["frontier"]) & ~known["model"].isin(shortlist)]
    figure = go.Figure()
    figure.add_scatter(
        x=others["params_b"],
        y=others["average"],
        mode="markers",
        marker={"color": colors.muted, "size": 6, "opacity": 0.55},
        customdata=others["model"],
        hovertext=[chart_text(model) for model in others["model"]],
        hovertemplate="%{hovertext}<br>%{x:.3g}B parameters<br>average %{y:.2f}<extra></extra>",
        showlegend=False,
    )
    best = known[known["frontier"]].sort_values("params_b")
    figure.add_scatter(
        x=best["params_b"],
        y=best["average"],
        mode="lines",
        line={"color": colors.muted, "width": 1.5, "dash": "dot", "shape": "hv"},
        name="Pareto frontier of base models: best average at this size or below",
        hoverinfo="skip",
    )
    named = best[~best["model"].isin(shortlist)]
    figure.add_scatter(
        x=named["params_b"],
        y=named["average"],
        mode="text",
        text=[f" {chart_text(model.split('/')[-1])} " for model in named["model"]],
        # Left of its step, where the line is not; the smallest has no room there.
        textposition=["top right", *["top left"] * len(named)][: len(named)],
        textfont={"color": colors.muted, "size": 11},
        cliponaxis=False,
        hoverinfo="skip",
        showlegend=False,
    )
    smallest, largest = np.log10([known["params_b"].min(), known["params_b"].max()])
    span = max(largest - smallest, 1.0)
    styles = model_styles(shortlist)
    marked = known[known["model"].isin(shortlist)].sort_values("params_b")
    for index, row in enumerate(marked.to_dict("records")):
        style = styles[row["model"]]
        # Neighbours in size sit close together: their labels go to alternate sides, but for
        # those near the right edge, where only the left has room.
        near_edge = largest - np.log10(row["params_b"]) < 0.2 * span
        figure.add_scatter(
            x=[row["params_b"]],
            y=[row["average"]],
            mode="markers+text",
            marker={
                "symbol": style.marker,
                "color": style.color,
                "size": 13,
                "line": {"color": style.color, "width": 2},
            },
            text=[f"  {chart_text(labels[row['model']])}  "],
            textposition="middle left" if near_edge or index % 2 == 0 else "middle right",
            textfont={"color": colors.text, "size": 13},
            cliponaxis=False,
            customdata=[row["model"]],
            hovertemplate=f"{chart_text(row['model'])}<br>%{{x:.3g}}B parameters"
            "<br>average %{y:.2f}<extra></extra>",
            showlegend=False,
        )
    finish(
        figure,
        theme,
        title="Average score against size",
        source=f"Open LLM Leaderboard v2, {vintage}; {known['model'].nunique():,} models as"
        f" filtered{f', of each size class the best {_BEST_OF_CLASS} drawn' if of_many else ''}",
        height=440,
    )
    figure.update_layout(
        showlegend=bool(len(best)),
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
        range=[smallest - 0.06 * span, largest + 0.06 * span],
        tickvals=[0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200],
        ticktext=["0.1", "0.2", "0.5", "1", "2", "5", "10", "20", "50", "100", "200"],
    )
    figure.update_yaxes(title_text="average score", range=[0, known["average"].max() * 1.08])
    return figure


def rank_movement(
    moves: pd.DataFrame, labels: dict[str, str], *, before: str, after: str, theme: Theme
) -> go.Figure:
    """Each model's rank in two vintages joined by a line, the best rank on top.

    `moves` is what `compare_vintages` gives; models that one of the vintages does not list are
    left out, and at least one must be on both. `before` and `after` name the vintages.
    """
    colors = CHART_COLORS[theme]
    known = moves.dropna(subset=["rank_before", "rank_after"])
    figure = go.Figure()
    styles = model_styles(moves["model"])
    for row in known.to_dict("records"):
        style = styles[row["model"]]
        ranks = [int(row["rank_before"]), int(row["rank_after"])]
        averages = [row["average_before"], row["average_after"]]
        figure.add_scatter(
            x=[0, 1],
            y=ranks,
            mode="lines+markers+text",
            line={"color": style.color, "width": 2.5},
            marker={
                "symbol": style.marker,
                "color": style.color,
                "size": 12,
                "line": {"color": style.color, "width": 2},
            },
            text=[
                f"#{ranks[0]} · {averages[0]:.2f}  ",
                f"  #{ranks[1]} · {averages[1]:.2f}  {chart_text(labels[row['model']])}",
            ],
            textposition=["middle left", "middle right"],
            textfont={"color": colors.text},
            cliponaxis=False,
            hovertext=[
                f"{chart_text(row['model'])}<br>{chart_text(vintage)}: rank {rank}"
                for vintage, rank in zip((before, after), ranks, strict=True)
            ],
            hovertemplate="%{hovertext}<extra></extra>",
            showlegend=False,
        )
    finish(
        figure,
        theme,
        title="Rank between vintages",
        source=f"Open LLM Leaderboard v2, {before} and {after}; rank by average among the"
        " models that each vintage lists (later ones list more)",
        height=300 + 40 * len(known),
    )
    figure.update_layout(margin={"r": 260, "l": 120, "t": 120})
    figure.update_xaxes(
        side="top",
        range=[0, 1],
        tickvals=[0, 1],
        ticktext=[chart_text(before), chart_text(after)],
        tickfont_size=14,
    )
    figure.update_yaxes(autorange="reversed", showticklabels=False, showgrid=False)
    return figure
