"""What numbers cost, for the tokenizers shown and for all of the registry."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from components.errors import BasewiseError
from components.numbers import NumberingStrategy, cost_summary
from components.pricing import load_catalogue
from components.registry import load_registry
from components.ui import services
from components.ui.kit.exports import csv_button
from components.ui.kit.feedback import show_error
from components.ui.kit.model_ids import label, labels
from components.ui.services import LoadedTokenizer
from components.ui.tokenizers.labels import CHUNKING_LABELS

_COLUMNS = {
    "model": st.column_config.TextColumn("model", pinned=True),
    "strategy": st.column_config.TextColumn("strategy"),
    "longer_numbers": st.column_config.TextColumn("4 to 6 digits"),
    "mean_price_tokens": st.column_config.NumberColumn("tokens per price", format="%.2f"),
    "largest_price_tokens": st.column_config.NumberColumn("most per price"),
    "mean_description_tokens": st.column_config.NumberColumn("per description", format="%.1f"),
    "largest_description_tokens": st.column_config.NumberColumn("most per description"),
    "number_share": st.column_config.NumberColumn("share that is number", format="%.1f %%"),
    "digit_vocabulary": st.column_config.NumberColumn("digit-only entries"),
    "models": st.column_config.ListColumn("shared by"),
    "source": st.column_config.TextColumn("tokenizer from"),
}
_REQUESTED = "registry_tokenizers_requested"
_OUTCOMES = "registry_tokenizers"


def number_costs(loaded: dict[str, LoadedTokenizer]) -> None:
    """Tokens per price and per description over the catalogue, and each product's on request."""
    rows = [
        {"model": repo_id, **_figures(tokenizer.strategy, tokenizer.costs)}
        for repo_id, tokenizer in loaded.items()
    ]
    st.caption(
        f"Over the catalogue's {len(load_catalogue())} products: the question, the description and"
        " “Price is $”, then the price in whole dollars. BOS and EOS are not counted."
    )
    table = pd.DataFrame(rows).drop(columns=["longer_numbers", "digit_vocabulary"])
    _table(table, "number-costs")
    with st.expander("Every product's tokens", icon=":material/list_alt:"):
        _products_table(_per_product(loaded))


def _figures(strategy: NumberingStrategy, costs: pd.DataFrame) -> dict[str, object]:
    return {
        "strategy": strategy.name,
        "longer_numbers": CHUNKING_LABELS[strategy.chunking],
        **cost_summary(costs),
        "digit_vocabulary": strategy.digit_vocabulary,
    }


def _per_product(loaded: dict[str, LoadedTokenizer]) -> pd.DataFrame:
    """`product` (its id), `dollars`, `model`, `description_tokens`, `price_tokens`."""
    products = load_catalogue().values()
    parts = [
        pd.DataFrame(
            {
                "product": [product.id for product in products],
                "dollars": [product.whole_dollars for product in products],
                "model": repo_id,
                "description_tokens": tokenizer.costs["description_tokens"].to_numpy(),
                "price_tokens": tokenizer.costs["price_tokens"].to_numpy(),
            }
        )
        for repo_id, tokenizer in loaded.items()
    ]
    return pd.concat(parts, ignore_index=True)


def _products_table(costs: pd.DataFrame) -> None:
    """A row per product, two columns per model."""
    products = load_catalogue().values()
    shown = pd.DataFrame(
        {
            "product": [product.title for product in products],
            "dollars": [product.whole_dollars for product in products],
        }
    )
    column_labels = {}
    names = labels(list(costs["model"].unique()))
    for model, name in names.items():
        for figure, word in (("description_tokens", "description"), ("price_tokens", "price")):
            shown[f"{figure} {model}"] = costs.loc[costs["model"] == model, figure].to_numpy()
            column_labels[f"{figure} {model}"] = f"{name}: {word}"
    st.dataframe(
        shown,
        column_config=column_labels,
        hide_index=True,
        width="stretch",
        key="table-product-tokens",
    )
    csv_button("CSV of this table", "product-tokens", lambda: costs)


def registry() -> None:
    """The same figures for every tokenizer of the registry, once the visitor requests them."""
    known = {spec.tokenizer or (spec.id,) for spec in load_registry()}
    if not st.session_state.get(_REQUESTED):
        st.button(
            f"Run all {len(known)} tokenizers of the registry",
            icon=":material/play_arrow:",
            on_click=lambda: st.session_state.update({_REQUESTED: True}),
            help="Fetches those that are not on this machine yet, a few megabytes each.",
        )
        return
    # Stored for the visit: a source that is out of reach is not tried again at every click.
    if _OUTCOMES not in st.session_state:
        st.session_state[_OUTCOMES] = services.registry_tokenizers()
    outcomes = st.session_state[_OUTCOMES]
    rows = [
        {
            "model": repo_id,
            **_figures(outcome.strategy, outcome.costs),
            "models": list(outcome.models),
            "source": outcome.source,
        }
        for repo_id, outcome in outcomes.items()
        if not isinstance(outcome, BasewiseError)
    ]
    failures = [outcome for outcome in outcomes.values() if isinstance(outcome, BasewiseError)]
    st.caption(
        f"{len(rows)} tokenizers of the registry, a click on a heading sorts."
        + (f" {len(failures)} can't be had now." if failures else "")
    )
    if rows:
        _table(pd.DataFrame(rows), "registry-tokenizers")
    if failures:
        with st.expander(f"Why {len(failures)} are missing", icon=":material/cloud_off:"):
            st.button(
                "Try these again",
                icon=":material/refresh:",
                on_click=lambda: st.session_state.pop(_OUTCOMES, None),
            )
            for error in failures:
                show_error(error)


def _table(table: pd.DataFrame, name: str) -> None:
    shown = table.assign(model=table["model"].map(label), number_share=100 * table["number_share"])
    if "models" in table:
        names = [[label(repo_id) for repo_id in ids] for ids in table["models"]]
        shown["models"] = pd.Series(names, index=table.index, dtype=object)
    st.dataframe(
        shown,
        column_config={key: value for key, value in _COLUMNS.items() if key in table},
        hide_index=True,
        width="stretch",
        key=f"table-{name}",
    )
    csv_button("CSV of this table", name, lambda: table)
