"""How much of a price the first token settles, as a picture."""

from dataclasses import dataclass

import plotly.graph_objects as go

from components.charts.style import CHART_COLORS, Theme, finish, model_styles
from components.charts.text import chart_text
from components.numbers import FirstTokenInformation


@dataclass(frozen=True)
class NamedInformation:
    """The first-token information of a model's tokenizer."""

    model: str
    label: str
    information: FirstTokenInformation


def settled_shares(rows: list[NamedInformation], *, prices: str, theme: Theme) -> go.Figure:
    """A bar per tokenizer: the share of the price's entropy that its first token settles.

    `prices` says whose distribution it is, such as `the catalogue's 83 prices`.
    """
    colors = CHART_COLORS[theme]
    figure = go.Figure()
    styles = model_styles(named.model for named in rows)
    for named in rows:
        bits = named.information
        figure.add_bar(
            x=[100 * bits.share],
            y=[named.model],
            orientation="h",
            marker_color=styles[named.model].color,
            width=0.55,
            text=[
                f"  {100 * bits.share:.0f} %  ({bits.first_token_bits:.2f} of"
                f" {bits.price_bits:.2f} bits)"
            ],
            textposition="outside",
            textfont={"color": colors.text},
            cliponaxis=False,
            hoverinfo="skip",
            showlegend=False,
        )
    finish(
        figure,
        theme,
        title="Share of the price that the first token settles",
        source=f"entropy of the first token over entropy of the price, under {prices}",
        height=130 + 40 * len(rows),
    )
    figure.update_layout(margin={"r": 215, "b": 40})
    ticks = [0, 25, 50, 75, 100]
    figure.update_xaxes(range=[0, 100], tickvals=ticks, ticktext=[f"{tick} %" for tick in ticks])
    figure.update_yaxes(
        autorange="reversed",
        showgrid=False,
        type="category",
        tickvals=[named.model for named in rows],
        ticktext=[chart_text(named.label) for named in rows],
    )
    return figure
