"""Charts of predicted prices."""

from dataclasses import dataclass

import plotly.graph_objects as go

from components.charts.style import CHART_COLORS, Theme, finish, model_style


@dataclass(frozen=True)
class NamedPrice:
    """A model's predicted price in dollars; `weights` says which weights predicted it."""

    model: str
    label: str
    weights: str
    price: float


def predicted_prices(
    predictions: list[NamedPrice], actual: float | None, *, product: str, theme: Theme
) -> go.Figure:
    """A dot per model on one dollar axis from zero, the actual price as a line."""
    colors = CHART_COLORS[theme]
    figure = go.Figure()
    for named in predictions:
        style = model_style(named.model)
        figure.add_scatter(
            x=[named.price],
            y=[f"{named.label}<br><span style='font-size:11px'>{named.weights}</span>"],
            mode="markers+text",
            marker={
                "symbol": style.marker,
                "color": style.color,
                "size": 14,
                "line": {"color": style.color, "width": 2},
            },
            text=[f"  ${named.price:,.2f}  "],
            textposition="middle right",
            textfont={"color": colors.text},
            cliponaxis=False,
            hovertemplate=f"{named.model}<br>${named.price:,.2f}<extra></extra>",
            showlegend=False,
        )
    if actual is not None:
        figure.add_vline(
            x=actual,
            line={"color": colors.text, "width": 2, "dash": "dash"},
            annotation={
                "text": f"actual ${actual:,.2f}",
                "font": {"color": colors.text},
                "yanchor": "bottom",
            },
            annotation_position="top",
        )
    finish(
        figure,
        theme,
        title=f"Predicted price: {product}",
        source="greedy continuation of “Price is $”, read up to the first non-number",
        height=190 + 56 * len(predictions),
    )
    figure.update_layout(margin_t=96)
    largest = max([named.price for named in predictions] + ([actual] if actual else []))
    figure.update_xaxes(title_text="US dollars", tickprefix="$", range=[0, largest * 1.18])
    return figure
