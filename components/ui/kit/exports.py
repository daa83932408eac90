"""What a visitor takes along: tables as CSV, and reports as one HTML file."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from numbers import Real
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
import plotly.graph_objects as go
import plotly.io as pio
import streamlit as st
from markupsafe import Markup

# A spreadsheet runs a cell that begins with one of these as a formula: blanks before them are
# skipped, and some read the full-width signs as the plain ones.
_FORMULA = re.compile(r"[\s\x00-\x1f\u200b-\u200f\u2060\ufeff]*[=+\-@＝＋－＠]|[\t\r\n]")
_LINE_ENDS = re.compile(r"\r\n?")
_REPORT_CONFIG = {"displaylogo": False, "responsive": True}
_TEMPLATE = Path(__file__).with_name("report.html.j2")


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """The frame as CSV in UTF-8; text that a spreadsheet would run is led by an apostrophe."""
    texts = frame.select_dtypes(exclude=["number", "bool", "boolean"]).columns
    safe = frame.assign(**{name: frame[name].map(_joined).map(_harmless) for name in texts})
    return safe.rename(columns=_harmless).to_csv(index=False).encode("utf-8")


def _joined(value: object) -> object:
    return "; ".join(map(str, value)) if isinstance(value, (list, tuple)) else value


def _harmless(value: object) -> object:
    if not isinstance(value, str):
        return value
    # A lone carriage return would not be quoted, and what follows it would begin a row.
    text = _LINE_ENDS.sub("\n", value)
    return f"'{text}" if _FORMULA.match(value) else text


@dataclass(frozen=True)
class _Table:
    heading: str
    columns: list[str]
    rows: list[list[str]]


def html_report(
    title: str,
    paragraphs: Sequence[str],
    *,
    address: str | None,
    figures: Sequence[go.Figure],
    tables: Mapping[str, pd.DataFrame],
) -> bytes:
    """One HTML page of figures and tables by heading that needs no network; texts are escaped."""
    charts = [
        # Plotly's own markup, which escapes what it holds. The first has its script for all.
        Markup(
            pio.to_html(figure, full_html=False, include_plotlyjs=index == 0, config=_REPORT_CONFIG)
        )
        for index, figure in enumerate(figures)
    ]
    page = _template().render(
        title=title,
        paragraphs=paragraphs,
        address=address,
        charts=charts,
        tables=[_table(heading, frame) for heading, frame in tables.items()],
    )
    return page.encode("utf-8")


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))


def _table(heading: str, frame: pd.DataFrame) -> _Table:
    rows = [[_cell(value) for value in row] for row in frame.itertuples(index=False, name=None)]
    return _Table(heading, [str(name) for name in frame.columns], rows)


def _cell(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return "; ".join(map(str, value))
    if value is None or pd.isna(value) is True:
        return "–"
    if pd.api.types.is_bool(value):
        return "yes" if value else "no"
    if isinstance(value, Real) and not pd.api.types.is_integer(value):
        return f"{float(value):.2f}"
    return str(value)


def downloads(name: str, table: pd.DataFrame, report: Callable[[], bytes]) -> None:
    """Buttons for the table as CSV and for a report as HTML, each made when it is clicked."""
    csv_button("CSV", name, lambda: table)
    html_button(name, report)


def menu(
    name: str,
    make_table: Callable[[], pd.DataFrame],
    report: Callable[[], bytes] | None,
    link: str | None,
) -> None:
    """One menu with all that can be taken along: CSV, report if there is one, and the link."""
    with st.popover("Download", icon=":material/download:", key=f"{name}-menu"):
        csv_button("CSV of these rows", name, make_table)
        if report is not None:
            html_button(name, report, "HTML report")
        if link is not None:
            st.caption("A link to this view, every choice spelled out:")
            st.code(link, language=None, wrap_lines=True)


def csv_button(label: str, name: str, make_table: Callable[[], pd.DataFrame]) -> None:
    """A button for a table as the CSV file `basewise-{name}.csv`, made when it is clicked."""
    st.download_button(
        label,
        lambda: csv_bytes(make_table()),
        file_name=f"basewise-{name}.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
        key=f"{name}-csv",
    )


def html_button(name: str, report: Callable[[], bytes], label: str = "HTML") -> None:
    """A button for a report as HTML, made when it is clicked."""
    st.download_button(
        label,
        report,
        file_name=f"basewise-{name}.html",
        mime="text/html",
        icon=":material/description:",
        on_click="ignore",
        key=f"{name}-html",
        help="One file with the table and the charts; it opens without a network.",
    )
