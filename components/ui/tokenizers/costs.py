"""What numbers cost, for the tokenizers shown and for all of the registry."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from components.errors import BasewiseError
from components.numbers import NumberingStrategy, cost_summary
from components.pricing import load_catalogue
from components.registry import load_registry
from components.ui import services
from components.ui.kit.exports import csv_bytes
from components.ui.kit.feedback import show_error
from components.ui.kit.model_ids import label
from components.ui.services import LoadedTokenizer

_COLUMNS = {
    "model": st.column_config.TextColumn("model", pinned=True),
    "strategy": st.column_config.TextColumn("strategy"),
    "longer_numbers": st.column_config.TextColumn("4 to 6 digits"),
    "mean_price_tokens": st.column_config.NumberColumn("tokens per price", format="%.2f"),
    "largest_price_tokens": st.column_config.NumberColumn("at most"),
    "mean_description_tokens": st.column_config.NumberColumn("per description", format="%.1f"),
    "largest_description_tokens": st.column_config.NumberColumn("at most "),
    "number_share": st.column_config.NumberColumn("share that is number", format="percent"),
    "digit_vocabulary": st.column_config.NumberColumn("digit-only entries"),
    "models": st.column_config.ListColumn("shared by"),
    "source": st.column_config.TextColumn("tokenizer from"),
}
_ASKED = "registry_tokenizers_asked"
_OUTCOMES = "registry_tokenizers"


def number_costs(loaded: dict[str, LoadedTokenizer]) -> None:
    """Tokens per price and per description over the catalogue, and each product's on request."""
    rows = [
        {"model": label(repo_id), **_figures(tokenizer.strategy, tokenizer.costs)}
        for repo_id, tokenizer in loaded.items()
    ]
    st.caption(
        f"Over the catalogue's {len(load_catalogue())} products: the question, the description and"
        " “Price is $”, then the price in whole dollars. BOS and EOS are not counted."
    )
    table = pd.DataFrame(rows).drop(columns=["longer_numbers", "digit_vocabulary"])
    _table(table, "basewise-number-costs.csv", "costs")
    with st.expander("Every product's tokens", icon=":material/list_alt:"):
        _table(_per_product(loaded), "basewise-product-tokens.csv", "products")


def _figures(strategy: NumberingStrategy, costs: pd.DataFrame) -> dict[str, object]:
    return {
        "strategy": strategy.name,
        "longer_numbers": strategy.chunking,
        **cost_summary(costs),
        "digit_vocabulary": strategy.digit_vocabulary,
    }


def _per_product(loaded: dict[str, LoadedTokenizer]) -> pd.DataFrame:
    products = load_catalogue().values()
    table = pd.DataFrame(
        {
            "product": [product.title for product in products],
            "dollars": [product.whole_dollars for product in products],
        }
    )
    for repo_id, tokenizer in loaded.items():
        table[f"{label(repo_id)}: description"] = tokenizer.costs["description_tokens"]
        table[f"{label(repo_id)}: price"] = tokenizer.costs["price_tokens"]
    return table


def registry() -> None:
    """The same figures for every tokenizer of the registry, once the visitor asks for them."""
    known = {spec.tokenizer or (spec.id,) for spec in load_registry()}
    if not st.session_state.get(_ASKED):
        st.button(
            f"Run all {len(known)} tokenizers of the registry",
            icon=":material/play_arrow:",
            on_click=lambda: st.session_state.update({_ASKED: True}),
            help="Fetches those that are not on this machine yet, a few megabytes each.",
        )
        return
    # Kept for the visit: a source that is out of reach is not tried again at every click.
    if _OUTCOMES not in st.session_state:
        st.session_state[_OUTCOMES] = services.registry_tokenizers()
    outcomes = st.session_state[_OUTCOMES]
    rows = [
        {
            "model": label(repo_id),
            **_figures(found.strategy, found.costs),
            "models": [label(model) for model in found.models],
            "source": found.source,
        }
        for repo_id, found in outcomes.items()
        if not isinstance(found, BasewiseError)
    ]
    failures = {id: found for id, found in outcomes.items() if isinstance(found, BasewiseError)}
    st.caption(
        f"{len(rows)} tokenizers of the registry, a click on a heading sorts."
        + (f" {len(failures)} can't be had now." if failures else "")
    )
    if rows:
        _table(pd.DataFrame(rows), "basewise-registry-tokenizers.csv", "registry")
    if failures:
        with st.expander(f"Why {len(failures)} are missing", icon=":material/cloud_off:"):
            st.button(
                "Try these again",
                icon=":material/refresh:",
                on_click=lambda: st.session_state.pop(_OUTCOMES, None),
            )
            for error in failures.values():
                show_error(error)


def _table(table: pd.DataFrame, file_name: str, name: str) -> None:
    st.dataframe(
        table,
        column_config={key: value for key, value in _COLUMNS.items() if key in table},
        hide_index=True,
        width="stretch",
        key=f"table-{name}",
    )
    st.download_button(
        "CSV of this table",
        csv_bytes(table),
        file_name,
        "text/csv",
        icon=":material/download:",
        key=f"csv-{name}",
        on_click="ignore",
    )
