"""Token strips: a text as its tokenizers cut it."""

import html

import streamlit as st

from components.registry import load_registry
from components.tokenization import TokenSpan, token_spans
from components.ui import shortlist
from components.ui.resources import LoadedTokenizer
from components.ui.text import plain

DEFAULT_TEXT = "Wireless headphones with 30 hours of battery life.\n\nPrice is $349.99"
_MAX_CHARACTERS = 20_000
_MAX_SPANS = 2_000

_STYLE = """<style>
.strip{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.85rem;
 line-height:1.9;overflow-wrap:break-word;white-space:pre-wrap}
.strip span{border-radius:.25rem;padding:.1rem .08rem;margin-right:1px}
.strip span:nth-of-type(4n+1){background:rgba(0,114,178,.24)}
.strip span:nth-of-type(4n+2){background:rgba(213,94,0,.24)}
.strip span:nth-of-type(4n+3){background:rgba(11,143,106,.24)}
.strip span:nth-of-type(4n+4){background:rgba(192,97,154,.26)}
.strip sub{opacity:.75;font-size:.68rem;margin-left:.15rem}
</style>"""


def text_input() -> str:
    """The text to cut; kept while the visitor moves between pages."""
    text = st.text_area("Text", value=DEFAULT_TEXT, height=110, key="text", persist_state="session")
    if len(text) > _MAX_CHARACTERS:
        st.warning(
            f"The text has {len(text):,} characters; the first {_MAX_CHARACTERS:,} are shown.",
            icon=":material/content_cut:",
        )
    return text[:_MAX_CHARACTERS]


def show_strip(repo_id: str, loaded: LoadedTokenizer, text: str, *, with_ids: bool) -> None:
    """One tokenizer's strip of the text, with its source, count and characters per token."""
    spans = token_spans(loaded.tokenizer, text)
    shortlist.heading(repo_id)
    ratio = f", {len(text) / len(spans):.2f} characters per token" if spans else ""
    st.caption(plain(f"{len(spans):,} tokens{ratio}. Tokenizer: {source(repo_id, loaded)}"))
    st.html(_STYLE + strip_html(spans[:_MAX_SPANS], with_ids=with_ids))
    if len(spans) > _MAX_SPANS:
        st.caption(f"The first {_MAX_SPANS:,} tokens are shown, all are counted.")


def source(repo_id: str, loaded: LoadedTokenizer) -> str:
    """Which source supplied the tokenizer, and how it differs from the model's own."""
    note = load_registry().resolve(repo_id).tokenizer_note
    described = loaded.asset.describe()
    return described if note is None or loaded.asset.is_own else f"{described}. {note}"


def strip_html(spans: list[TokenSpan], *, with_ids: bool) -> str:
    """The strip as HTML; the text's own markup is escaped, spaces and newlines made visible."""
    pieces = []
    for span in spans:
        title = html.escape(f"{span.token}  id {span.id}", quote=True)
        number = f"<sub>{span.id}</sub>" if with_ids else ""
        # A line may break before a space's token: the dots that show spaces would not let it.
        pieces.append(f'<wbr><span title="{title}">{_visible(span.text)}{number}</span>')
    return f'<div class="strip">{"".join(pieces)}</div>'


def _visible(text: str) -> str:
    if not text:
        return "◦"  # a byte of a character that a later token completes
    return html.escape(text).replace(" ", "·").replace("\n", "⏎\n").replace("\t", "⇥")
