"""The tokenizer inspector's pictures: the number atlas, and what the first token decides."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from components.charts import (
    MOST_WITH_PIECES,
    NamedAtlas,
    NamedInformation,
    atlas_heatmaps,
    first_token_maps,
    price_ranges,
    settled_shares,
)
from components.errors import ContextError
from components.numbers import (
    CONTEXTS,
    IN_PLACE,
    LARGEST_NUMBER,
    NumberAtlas,
    NumberContext,
    first_token_information,
    possible_counts,
    still_possible,
)
from components.pricing import load_catalogue
from components.ui import services
from components.ui.kit import permalinks, shell
from components.ui.kit.binding import bound
from components.ui.kit.exports import csv_button
from components.ui.kit.feedback import show_error
from components.ui.kit.model_ids import label
from components.ui.kit.price_upload import read_upload
from components.ui.kit.text import plain
from components.ui.services import LoadedTokenizer
from components.ui.tokenizers.evidence import alike
from components.ui.tokenizers.usable import answered

_CONTEXT = permalinks.text("context", IN_PLACE)
_FROM = permalinks.whole_number("from", 0, low=0, high=LARGEST_NUMBER)
_TO = permalinks.whole_number("to", 999, low=0, high=LARGEST_NUMBER)
_PRICE = permalinks.whole_number("first_of", 999, low=0, high=999)
_PRICES = {
    "catalogue": "The catalogue's prices",
    "uniform": "Uniform, 0 to 999",
    "own": "Your own prices",
}
_WEIGHTS = permalinks.one_of("prices", list(_PRICES), "catalogue")


def number_heatmaps(loaded: dict[str, LoadedTokenizer]) -> list[go.Figure]:
    """The heatmaps of a range of numbers in a context, both chosen here; returns the figures."""
    template, first, last = _pick_numbers()
    with st.spinner("Running every number …", show_time=True):
        atlases = answered(loaded, lambda one: services.atlas(one, template, first, last))
    if not atlases:
        return []
    named = [
        NamedAtlas(_names(together), atlases[together[0]], _atlas_note(atlases, loaded, together))
        for together in alike(atlases, _cut)
    ]
    where = CONTEXTS.get(template, f"in “{template}”")
    figure = atlas_heatmaps(named, where=where, theme=shell.theme())
    shell.chart(
        figure,
        name="number-atlas",
        alt="Heatmaps of how many tokens each number takes, one per tokenizer",
    )
    if last - first >= MOST_WITH_PIECES:
        st.caption("Point at a cell for its number; up to 10,000 numbers show their pieces too.")
    if "," in NumberContext.parse(template).spec and last < 1000:
        st.caption("No number below 1,000 has a comma: take a longer range to see what it does.")
    _bare_notes({repo_id: loaded[repo_id] for repo_id in atlases})
    csv_button("CSV of the atlas", f"atlas-{first}-{last}", lambda: _atlas_table(atlases))
    return [figure]


def _pick_numbers() -> tuple[str, int, int]:
    where, low, high = st.columns([4, 1, 1], vertical_alignment="bottom")
    with where:
        template = bound(
            st.selectbox,
            _CONTEXT,
            "Context",
            list(dict.fromkeys([*CONTEXTS, _CONTEXT.value()])),
            format_func=lambda text: f"{CONTEXTS[text]}:  {text}" if text in CONTEXTS else text,
            accept_new_options=True,
            help="Type a text of your own with {n} where the number stands; {n:,} writes it with"
            " thousands commas, {n:.2f} with cents.",
        )
    with low:
        first = bound(
            st.number_input,
            _FROM,
            "From",
            0,
            LARGEST_NUMBER,
            step=1000,
            help=f"Numbers from 0 to {LARGEST_NUMBER:,}.",
        )
    with high:
        last = bound(st.number_input, _TO, "To", 0, LARGEST_NUMBER, step=1000)
    try:
        NumberContext.parse(template)
    except ContextError as error:
        show_error(error)
        template = IN_PLACE
        st.caption(plain(f"Shown meanwhile: {CONTEXTS[template]}."))
    if first > last:
        st.info(f"From {first:,} to {last:,} is no range: the ends are taken the other way round.")
    return template, min(first, last), max(first, last)


def _cut(atlas: NumberAtlas) -> Hashable:
    """The same for atlases that cut every number alike, whatever the tokens' ids."""
    return atlas.counts.tobytes(), tuple(atlas.pieces), tuple(atlas.unwritable)


def _names(repo_ids: Sequence[str]) -> str:
    """Names in a picture's title: two, and how many more."""
    more = f" and {len(repo_ids) - 2} more" if len(repo_ids) > 2 else ""
    return ", ".join(map(label, repo_ids[:2])) + more


def _atlas_note(
    atlases: Mapping[str, NumberAtlas],
    loaded: Mapping[str, LoadedTokenizer],
    together: Sequence[str],
) -> tuple[str, str]:
    atlas, asset = atlases[together[0]], loaded[together[0]].asset
    source = asset.describe() if asset else "uploaded"
    if len(together) > 1:
        source = f"{len(together)} tokenizers that cut these alike"
    counts = atlas.counts[atlas.written]
    unwritten = f"no way to write {len(atlas.unwritable):,} of {len(atlas.numbers):,}"
    if not len(counts):
        return unwritten, source
    tokens = f"{counts.mean():.2f} tokens per number, at most {counts.max()}"
    return (f"{tokens}; {unwritten}" if atlas.unwritable else tokens), source


def _bare_notes(loaded: dict[str, LoadedTokenizer]) -> None:
    for repo_id, tokenizer in loaded.items():
        strategy = tokenizer.strategy
        if strategy.bare_differs and not strategy.unwritable:
            st.caption(
                plain(
                    f"{label(repo_id)}: a bare number differs from the number in place"
                    f" ({strategy.bare_differs:,} of 1,000). 999 alone is"
                    f" {' | '.join(strategy.bare_example)}, so counting a bare number counts too"
                    " much."
                )
            )


def _atlas_table(atlases: Mapping[str, NumberAtlas]) -> pd.DataFrame:
    frames = [
        atlas.frame().assign(model=repo_id, pieces=[" | ".join(pieces) for pieces in atlas.pieces])
        for repo_id, atlas in atlases.items()
    ]
    return pd.concat(frames)[["model", "number", "count", "pieces", "unwritable"]]


def first_token(loaded: dict[str, LoadedTokenizer]) -> list[go.Figure]:
    """Which prices a first token leaves possible, and how much it settles; returns the figures."""
    picker, _ = st.columns([2, 5])
    with picker:
        number = bound(st.number_input, _PRICE, "A price in whole dollars, 0 to 999", 0, 999)
    atlases = {id: services.atlas(tokenizer, IN_PLACE, 0, 999) for id, tokenizer in loaded.items()}
    groups = alike(atlases, _cut)
    possible = [still_possible(atlases[together[0]], number) for together in groups]
    named = [
        NamedAtlas(
            _names(together),
            atlases[together[0]],
            _possible_note(atlases[together[0]], number, left),
        )
        for together, left in zip(groups, possible, strict=True)
    ]
    maps = first_token_maps(named, number, possible, theme=shell.theme())
    shell.chart(
        maps,
        name="first-token",
        alt=f"Which prices remain possible after the first token of {number}, per tokenizer",
    )
    csv_button("CSV of first tokens", "first-tokens", lambda: _first_token_table(atlases))
    return [maps, *_settled_shares(loaded)]


def _possible_note(atlas: NumberAtlas, number: int, left: np.ndarray) -> tuple[str, str]:
    if number in atlas.unwritable:
        return "no way to write this price", f"nor {len(left) - 1:,} others"
    token = atlas.pieces[number][0]
    ranges = price_ranges(left)
    listed = ", ".join(ranges[:3]) + (", …" if len(ranges) > 3 else "")
    count = f"{len(left)} prices" if len(left) > 1 else "1 price"
    return f"first token “{token}”", f"leaves {count}: {listed}"


def _first_token_table(atlases: Mapping[str, NumberAtlas]) -> pd.DataFrame:
    frames = [
        pd.DataFrame(
            {
                "model": repo_id,
                "number": atlas.numbers,
                "first_token": [
                    pieces[0] if written else None
                    for pieces, written in zip(atlas.pieces, atlas.written, strict=True)
                ],
                "prices_still_possible": possible_counts(atlas),
            }
        )
        for repo_id, atlas in atlases.items()
    ]
    return pd.concat(frames)


def _settled_shares(loaded: dict[str, LoadedTokenizer]) -> list[go.Figure]:
    chosen = bound(
        st.segmented_control,
        _WEIGHTS,
        "In bits, with prices distributed as",
        list(_PRICES),
        format_func=_PRICES.__getitem__,
        required=True,
    )
    dollars, described = _distribution(chosen)
    if not dollars:
        return []
    atlases = answered(loaded, lambda one: services.atlas_of_prices(one, tuple(dollars)))
    if not atlases:
        return []
    rows = [
        NamedInformation(
            repo_id, label(repo_id), first_token_information(atlas, list(dollars.values()))
        )
        for repo_id, atlas in atlases.items()
    ]
    if all(row.information.price_bits == 0 for row in rows):
        st.info("All prices are the same: the price is certain, and so is its first token.")
    shares = settled_shares(rows, prices=described, theme=shell.theme())
    shell.chart(
        shares,
        name="first-token-information",
        alt="Share of the price's entropy that the first token settles, per tokenizer",
    )
    return [shares]


def _distribution(chosen: str) -> tuple[Mapping[int, float], str]:
    """Weights by whole dollars, and whose they are; none before an upload."""
    if chosen == "uniform":
        return dict.fromkeys(range(1000), 1.0), "a uniform distribution over $0 to $999"
    if chosen == "catalogue":
        dollars = [product.whole_dollars for product in load_catalogue().values()]
        return (
            {price: dollars.count(price) for price in sorted(dollars)},
            f"the catalogue's {len(dollars)} prices in whole dollars",
        )
    file = st.file_uploader(
        "Your prices: a CSV file with a column of prices, at most 5 MB",
        type=["csv", "tsv", "txt"],
        key="uploaded_prices",
        max_upload_size=5,
    )
    if file is None:
        st.info("Upload a CSV file of prices to see its figures.", icon=":material/upload_file:")
        return {}, ""
    read = read_upload(file)
    if read is None or read.reading is None:
        return {}, ""
    prices = read.reading
    return prices.dollars, f"your own {prices.count:,} prices in whole dollars"
