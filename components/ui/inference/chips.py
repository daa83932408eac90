"""How each model of the shortlist stands here, before any click."""

from collections.abc import Mapping

import streamlit as st

from components.charts import model_styles
from components.engines import Readiness
from components.ui.kit.model_ids import labels
from components.ui.kit.text import html_text

_STYLE = """<style>
.standing{display:flex;flex-wrap:wrap;gap:.4rem .6rem;list-style:none;
 font-size:.88rem;padding:0 !important;margin:0 !important}
.standing li{margin:0 !important}
.standing li{border:1px solid rgba(128,136,150,.5);border-radius:1rem;padding:.15rem .7rem}
</style>"""


def show(standing: Mapping[str, Readiness]) -> None:
    """A line of chips; nothing for an empty shortlist."""
    if not standing:
        return
    styles, names = model_styles(standing), labels(list(standing))
    items = "".join(
        f'<li><span style="color:{styles[model].color}" aria-hidden="true">'
        f"{styles[model].symbol}</span> <b>{html_text(names[model])}</b>: {in_words(found)}</li>"
        for model, found in standing.items()
    )
    st.html(f'{_STYLE}<ul class="standing" aria-label="The shortlist here">{items}</ul>')


def in_words(found: Readiness) -> str:
    """The state in a few words, with its figure."""
    size = found.gigabytes
    match found.state:
        case "ready":
            return "ready"
        case "download":
            return "to download" if size is None else f"to download ({_size(size)})"
        case "too_large":
            return f"too large here (needs {_size(size or 0)})"
        case "token":
            return "needs a token of the Hub"
        case "missing":
            return "not on the Hub, or private"
        case "unreachable":
            return "Hub unreachable"


def _size(gigabytes: float) -> str:
    return f"{gigabytes:.1f} GB" if gigabytes >= 1 else f"{gigabytes * 1000:.0f} MB"
