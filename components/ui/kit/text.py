"""The one door for text from outside: as Markdown for Streamlit, and as HTML.

Charts have theirs in `components.charts.text`, and reports are escaped by their template. Escape
last, once a text has been shortened or wrapped: a cut through an escape would undo it.
"""

import html
import re
from datetime import UTC, datetime

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:&])")
# :smile: and :material/bolt: are replaced after Markdown's own escapes are undone, so that only a
# character between, which nobody sees, keeps them as they are.
_SHORTCODE = re.compile(r":(?=(?:material/)?[\w+-]+:)")
_WORD_JOINER = "\N{WORD JOINER}"


def plain(text: str) -> str:
    """`text` as one line of Markdown that shows it to the letter: no markup, formulas, icons.

    A web address in it may become a link to itself.
    """
    one_line = " ".join(text.split())
    return _MARKDOWN.sub(r"\\\1", _SHORTCODE.sub(f":{_WORD_JOINER}", one_line))


def html_text(text: str) -> str:
    """`text` as HTML that shows it to the letter, in an element or in a quoted attribute."""
    return html.escape(text, quote=True)


def day(seconds: float) -> str:
    """The date, in UTC, of seconds since 1970."""
    return f"{datetime.fromtimestamp(seconds, UTC):%-d %B %Y}"


def duration(seconds: float) -> str:
    """A length of time as a person says it."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
