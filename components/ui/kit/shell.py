"""What every page starts with: page settings, navigation, the shortlist."""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import plotly.graph_objects as go
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from components.charts import Theme
from components.charts.phone import for_phone, needs_width
from components.ui import process, run_services
from components.ui.kit import first_paint, permalinks, shortlist, streamlit_compat

_ICON = Path(__file__).with_name("icon.svg")  # a Material one would come from another host


@dataclass(frozen=True)
class _Page:
    path: str
    name: str
    icon: str

    @property
    def in_url(self) -> str:
        """Its name in an address."""
        return "" if self.path == "app.py" else PurePosixPath(self.path).stem


HOME = _Page("app.py", "Review", ":material/fact_check:")
LEADERBOARD = _Page("pages/leaderboard.py", "Leaderboard", ":material/leaderboard:")
TOKENIZERS = _Page("pages/tokenizer_inspector.py", "Tokenizer inspector", ":material/pin:")
INFERENCE = _Page("pages/live_inference.py", "Live inference", ":material/bolt:")
EVALUATION = _Page("pages/evaluation.py", "Evaluation", ":material/analytics:")
_PAGES = (HOME, LEADERBOARD, TOKENIZERS, INFERENCE, EVALUATION)


def open_page(page: _Page, purpose: str | None) -> list[str]:
    """Set the page up and return the shortlist. Every page calls this first.

    `purpose` stands below the title; a page without one draws its title itself, with what it has
    beside it.
    """
    st.set_page_config(page_title=f"{page.name} · Basewise", page_icon=str(_ICON), layout="wide")
    dark = streamlit_compat.theme_type() == "dark"
    st.html(streamlit_compat.PAGE_STYLE + (streamlit_compat.DARK_PAGE_STYLE if dark else ""))
    process.begin()
    run_services.go_on()
    permalinks.say_left_out()
    permalinks.begin_page(page.in_url)
    with st.sidebar:
        st.markdown("### :material/straighten: Basewise")
        st.caption("Pick a base model to fine-tune, from evidence.")
        for other in _PAGES:
            link(other)
        st.divider()
        shortlist.picker()
        st.caption("The address of this page holds the shortlist: copy it to share.")
    if purpose is not None:
        st.title(page.name)
        st.markdown(purpose)
    return shortlist.models()


def keep_visitor() -> None:
    """Have the browser keep who its visitor is. The last that the page draws: it takes room."""
    run_services.keep_visitor()


def link(page: _Page, label: str | None = None, **choices: list[str]) -> None:
    """A link to another page that takes the shortlist along, and these choices of that page."""
    st.page_link(
        page.path,
        label=label or page.name,
        icon=page.icon,
        query_params={shortlist.PARAMETER: shortlist.models(), **choices},
    )


def theme() -> Theme:
    """The visitor's theme, for charts."""
    return streamlit_compat.theme_type()


def chart(figure: go.Figure, *, name: str, alt: str) -> None:
    """Show a plotly figure, once the page is painted; its toolbar saves a PNG at three times the
    size."""
    _after_first_paint(figure, name, alt)


@st.fragment
def _after_first_paint(figure: go.Figure, name: str, alt: str) -> None:
    if first_paint.is_over(name):
        with _place(figure, name):
            st.plotly_chart(_fitted(figure), key=f"chart-{name}", alt=alt, **_chart_options(name))


def _fitted(figure: go.Figure) -> go.Figure:
    return for_phone(figure) if first_paint.is_narrow() else figure


def _place(figure: go.Figure, name: str) -> DeltaGenerator:
    """Where the chart stands; one that needs a page's width scrolls there on a phone."""
    key = f"{streamlit_compat.PAGE_WIDTH}-{name}" if needs_width(figure) else None
    return st.container(key=key)


def pickable_chart(figure: go.Figure, *, name: str, key: str, alt: str) -> list[str]:
    """Show a figure as `chart` does; the model ids (customdata) of the points clicked in it.

    Another `key` forgets the clicks.
    """
    with _place(figure, name):
        event = st.plotly_chart(
            _fitted(figure),
            key=f"chart-{name}-{key}",
            alt=alt,
            on_select="rerun",
            selection_mode="points",
            **_chart_options(name),
        )
    points: Any = event.selection.points
    return [str(point["customdata"]) for point in points if "customdata" in point]


def _chart_options(name: str) -> dict[str, Any]:
    return {
        "theme": None,
        "width": "stretch",
        "config": {
            "displaylogo": False,
            "displayModeBar": True,
            "modeBarButtons": [["toImage"]],
            "toImageButtonOptions": {"format": "png", "scale": 3, "filename": f"basewise-{name}"},
        },
    }
