"""One colour and marker per model everywhere, and the look that every chart shares."""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Literal

import plotly.graph_objects as go

from components.charts.text import NO_BREAK, chart_text, wrapped_chart_text
from components.leaderboard import instruct_twins
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

    @property
    def hollow(self) -> "ModelStyle":
        """The same colour and marker, not filled: the instruct twin's."""
        return ModelStyle(self.color, f"{self.marker.removesuffix('-open')}-open")


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


def model_styles(model_ids: Iterable[str]) -> dict[str, ModelStyle]:
    """The styles of the models that are shown together: no two have one colour and marker.

    A model of the registry has the same style everywhere. Any other one has a style derived from
    its id, or the next that none of the others has; a known instruct twin has its base's, hollow.
    The order of `model_ids` does not matter. There are styles for 120 pairs of twins; beyond
    that, they repeat.
    """
    shown = list(dict.fromkeys(model_ids))
    listed = _listed_styles()
    free = _free_styles()
    taken: dict[str, ModelStyle] = {}
    for base in sorted({_base_of(model) for model in shown} - listed.keys()):
        start = zlib.crc32(base.encode()) % len(free)
        in_order = [*free[start:], *free[:start], *_solid_styles()]
        used = {*taken.values(), *(listed[_base_of(m)] for m in shown if _base_of(m) in listed)}
        taken[base] = next((style for style in in_order if style not in used), free[start])
    return {model: _style_of(model, listed | taken) for model in shown}


def model_style(model_id: str) -> ModelStyle:
    """The style of a model that is shown alone."""
    return model_styles([model_id])[model_id]


def _style_of(model_id: str, styles: dict[str, ModelStyle]) -> ModelStyle:
    if model_id in styles:
        return styles[model_id]
    return styles[_base_of(model_id)].hollow


def _base_of(model_id: str) -> str:
    """The model whose solid marker this one shares, hollow; itself if it has no known base."""
    if model_id in _listed_styles():
        return model_id
    return _bases().get(model_id, model_id)


@cache
def _bases() -> dict[str, str]:
    return {instruct: base for base, instruct in instruct_twins().items()}


@cache
def _solid_styles() -> tuple[ModelStyle, ...]:
    return tuple(ModelStyle(color, marker) for marker in MARKERS for color in COLORS)


@cache
def _free_styles() -> tuple[ModelStyle, ...]:
    """The solid styles that no model of the registry has."""
    listed = set(_listed_styles().values())
    return tuple(style for style in _solid_styles() if style not in listed)


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
        candidates += _solid_styles()
        styles[spec.id] = next(style for style in candidates if style not in styles.values())
    for spec in registry:
        if (base := registry.base_of(spec)) is not None:
            styles[spec.id] = styles[base.id].hollow
    return styles


_SOURCE_WIDTH = 100  # what fits over a chart of 680 px
_SOURCE_LINE = 16


def finish(
    figure: go.Figure, theme: Theme, *, title: str, source: str, height: int, top: int = 72
) -> go.Figure:
    """Give a chart its title and source, both plain text, and the theme's colours.

    The app's name and the date follow the source, so that a picture says where it is from. `top`
    is the margin above with a source of one line.
    """
    colors = CHART_COLORS[theme]
    today = date.today()
    credit = f"Basewise, {today.day} {today:%B %Y}".replace(" ", NO_BREAK)
    subtitle = wrapped_chart_text(f"{source} · {credit}", width=_SOURCE_WIDTH, lines=4)
    more = _SOURCE_LINE * subtitle.count("<br>")
    figure.update_layout(
        template="none",
        height=height + more,
        title={
            "text": chart_text(title),
            "subtitle": {"text": subtitle, "font": {"size": 12, "color": colors.muted}},
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
        margin={"l": 12, "r": 24, "t": top + more, "b": 48},
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


# Where a legend or a colour scale stands at the bottom of a chart, from its left edge.
AT_THE_BOTTOM = {"x": 0, "xanchor": "left", "y": 0, "yref": "container", "yanchor": "bottom"}


def legend_below(figure: go.Figure) -> None:
    """The legend below the chart, in as many lines as it takes."""
    figure.update_layout(showlegend=True, legend={"orientation": "h", **AT_THE_BOTTOM})
