"""Charts on a phone: words in more lines, panels below one another, the legend below them.

A chart whose labels need the width of a page is left as it is, and scrolls in a box of its own.
"""

from textwrap import wrap
from typing import Any, Literal

import plotly.graph_objects as go

from components.charts.style import AT_THE_BOTTOM, legend_below
from components.charts.text import NO_BREAK

# Characters in a line of 340 px: of titles (17 px), of what is below them (12 px), of a panel's
# title (13 px), of a tick's label, which leaves two thirds of the width to the chart, and of one
# beside a bar.
_TITLE, _SOURCE, _PANEL, _TICK, _BAR = 32, 52, 40, 18, 24
_TITLE_LINE, _SOURCE_LINE, _LINE, _LEGEND_LINE, _BAR_LINE = 22, 16, 17, 20, 14
_LEGEND_TOP, _FOOT, _TICKS_BELOW = 12, 8, 34
_MOST_TICKS = 5
_SCALE = 70  # px, of a colour scale below the chart
_EDGE, _LABEL = 16, 40  # px at the right, the latter where points have labels beside them


def for_phone(figure: go.Figure) -> go.Figure:
    """The chart for some 340 px of width; itself where it `needs_width`."""
    if needs_width(figure):
        return figure
    phone = go.Figure(figure)
    layout: dict = phone.to_dict()["layout"]
    top, bottom = layout["margin"]["t"], layout["margin"]["b"]
    inner = layout["height"] - top - bottom
    top += _wrap_title(phone)
    bottom += _legend_below(phone) + _scale_below(phone) + _FOOT
    heads = _wrap_panel_titles(phone)
    panel = max(_wrap_ticks(phone), _wrap_bar_labels(phone))
    inner, more = _stack(phone, inner, panel, heads)
    phone.update_layout(height=top + more + inner + bottom)
    labelled = any("text" in (trace.mode or "") for trace in _traces(phone, type="scatter"))
    right = _LABEL if labelled else _EDGE
    phone.update_layout(margin={"l": 8, "r": right, "t": top + more, "b": bottom})
    for axis in _axes(phone, "x"):
        _thin_ticks(axis)
    return phone


def needs_width(figure: go.Figure) -> bool:
    """Whether the chart can't be drawn on a phone's width."""
    return bool((_layout(figure).meta or {}).get("needs_width"))


def keep_width(figure: go.Figure) -> None:
    """Say that a chart needs the width of a page."""
    figure.update_layout(meta={"needs_width": True})


def _layout(figure: go.Figure) -> Any:
    return figure.layout


def _axes(figure: go.Figure, letter: Literal["x", "y"]) -> list[Any]:
    """The figure's axes, in the order of its panels."""
    return list(figure.select_xaxes() if letter == "x" else figure.select_yaxes())


def _traces(figure: go.Figure, **wanted: str) -> list[Any]:
    return list(figure.select_traces(wanted))


def _wrapped(text: str, width: int) -> str:
    """Text with plotly's own breaks and tags in lines of `width` characters."""
    whole = text.replace(" %", f"{NO_BREAK}%")
    marked = "<" in whole.replace("<br>", "") or "&" in whole  # what must not be cut through
    lines = [
        piece
        for line in whole.split("<br>")
        for piece in wrap(line, width, break_long_words=not marked)
    ]
    return "<br>".join(lines)


def _wrap_title(figure: go.Figure) -> int:
    """How many pixels more title and source take."""
    title = _layout(figure).title
    before = title.subtitle.text
    source = _wrapped(before.replace("<br>", " "), _SOURCE)
    text = _wrapped(title.text, _TITLE)
    # Plotly centres the lines on where one line would be.
    pad = title.pad.t + _TITLE_LINE // 2 * text.count("<br>")
    figure.update_layout(title={"text": text, "subtitle": {"text": source}, "pad": {"t": pad}})
    more_lines = source.count("<br>") - before.count("<br>")
    return _TITLE_LINE * text.count("<br>") + _SOURCE_LINE * more_lines


def _legend_below(figure: go.Figure) -> int:
    """How many pixels the legend takes below, an entry a line."""
    named = [trace for trace in _traces(figure) if trace.name and trace.showlegend is not False]
    if _layout(figure).showlegend is False or len(named) < 2:
        return 0
    below = _layout(figure).legend.yref == "container"
    legend_below(figure)
    figure.update_layout(legend_orientation="v")
    pixels = _LEGEND_LINE * len(named) + _LEGEND_TOP
    return max(0, pixels - _LEGEND_LINE) if below else pixels


def _scale_below(figure: go.Figure) -> int:
    """How many pixels a colour scale takes below."""
    if _layout(figure).coloraxis.colorbar.tickvals is None:
        return 0
    figure.update_layout(
        coloraxis_colorbar={
            "orientation": "h",
            **AT_THE_BOTTOM,
            "len": 1,
            "lenmode": "fraction",
        }
    )
    return _SCALE


def _panel_titles(figure: go.Figure) -> list:
    """The titles of the figure's panels, in order; none where its notes are no such titles."""
    notes = [
        note
        for note in _layout(figure).annotations
        if note.xref == note.yref == "paper" and not note.showarrow
    ]
    return notes if len(notes) == len(_axes(figure, "y")) else []


def _wrap_panel_titles(figure: go.Figure) -> list[tuple[int, int]]:
    """How many lines each panel's title had, and has now."""
    lines = []
    for note in _panel_titles(figure):
        before, note.text = note.text, _wrapped(note.text, _PANEL)
        lines.append((before.count("<br>") + 1, note.text.count("<br>") + 1))
    return lines


def _wrap_ticks(figure: go.Figure) -> int:
    """Wrap the labels beside the rows; how many pixels a panel then needs."""
    most = 0
    for axis in _axes(figure, "y"):
        if axis.ticktext:
            axis.ticktext = [_wrapped(text, _TICK) for text in axis.ticktext]
            lines = max(text.count("<br>") + 1 for text in axis.ticktext)
            most = max(most, len(axis.ticktext) * (lines * _LINE + 8) if lines > 1 else 0)
    return most


def _wrap_bar_labels(figure: go.Figure) -> int:
    """Wrap the labels beside bars; how many pixels a panel then needs."""
    most = 0
    for trace in _traces(figure, type="bar", textposition="outside"):
        texts = [_wrapped(text, _BAR) for text in trace.text]
        lines = max(text.count("<br>") + 1 for text in texts)
        trace.update(text=texts, textfont_size=_BAR_LINE - 3, constraintext="none")
        most = max(most, len(texts) * (lines * _BAR_LINE + 4) if lines > 1 else 0)
    return most


def _stack(
    figure: go.Figure, inner: int, least: int, heads: list[tuple[int, int]]
) -> tuple[int, int]:
    """Put the panels below one another, each with `least` pixels or more.

    The pixels of all of them, which were `inner`, and those that the first one's title takes above.
    """
    if not heads:
        return max(inner, least), 0
    x_axes, y_axes = _axes(figure, "x"), _axes(figure, "y")
    domains = [tuple(axis.domain or (0, 1)) for axis in y_axes]
    rows = sorted(set(domains), reverse=True)
    body = max(least, round(inner * (rows[0][1] - rows[0][0])))
    between = round(inner * (rows[0][0] - rows[1][1])) if len(rows) > 1 else 0
    foot = max(_TICKS_BELOW, between - _LINE * max(before for before, _ in heads))
    pixels = [body + (foot + _LINE * now if place else 0) for place, (_, now) in enumerate(heads)]
    whole, done = sum(pixels), 0
    for place, (x_axis, y_axis, note) in enumerate(
        zip(x_axes, y_axes, _panel_titles(figure), strict=True)
    ):
        done += pixels[place]
        low, high = 1 - done / whole, 1 - (done - body) / whole
        x_axis.update(domain=(0, 1), showticklabels=True)
        y_axis.update(domain=(max(low, 0), high))
        note.update(x=0, xanchor="left", align="left", y=high, yanchor="bottom")
    return whole, _LINE * (heads[0][1] - heads[0][0])


def _thin_ticks(axis: Any) -> None:
    if axis.tickvals and len(axis.tickvals) > _MOST_TICKS:
        every = -(-len(axis.tickvals) // _MOST_TICKS)
        axis.tickvals = axis.tickvals[::every]
        if axis.ticktext:
            axis.ticktext = axis.ticktext[::every]
    elif not axis.tickvals:
        axis.nticks = _MOST_TICKS
