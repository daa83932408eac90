"""Token strips: a text as its tokenizers cut it."""

import math
from collections.abc import Sequence

import streamlit as st

from components.charts import VISIBLE_BLANKS
from components.registry import load_registry
from components.tokenization import TokenSpan, TokenStrip, disagreements
from components.ui import services
from components.ui.kit import permalinks, shortlist
from components.ui.kit.binding import bound
from components.ui.kit.text import html_text, plain
from components.ui.services import LoadedTokenizer
from components.ui.tokenizers.usable import answered

DEFAULT_TEXT = "Wireless headphones with 30 hours of battery life.\n\nPrice is $349.99"
# A browser or a proxy may cut an address of more than some thousand characters.
_LONGEST_IN_LINK = 1_500
_MAX_CHARACTERS = 200_000
_PART_CHARACTERS = 4_000

_TEXT = permalinks.text("text", DEFAULT_TEXT, longest=_LONGEST_IN_LINK)
_IDS = permalinks.flag("ids")

_STYLE = """<style>
.strip{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.85rem;
 line-height:2;overflow-wrap:break-word;white-space:pre-wrap}
.strip span{border-radius:.25rem;padding:.1rem .08rem;margin-right:2px}
.strip span:nth-of-type(4n+1){background:rgba(0,114,178,.24)}
.strip span:nth-of-type(4n+2){background:rgba(213,94,0,.24)}
.strip span:nth-of-type(4n+3){background:rgba(11,143,106,.24)}
.strip span:nth-of-type(4n+4){background:rgba(192,97,154,.26)}
.strip span.differs{outline:1.5px dashed currentColor;outline-offset:0}
.strip span.special{background:none;border:1px solid currentColor;border-radius:.6rem;
 padding:0 .3rem;opacity:.8}
.strip sub{opacity:.75;font-size:.68rem;margin-left:.15rem}
.strip i{font-style:normal;font-size:.68rem;opacity:.85;border-bottom:1px solid currentColor;
 margin-right:.1rem}
.strip.legend{font-family:inherit;white-space:normal;font-size:.82rem;opacity:.9}
</style>"""

_LEGEND = """<div class="strip legend"><b>·</b> space &ensp; <b>⏎</b> newline &ensp; <b>⇥</b> tab
 &ensp; <span class="differs">outlined</span> another of these tokenizers cuts here otherwise
 &ensp; <span class="special">&lt;s&gt;</span> special token &ensp; <i>F0 9F</i> bytes that are no
 whole character &ensp; <b>◦</b> a token without a character of its own</div>"""


@st.fragment
def text_by_token(loaded: dict[str, LoadedTokenizer]) -> None:
    """A text, and how each tokenizer cuts it; another text draws this alone anew."""
    permalinks.write_address()
    show_strips(loaded, text_input())


def text_input() -> str:
    """The text to cut; in the URL as `text` if it is short enough."""
    text = bound(st.text_area, _TEXT, "Text", height=106)
    if len(text) > _MAX_CHARACTERS:
        st.warning(
            f"The text has {len(text):,} characters; the first {_MAX_CHARACTERS:,} are cut.",
            icon=":material/content_cut:",
        )
    elif len(text) > _LONGEST_IN_LINK:
        st.caption(
            f"The text is too long for the page's address ({len(text):,} characters, at most"
            f" {_LONGEST_IN_LINK:,}): a shared link does not hold it."
        )
    return text[:_MAX_CHARACTERS]


def show_strips(loaded: dict[str, LoadedTokenizer], text: str) -> None:
    """The text as each tokenizer cuts it, two side by side, long text in parts."""
    strips = answered(loaded, lambda tokenizer: services.cut(tokenizer, text))
    if not strips:
        return
    switch, pager = st.columns([2, 3], vertical_alignment="bottom")
    with switch:
        with_ids = bound(st.toggle, _IDS, "Token ids")
    parts = max(math.ceil(len(text) / _PART_CHARACTERS), 1)
    part = 1
    if parts > 1:
        with pager:
            part = st.number_input(
                f"Part of {_PART_CHARACTERS:,} characters, 1 to {parts}", 1, parts, key="part"
            )
    start = (part - 1) * _PART_CHARACTERS
    differing = disagreements(list(strips.values()))
    st.html(_STYLE + _LEGEND)
    items = list(zip(strips.items(), differing, strict=True))
    for first in range(0, len(items), 2):
        columns = st.columns(2)
        for column, ((repo_id, strip), differs) in zip(
            columns, items[first : first + 2], strict=False
        ):
            tokens = strip.within(start, start + _PART_CHARACTERS)
            with column, st.container(border=True, height="stretch"):
                shortlist.heading(repo_id)
                st.caption(plain(_counts(strip, differs.sum())))
                spans = [
                    *(strip.before if part == 1 else []),
                    *strip.spans(tokens),
                    *(strip.after if part == parts else []),
                ]
                outlined = [False] * (len(strip.before) if part == 1 else 0)
                outlined += [bool(differs[index]) for index in tokens]
                st.html(strip_html(spans, outlined, with_ids=with_ids))
                st.caption(plain(f"Tokenizer: {source(repo_id, loaded[repo_id])}"))


def _counts(strip: TokenStrip, differing: int) -> str:
    added = len(strip.before) + len(strip.after)
    parts = [f"{len(strip):,} token{'' if len(strip) == 1 else 's'}"]
    parts += [f"{len(strip.text) / len(strip):.2f} characters per token"] if len(strip) else []
    parts += [f"{added} special added by the tokenizer"] if added else []
    parts += [f"{differing:,} cut otherwise by another"] if differing else []
    return ", ".join(parts)


def source(repo_id: str, loaded: LoadedTokenizer) -> str:
    """Which source supplied the tokenizer, and how it differs from the maker's original."""
    if loaded.asset is None:
        return "uploaded in this visit"
    note = load_registry().resolve(repo_id).tokenizer_note
    described = loaded.asset.describe()
    return described if note is None or loaded.asset.is_own else f"{described}. {note}"


def strip_html(spans: list[TokenSpan], outlined: Sequence[bool] = (), *, with_ids: bool) -> str:
    """The strip as HTML; the text's own markup is escaped, spaces and newlines made visible.

    `outlined` says of each span whether it is outlined; spans beyond its end are not.
    """
    pieces = []
    for index, span in enumerate(spans):
        title = html_text(f"{span.token}  id {span.id}")
        classes = ["special"] if span.kind == "special" else []
        classes += ["differs"] if index < len(outlined) and outlined[index] else []
        kind = f' class="{" ".join(classes)}"' if classes else ""
        number = f"<sub>{span.id}</sub>" if with_ids else ""
        # A line may break before a space's token: the dots that show spaces would not let it.
        pieces.append(f'<wbr><span{kind} title="{title}">{_visible(span)}{number}</span>')
    return f'<div class="strip">{"".join(pieces)}</div>'


_SHOWN_AS = VISIBLE_BLANKS | {ord("\n"): "⏎\n"}


def _visible(span: TokenSpan) -> str:
    text = html_text(span.text.translate(_SHOWN_AS))
    if span.kind == "byte":
        return f"<i>{html_text(span.spelled)}</i>{text}"
    if span.kind == "special" and not span.text:
        return html_text(span.token)
    return text or "◦"  # SentencePiece's first `▁`, or a token that a later one completes
