"""Text from outside, made safe to show."""

import re

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:&])")


def plain(text: str) -> str:
    """`text` as Markdown that shows it to the letter: no markup, no links, no formulas."""
    return _MARKDOWN.sub(r"\\\1", text)
