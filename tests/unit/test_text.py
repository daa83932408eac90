"""Text from outside is shown to the letter."""

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.charts.text import chart_text, wrapped_chart_text
from components.tokenization import TokenSpan
from components.ui.kit.text import html_text, plain
from components.ui.tokenizers.strips import strip_html

HOSTILE = '<script>alert("x")</script> **bold** [link](javascript:x) $x^2$ :red[y] `c`'


def test_markdown_signs_are_escaped():
    escaped = plain(HOSTILE)
    assert re.sub(r"\\(.)", r"\1", escaped) == HOSTILE
    for sign in "<*[$`:":
        assert not re.search(rf"(?<!\\){re.escape(sign)}", escaped)


def test_several_lines_become_one_that_keeps_its_place():
    assert plain("boom\n\n# line two\n===") == "boom \\# line two ==="


HOSTILE_TEXTS = (
    "<img src=x onerror=alert(1)>",
    "[a](javascript:alert(1))",
    "![a](http://x/y.png)",
    "$x$ and $$y$$",
    ":red[x] :red-background[x] :material/bolt: :streamlit: :smile: :+1:",
    "a\n\n# heading\n- item\n| a | b |",
    "`code` **bold** _it_ ~~s~~ &lt;b&gt; <!-- c -->",
)


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
def test_streamlits_markdown_does_nothing_with_text_from_outside(text):
    escaped = plain(text)
    assert "\n" not in escaped
    # Streamlit replaces shortcodes where Markdown's escapes are gone.
    unescaped = re.sub(r"\\(.)", r"\1", escaped)
    assert not re.search(r":(?:material/)?[\w+-]+:", unescaped)
    assert unescaped.replace("\N{WORD JOINER}", "") == " ".join(text.split())
    assert not re.search(r"(?<!\\)[\[\]<$`*_~|!#&]", escaped)


@given(st.text())
def test_every_sign_of_markdown_is_escaped_once_and_nothing_is_lost(text):
    unescaped = re.sub(r"\\(.)", r"\1", plain(text))
    assert unescaped.replace("\N{WORD JOINER}", "") == " ".join(text.split()).replace(
        "\N{WORD JOINER}", ""
    )


@given(st.text())
def test_html_text_holds_no_tag_and_ends_no_attribute(text):
    escaped = html_text(text)
    assert not set(escaped) & set("<>\"'")
    assert html.unescape(escaped) == text


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
def test_a_charts_text_holds_no_tag_and_no_placeholder(text):
    shown = chart_text(f"{text} %{{x}}")
    assert "<" not in shown
    assert "%{" not in shown
    assert html.unescape(shown) == " ".join(f"{text} %{{x}}".split())


@given(st.text(), st.integers(3, 30), st.integers(1, 3))
def test_a_wrapped_text_of_a_chart_is_not_cut_within_an_escape(text, width, lines):
    shown = wrapped_chart_text(text, width=width, lines=lines).split("<br>")
    assert len(shown) <= lines
    assert all("<" not in line and len(html.unescape(line)) <= width for line in shown)


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
