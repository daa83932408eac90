"""Text from outside, made safe to show."""

import re

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:&])")


def plain(text: str) -> str:
    """`text` as one line of Markdown that shows it to the letter: no markup, links, formulas."""
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))
