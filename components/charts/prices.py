"""Charts of what models believe a product costs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from components.charts.style import CHART_COLORS, ModelStyle, Theme, finish, model_styles
from components.charts.text import chart_text, visible_token
from components.figures import percent
from components.numbers import PriceDistribution, as_ranges
from components.pricing import actual_kind

_ROW_PIXELS = 210
_MOST_FIRST_TOKENS = 8
_FREE = 0.5  # where $0 stands on a logarithmic axis


@dataclass(frozen=True)
class NamedDistribution:
    """A model's price distribution; `weights` says which weights it is of."""

    model: str
    label: str
    weights: str
    distribution: PriceDistribution


def price_distributions(
    named: Sequence[NamedDistribution],
    actual: float | None,
    *,
    product: str,
    theme: Theme,
    log_price: bool = False,
) -> go.Figure:
    """The probability of each price, one row per model, all on one scale.

    Above each row its median and 80 % interval; a dashed line marks the actual price, unless it
    is off the axis. The probabilities are of all that the model may go on with: the mass that is
    no price from 0 to 999 stands beside the name.
    """
    figure = _rows(named, [_summary(one) for one in named])
    highest = max(100 * float(one.distribution.probabilities.max()) for one in named)
    prices = np.arange(1000, dtype=float)
    if log_price:
        prices[0] = _FREE
    on_axis = actual is not None and actual_kind(actual) == "in_range"
    styles = model_styles(one.model for one in named)
    for row, one in enumerate(named, start=1):
        _add_distribution(figure, row, one.distribution, styles[one.model], prices, highest)
        if on_axis:
            figure.add_scatter(
                row=row,
                col=1,
                x=[actual, actual],
                y=[0, highest * 1.25],
                mode="lines",
                line={"color": CHART_COLORS[theme].text, "width": 1.5, "dash": "dash"},
                hoverinfo="skip",
                showlegend=False,
            )
    finish(
        figure,
        theme,
        title=f"Price distribution: {product}",
        source="probability of each whole-dollar price after “Price is $”"
        f"{_actual_words(actual)}; bar: median and"
        " 80 % interval",
        height=170 + _ROW_PIXELS * len(named),
        top=140,
    )
    figure.update_layout(margin_l=64)
    figure.update_annotations(x=0, xanchor="left", align="left", font_size=13)
    figure.update_yaxes(range=[0, highest * 1.25], tickformat=".1f", ticksuffix=" %", nticks=4)
    _price_axis(figure, log_price=log_price)
    return figure


def _add_distribution(
    figure: go.Figure,
    row: int,
    distribution: PriceDistribution,
    style: ModelStyle,
    prices: NDArray[np.float64],
    highest: float,
) -> None:
    """A row: the probability of each price, and above them the median and the 80 % interval."""
    figure.add_scatter(
        row=row,
        col=1,
        x=prices,
        y=100 * distribution.probabilities,
        mode="lines",
        line={"color": style.color, "width": 1.2, "shape": "hvh"},
        fill="tozeroy",
        customdata=np.arange(1000),
        hovertemplate="$%{customdata}: %{y:.2f} %<extra></extra>",
        showlegend=False,
    )
    low, high = (max(edge, _FREE) for edge in distribution.interval(0.8))
    figure.add_scatter(
        row=row,
        col=1,
        x=[low, max(distribution.median, _FREE), high],
        y=[highest * 1.12] * 3,
        mode="lines+markers",
        line={"color": style.color, "width": 3},
        marker={"symbol": ["line-ns-open", style.marker, "line-ns-open"], "size": 11},
        marker_color=style.color,
        marker_line={"color": style.color, "width": 2},
        hoverinfo="skip",
        showlegend=False,
    )


def _price_axis(figure: go.Figure, *, log_price: bool) -> None:
    figure.update_xaxes(tickprefix="$", tickformat=",d", range=[0, 1000], showticklabels=True)
    if log_price:
        ticks = [_FREE, 1, 2, 5, 10, 20, 50, 100, 200, 500, 999]
        figure.update_xaxes(
            type="log",
            range=[np.log10(_FREE * 0.9), 3],
            tickvals=ticks,
            ticktext=["$0", *(f"${tick:g}" for tick in ticks[1:])],
        )


def _actual_words(actual: float | None) -> str:
    if actual is None or actual_kind(actual) == "no_price":
        return ""
    drawn = "dashed" if actual_kind(actual) == "in_range" else "beyond the axis"
    return f", actual ${actual:,.2f} ({drawn})"


def first_tokens(named: Sequence[NamedDistribution], *, product: str, theme: Theme) -> go.Figure:
    """Each model's likeliest first tokens, and the prices that each leaves open."""
    titles = [
        f"<b>{chart_text(one.label)}</b>  ·  the first token tells"
        f" {percent(one.distribution.first_token_information)} of the price"
        f"<br>{chart_text(one.weights)}"
        for one in named
    ]
    figure = _rows(named, titles, height_share=0.5)
    styles = model_styles(one.model for one in named)
    widest = 0.0
    for row, one in enumerate(named, start=1):
        top_tokens = one.distribution.first_tokens[:_MOST_FIRST_TOKENS]
        shares = [100 * token.probability for token in top_tokens]
        widest = max(widest, *shares)
        figure.add_bar(
            row=row,
            col=1,
            x=shares,
            y=list(range(len(top_tokens))),  # not the texts: two tokens may have the same
            orientation="h",
            marker_color=styles[one.model].color,
            text=[
                f" {percent(token.probability, 1)}: {_left_open(token.numbers)}"
                for token in top_tokens
            ],
            textposition="outside",
            cliponaxis=False,
            hoverinfo="skip",
            showlegend=False,
        )
        figure.update_yaxes(
            row=row,
            col=1,
            tickvals=list(range(len(top_tokens))),
            ticktext=[f"“{visible_token(token.text)}” " for token in top_tokens],
        )
    finish(
        figure,
        theme,
        title=f"What the first token says: {product}",
        source="probability of each token right after “Price is $”, and the prices that begin"
        " with it",
        height=140 + (60 + 24 * _MOST_FIRST_TOKENS) * len(named),
        top=122,
    )
    figure.update_layout(bargap=0.35)
    figure.update_traces(textfont_color=CHART_COLORS[theme].text)
    figure.update_annotations(x=0, xanchor="left", align="left", font_size=13)
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(ticksuffix=" %", range=[0, min(100.0, widest) * 1.9])
    return figure


def _rows(
    named: Sequence[NamedDistribution], titles: list[str], *, height_share: float = 0.4
) -> go.Figure:
    return make_subplots(
        rows=len(named),
        cols=1,
        shared_xaxes=True,
        vertical_spacing=height_share / len(named),
        subplot_titles=titles,
    )


def _summary(one: NamedDistribution) -> str:
    distribution = one.distribution
    low, high = distribution.interval(0.8)
    figures = (
        f"median ${distribution.median:.0f}, 80 % from ${low:.0f} to ${high:.0f} given a price"
        " to $999"
        if distribution.probabilities.any()
        else "no price"
    )
    return (
        f"<b>{chart_text(one.label)}</b>  ·  {figures}"
        f"<br>$1,000 or more {percent(distribution.overflow, 1)}, not a number"
        f" {percent(distribution.not_a_number, 1)},"
        f" unexplored {percent(distribution.unexplored, 1)}"
        f"<br>{chart_text(one.weights)}"
    )


def price_ranges(numbers: NDArray[np.integer]) -> list[str]:
    """Ascending whole-dollar prices in words: `$9`, `$90 to $99`, `$900 to $999`."""
    return [
        f"${first}" if first == last else f"${first} to ${last}"
        for first, last in as_ranges(numbers)
    ]


def _left_open(numbers: NDArray[np.integer]) -> str:
    return ", ".join(price_ranges(numbers)) if len(numbers) else "no price to $999"
