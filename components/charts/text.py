"""Text from outside in a chart: plotly takes some tags, entities and `%{…}` in it for markup."""

import html
import re
from textwrap import wrap

# What shows a blank or control character.
VISIBLE_BLANKS = {code: chr(0x2400 + code) for code in range(0x20)} | {0x7F: "␡"}
VISIBLE_BLANKS |= {ord(" "): "·", ord("\n"): "⏎", ord("\t"): "⇥"}

NO_BREAK = "\N{NO-BREAK SPACE}"
_BLANKS = re.compile(rf"[^\S{NO_BREAK}]+")


def chart_text(text: str) -> str:
    """`text` as one line that plotly shows to the letter, in titles, labels and hover templates."""
    return _escaped(_one_line(text))


def wrapped_chart_text(text: str, *, width: int, lines: int) -> str:
    """`text` as `chart_text`, in at most `lines` lines of `width` characters; the rest is cut."""
    pieces = wrap(_one_line(text), width, max_lines=lines, placeholder=" …")
    return "<br>".join(map(_escaped, pieces))


def visible_token(text: str) -> str:
    """A token's text as `chart_text`, its blanks and control characters made visible."""
    return _escaped(text.translate(VISIBLE_BLANKS))


def _one_line(text: str) -> str:
    return _BLANKS.sub(" ", text).strip()


def _escaped(text: str) -> str:
    # html.escape leaves what a hover template would replace: %{x}.
    return html.escape(text, quote=False).replace("%{", "&#37;{")
