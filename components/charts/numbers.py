"""The number atlas as a picture."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from components.charts.style import Theme, finish

# One token per number, two, three, and more: a sequential scale that keeps its order in grey.
_TOKEN_COLORS = ("#2B6CB0", "#7FB2D6", "#F2B35E", "#B8450F")
_ROW_PIXELS = 210


@dataclass(frozen=True)
class NamedAtlas:
    """A number atlas, its model's name, and what is said beside it (may hold `<br>`)."""

    label: str
    atlas: pd.DataFrame
    note: str


def atlas_heatmaps(atlases: list[NamedAtlas], *, prefix: str, theme: Theme) -> go.Figure:
    """A heatmap of 0 to 999 per tokenizer: rows are hundreds, columns 0 to 99.

    The cell in row 300, column 45 is the number 345, coloured by its token count.
    """
    figure = make_subplots(
        rows=len(atlases),
        cols=1,
        shared_xaxes=True,
        vertical_spacing=0.42 / len(atlases),
        subplot_titles=[f"<b>{named.label}</b>  ·  {named.note}" for named in atlases],
    )
    for row, named in enumerate(atlases, start=1):
        grid = named.atlas.sort_values("number")
        counts = grid["count"].to_numpy().reshape(10, 100)
        pieces = np.array([" | ".join(tokens) for tokens in grid["pieces"]])
        figure.add_heatmap(
            row=row,
            col=1,
            z=np.minimum(counts, len(_TOKEN_COLORS)),
            x=list(range(100)),
            y=[f"{hundred}" for hundred in range(0, 1000, 100)],
            customdata=np.dstack(
                [grid["number"].to_numpy().reshape(10, 100), counts, pieces.reshape(10, 100)]
            ),
            hovertemplate="%{customdata[0]}: %{customdata[1]} token(s)<br>%{customdata[2]}"
            "<extra></extra>",
            coloraxis="coloraxis",
            xgap=1,
            ygap=1,
        )
    finish(
        figure,
        theme,
        title=f"Tokens that each number takes after “{prefix}”",
        source="every number from 0 to 999 run through the tokenizer named;"
        " row + column = the number",
        height=110 + _ROW_PIXELS * len(atlases),
    )
    figure.update_layout(margin={"t": 118, "r": 120}, coloraxis=_token_scale())
    figure.update_xaxes(showgrid=False, tickvals=list(range(0, 100, 10)), showticklabels=True)
    figure.update_yaxes(
        showgrid=False, autorange="reversed", type="category", tickvals=["0", "300", "600", "900"]
    )
    figure.update_annotations(x=0, xanchor="left", align="left", font_size=13)
    return figure


def _token_scale() -> dict[str, object]:
    steps = len(_TOKEN_COLORS)
    colorscale = [
        [edge / steps, color]
        for index, color in enumerate(_TOKEN_COLORS)
        for edge in (index, index + 1)
    ]
    return {
        "cmin": 0.5,
        "cmax": steps + 0.5,
        "colorscale": colorscale,
        "colorbar": {
            "title": {"text": "tokens"},
            "tickvals": list(range(1, steps + 1)),
            "ticktext": [*(str(count) for count in range(1, steps)), f"{steps} or more"],
            "thickness": 16,
            "len": 220,
            "lenmode": "pixels",
            "y": 1,
            "yanchor": "top",
        },
    }
