"""One colour and marker per model everywhere, and the look that every chart shares."""

import zlib
from dataclasses import dataclass
from functools import cache
from typing import Literal

import plotly.graph_objects as go

from components.registry import load_registry

Theme = Literal["light", "dark"]

# Each reads at 3:1 or better on both themes' backgrounds. Colour-blind readers tell models
# apart by marker and direct label as well: colour never stands alone.
COLORS = (
    "#0072B2",
    "#D55E00",
    "#0B8F6A",
    "#C0619A",
    "#A6761D",
    "#6F63D9",
    "#11808A",
    "#7A7A7A",
    "#D1495B",
    "#8A6D00",
)
MARKERS = (
    "circle",
    "square",
    "diamond",
    "triangle-up",
    "cross",
    "star",
    "hexagon",
    "triangle-down",
    "x",
    "pentagon",
    "bowtie",
    "hourglass",
)
_SYMBOLS: dict[str, str] = dict(zip(MARKERS, "●■◆▲✚★⬢▼✖⬟⧓⧗", strict=True))
_HOLLOW_SYMBOLS: dict[str, str] = dict(zip(MARKERS, "○□◇△✛☆⬡▽✕⬠⋈⧖", strict=True))


@dataclass(frozen=True)
class ModelStyle:
    """How a model is drawn; `marker` is plotly's name, hollow for an instruct twin."""

    color: str
    marker: str

    @property
    def symbol(self) -> str:
        """The marker as a character, for text beside a chart."""
        shape = self.marker.removesuffix("-open")
        return (_SYMBOLS if shape == self.marker else _HOLLOW_SYMBOLS)[shape]


@dataclass(frozen=True)
class ChartColors:
    """What a theme gives a chart, explicit so that an exported picture looks the same."""

    background: str
    text: str
    muted: str
    grid: str


CHART_COLORS: dict[Theme, ChartColors] = {
    "light": ChartColors("#FFFFFF", "#1B2130", "#5B6475", "#E3E7EF"),
    "dark": ChartColors("#11141A", "#E7EAF1", "#A2ABBB", "#2A303C"),
}


def model_style(model_id: str) -> ModelStyle:
    """The style of a model: a listed one has its own, any other one derived from its id."""
    listed = _listed_styles()
    if model_id in listed:
        return listed[model_id]
    number = zlib.crc32(model_id.encode())
    marker = MARKERS[number // len(COLORS) % len(MARKERS)]
    return ModelStyle(COLORS[number % len(COLORS)], marker)


@cache
def _listed_styles() -> dict[str, ModelStyle]:
    # A family shares a colour; markers go round the whole list; a twin has its base's, hollow.
    registry = load_registry()
    families = list(dict.fromkeys(spec.family for spec in registry))
    styles: dict[str, ModelStyle] = {}
    for spec in registry:
        if registry.base_of(spec) is not None:
            continue
        color = COLORS[families.index(spec.family) % len(COLORS)]
        start = len(styles) % len(MARKERS)
        markers = (*MARKERS[start:], *MARKERS[:start])
        candidates = [ModelStyle(color, marker) for marker in markers]
        # A family of more models than there are markers goes on in another colour.
        candidates += [ModelStyle(other, marker) for marker in MARKERS for other in COLORS]
        styles[spec.id] = next(style for style in candidates if style not in styles.values())
    for spec in registry:
        if (base := registry.base_of(spec)) is not None:
            marker = f"{styles[base.id].marker}-open"
            styles[spec.id] = ModelStyle(styles[base.id].color, marker)
    return styles


def finish(figure: go.Figure, theme: Theme, *, title: str, source: str, height: int) -> go.Figure:
    """Give a chart its title, its source line and the theme's colours."""
    colors = CHART_COLORS[theme]
    figure.update_layout(
        template="none",
        height=height,
        title={
            "text": title,
            "subtitle": {"text": source, "font": {"size": 12, "color": colors.muted}},
            "x": 0,
            "xref": "container",
            "xanchor": "left",
            "pad": {"l": 12},
            "y": 1,
            "yref": "container",
            "yanchor": "top",
            "automargin": False,
        },
        paper_bgcolor=colors.background,
        plot_bgcolor=colors.background,
        font={"family": "Source Sans Pro, Segoe UI, Helvetica, Arial, sans-serif", "size": 13},
        font_color=colors.text,
        hoverlabel={"font_size": 13},
        margin={"l": 12, "r": 24, "t": 72, "b": 48},
        dragmode=False,
    )
    figure.update_layout(title_pad_t=14)
    axis = {
        "gridcolor": colors.grid,
        "linecolor": colors.grid,
        "zeroline": False,
        "fixedrange": True,
        "automargin": True,
        "title_font_size": 13,
    }
    figure.update_xaxes(**axis)
    figure.update_yaxes(**axis)
    return figure
