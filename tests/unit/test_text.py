"""Text from outside is shown to the letter."""

import html
import re

from hypothesis import given
from hypothesis import strategies as st

from components.tokenization import TokenSpan
from components.ui.kit.text import plain
from components.ui.tokenizers.strips import strip_html

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
    named = {"\n": "⏎\n", "\t": "⇥", " ": "·", "\x7f": "␡"}
    named |= {chr(code): chr(0x2400 + code) for code in range(32) if chr(code) not in named}
    visible = ["".join(named.get(sign, sign) for sign in text) for text in texts]
    assert shown == "".join(text or "◦" for text in visible)


def test_special_tokens_bytes_and_differing_spans_are_marked():
    spans = [
        TokenSpan(1, "<s>", "", "special"),
        TokenSpan(2, "ðŁĺ", "", "byte", "F0 9F 98"),
        TokenSpan(3, "Ģ", "😀", "byte", "80"),
        TokenSpan(4, "a", "a"),
    ]
    page = strip_html(spans, [False, True], with_ids=True)
    assert '<span class="special" title="&lt;s&gt;  id 1">&lt;s&gt;<sub>1</sub></span>' in page
    assert '<span class="differs" title="ðŁĺ  id 2"><i>F0 9F 98</i><sub>2</sub></span>' in page
    assert "<i>80</i>😀<sub>3</sub>" in page
    assert page.count("differs") == 1
