"""Text from outside is shown to the letter."""

import html
import re

from hypothesis import given
from hypothesis import strategies as st

from components.tokenization import TokenSpan
from components.ui.strips import strip_html
from components.ui.text import plain

HOSTILE = '<script>alert("x")</script> **bold** [link](javascript:x) $x^2$ :red[y] `c`'


def test_markdown_signs_are_escaped():
    escaped = plain(HOSTILE)
    assert re.sub(r"\\(.)", r"\1", escaped) == HOSTILE
    for sign in "<*[$`:":
        assert not re.search(rf"(?<!\\){re.escape(sign)}", escaped)


def test_several_lines_become_one_that_keeps_its_place():
    assert plain("boom\n\n# line two\n===") == "boom \\# line two ==="


@given(st.lists(st.text(max_size=20), max_size=20))
def test_a_strip_shows_its_text_and_holds_no_tag_of_it(texts: list[str]):
    spans = [TokenSpan(id=index, token=text, text=text) for index, text in enumerate(texts)]
    page = strip_html(spans, with_ids=False)
    without_ours = re.sub(r'</?(div|span)( class="strip"| title="[^"]*")?>|<wbr>', "", page)
    assert "<" not in without_ours
    shown = html.unescape(without_ours)
    visible = [text.replace(" ", "·").replace("\n", "⏎\n").replace("\t", "⇥") for text in texts]
    assert shown == "".join(text or "◦" for text in visible)
