"""What a visitor takes along."""

import html
from collections.abc import Callable, Mapping, Sequence

import pandas as pd
import plotly.graph_objects as go
import plotly.io as pio
import streamlit as st

# A spreadsheet runs a cell that begins with one of these as a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_REPORT_CONFIG = {"displaylogo": False, "responsive": True}
_REPORT_STYLE = """
:root {color-scheme: light}
body {font: 15px/1.5 system-ui, sans-serif; max-width: 1200px; margin: 2rem auto; padding: 0 1rem}
table {border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 13px}
th, td {padding: .25rem .6rem; border-bottom: 1px solid #8884; text-align: left}
.scroll {overflow-x: auto}
figure {margin: 1.5rem 0}
"""


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """The frame as CSV in UTF-8; text that a spreadsheet would run is led by an apostrophe."""
    texts = frame.select_dtypes(exclude=["number", "bool", "boolean"]).columns
    defused = frame.assign(**{name: frame[name].map(_joined).map(_defused) for name in texts})
    return defused.rename(columns=_defused).to_csv(index=False).encode("utf-8")


def _joined(value: object) -> object:
    return "; ".join(map(str, value)) if isinstance(value, (list, tuple)) else value


def _defused(value: object) -> object:
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return f"'{value}"
    return value


def html_report(
    title: str,
    said: Sequence[str],
    *,
    address: str | None,
    figures: Sequence[go.Figure],
    tables: Mapping[str, pd.DataFrame],
) -> bytes:
    """One HTML page of figures and tables by title that needs no network; texts are escaped."""
    charts = [
        # The first chart carries plotly's script for all.
        pio.to_html(figure, full_html=False, include_plotlyjs=index == 0, config=_REPORT_CONFIG)
        for index, figure in enumerate(figures)
    ]
    parts = [f"<h1>{html.escape(title)}</h1>"]
    parts += [f"<p>{html.escape(line)}</p>" for line in said]
    if address is not None:
        safe = html.escape(address, quote=True)
        parts.append(f'<p>The same view, live: <a href="{safe}">{safe}</a></p>')
    parts += [f"<figure>{chart}</figure>" for chart in charts]
    for heading, table in tables.items():
        flat = table.map(_joined)
        rows = flat.to_html(index=False, border=0, na_rep="–", float_format="{:.2f}".format)
        parts.append(f'<h2>{html.escape(heading)}</h2><div class="scroll">{rows}</div>')
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f"<title>{html.escape(title)}</title><style>{_REPORT_STYLE}</style></head>"
        f"<body>{''.join(parts)}</body></html>"
    ).encode()


def downloads(name: str, table: pd.DataFrame, report: Callable[[], bytes]) -> None:
    """Buttons for the table as CSV and for a report as HTML, which is made when asked for."""
    st.download_button(
        "CSV",
        lambda: csv_bytes(table),
        file_name=f"basewise-{name}.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
        key=f"{name}-csv",
    )
    html_button(name, report)


def html_button(name: str, report: Callable[[], bytes]) -> None:
    """A button for a report as HTML, which is made when asked for."""
    st.download_button(
        "HTML",
        report,
        file_name=f"basewise-{name}.html",
        mime="text/html",
        icon=":material/description:",
        on_click="ignore",
        key=f"{name}-html",
        help="One file with the table and the charts; it opens without a network.",
    )
