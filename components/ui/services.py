"""Tokenizers, engines and recorded answers that all visitors share, loaded once."""

from __future__ import annotations

import hashlib
import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock

import pandas as pd
import streamlit as st

from components.assets import Asset, fetch_tokenizer
from components.control import Control
from components.engines import Precision, Readiness, standing_of
from components.errors import BasewiseError, RunStoreError
from components.evaluation import InferenceSettings, Item, Predictor, Record, RunStore
from components.evaluation.bundled import import_bundled
from components.evaluation.host import host_store_path
from components.numbers import (
    NumberAtlas,
    NumberingStrategy,
    OpenTokenizer,
    Sequences,
    StrangersTokenizer,
    TokenizerLook,
    first_token_information,
)
from components.pricing import (
    NumberFormat,
    PriceExamination,
    examine_elsewhere,
    load_catalogue,
    price_prompt,
)
from components.registry import load_registry
from components.tokenization import TokenStrip, give_memory_back, open_tokenizer
from components.ui.kit import visits
from components.ui.kit.feedback import usable_settings
from components.ui.kit.parallel import run_parallel
from components.ui.kit.shared import SharedTable
from components.ui.kit.text import plain

_SETTINGS = usable_settings()
_log = logging.getLogger(__name__)
_STRIPS = 16  # of strangers' tokenizers, which take a process each; the longest take 10 MB


@dataclass(frozen=True)
class LoadedTokenizer:
    """A tokenizer, where it came from, and how it writes numbers.

    `key` is the same for the same files; `look` answers what else is asked of it; `asset` is None
    for an uploaded one. `costs` are its sequence_costs over the catalogue, a row per product in
    its order.
    """

    key: str
    look: TokenizerLook
    asset: Asset | None
    strategy: NumberingStrategy
    costs: pd.DataFrame

    @property
    def tokens_per_price(self) -> float:
        """Tokens per catalogue price in whole dollars, on average; NaN if one can't be written."""
        return float(self.costs["price_tokens"].mean(skipna=False))


def tokenizer(repo_id: str) -> LoadedTokenizer:
    """The model's tokenizer, fetched with progress shown here if need be. BasewiseError."""
    loaded = tokenizers([repo_id])[repo_id]
    if isinstance(loaded, BasewiseError):
        raise loaded
    return loaded


def tokenizers(repo_ids: Sequence[str]) -> dict[str, LoadedTokenizer | BasewiseError]:
    """The models' tokenizers by Hub id, or why they can't be had; fetched side by side."""
    failures = _recent_failures().copy()
    wanted = {id: _fetching(id) for id in repo_ids if id not in failures}
    outcomes = run_parallel(wanted, doing="Fetching tokenizers")
    loaded: dict[str, LoadedTokenizer | BasewiseError] = {}
    slot = st.empty()
    for repo_id in repo_ids:
        outcome = failures.get(repo_id) or outcomes[repo_id]
        if isinstance(outcome, Asset):
            label = load_registry().resolve(repo_id).label
            slot.markdown(f":material/hourglass_top: Reading the tokenizer of {plain(label)} …")
            try:
                loaded[repo_id] = _open(outcome)
                continue
            except BasewiseError as error:
                outcome = error
        loaded[repo_id] = outcome
        _recent_failures().put(repo_id, outcome)
    slot.empty()
    return loaded


def _fetching(repo_id: str) -> Callable[[Control], Asset]:
    registry = load_registry()
    return lambda control: fetch_tokenizer(registry.resolve(repo_id), registry, control)


@st.cache_resource(ttl=_SETTINGS.retry_seconds, show_spinner=False)
def _recent_failures() -> SharedTable[str, BasewiseError]:
    # Pages load tokenizers on every rerun: without this, each click would try and fail again.
    return SharedTable()


@st.cache_resource(
    max_entries=_SETTINGS.tokenizers,
    show_spinner=False,
    hash_funcs={Asset: lambda a: str(a.folder)},
)
def _open(asset: Asset) -> LoadedTokenizer:
    return _examined(str(asset.folder), _look(asset), asset)


def uploaded_tokenizer(content: bytes) -> LoadedTokenizer:
    """The tokenizer in an uploaded tokenizer.json. BasewiseError."""
    key = hashlib.sha256(content).hexdigest()
    visits.drop_afterwards(key, lambda: _read.clear(key, b""))
    return _read(key, content)


@st.cache_resource(max_entries=_SETTINGS.uploads, show_spinner="Reading the uploaded tokenizer …")
def _read(key: str, _content: bytes) -> LoadedTokenizer:
    return _examined(key, StrangersTokenizer(_content), None)


def _look(asset: Asset) -> TokenizerLook:
    """Open here if the registry names exactly these files, else never."""
    if asset.is_pinned:
        return OpenTokenizer(open_tokenizer(asset))
    return StrangersTokenizer(asset.folder)


def _examined(key: str, look: TokenizerLook, asset: Asset | None) -> LoadedTokenizer:
    found = look.overview(_catalogue_sequences())
    return LoadedTokenizer(key, look, asset, found.strategy, found.costs)


def _catalogue_sequences() -> Sequences:
    products = load_catalogue().values()
    return Sequences(
        tuple(product.description for product in products),
        tuple(price_prompt(product.description) for product in products),
        tuple(product.whole_dollars for product in products),
    )


@st.cache_resource(
    max_entries=_SETTINGS.atlases, show_spinner=False, hash_funcs={LoadedTokenizer: lambda t: t.key}
)
def atlas(loaded: LoadedTokenizer, template: str, first: int, last: int) -> NumberAtlas:
    """The atlas of `first` to `last` in the template's context. ContextError, TokenizerError."""
    return loaded.look.atlas(range(first, last + 1), template)


@st.cache_resource(
    max_entries=_SETTINGS.atlases, show_spinner=False, hash_funcs={LoadedTokenizer: lambda t: t.key}
)
def atlas_of_prices(loaded: LoadedTokenizer, dollars: tuple[int, ...]) -> NumberAtlas:
    """The atlas of prices in whole dollars, in place. TokenizerError."""
    return loaded.look.atlas(dollars)


def cut(loaded: LoadedTokenizer, text: str) -> TokenStrip:
    """A text as the tokenizer cuts it. TokenizerError."""
    if isinstance(loaded.look, OpenTokenizer):
        return loaded.look.cut(text)
    return _strangers_cut(loaded, text)


@st.cache_resource(
    max_entries=_STRIPS,
    show_spinner="Trying the tokenizer on this text …",
    hash_funcs={LoadedTokenizer: lambda t: t.key},
)
def _strangers_cut(loaded: LoadedTokenizer, text: str) -> TokenStrip:
    return loaded.look.cut(text)


@st.cache_resource(
    max_entries=64, show_spinner=False, hash_funcs={LoadedTokenizer: lambda t: t.key}
)
def tokens_per_text(loaded: LoadedTokenizer, key: str, _texts: Sequence[str]) -> float:
    """Tokens of a text, without BOS or EOS, on average over texts that `key` names.

    TokenizerError if it can't encode them.
    """
    lengths = loaded.look.lengths(_texts)
    return sum(lengths) / len(lengths)


@st.cache_resource(show_spinner=False, hash_funcs={LoadedTokenizer: lambda t: t.key})
def settled_share(loaded: LoadedTokenizer) -> float:
    """What the first token settles of the catalogue prices' entropy, 0 to 1; NaN if unwritable."""
    dollars = [product.whole_dollars for product in load_catalogue().values()]
    counts = {price: dollars.count(price) for price in sorted(set(dollars))}
    found = atlas_of_prices(loaded, tuple(counts))
    if found.unwritable:
        return math.nan
    return first_token_information(found, list(counts.values())).share


def examined_prices(
    content: bytes, column: str | None = None, number_format: NumberFormat | None = None
) -> PriceExamination:
    """What is known of a file of prices; the same content is read once, whoever brings it."""
    return _examined_prices(hashlib.sha256(content).hexdigest(), column, number_format, content)


@st.cache_resource(max_entries=16, show_spinner="Reading the prices …")
def _examined_prices(
    key: str, column: str | None, number_format: NumberFormat | None, _content: bytes
) -> PriceExamination:
    return examine_elsewhere(_content, column=column, number_format=number_format)


@dataclass(frozen=True)
class RegistryTokenizer:
    """One tokenizer of the registry and the models that share it, examined and let go again."""

    models: tuple[str, ...]
    source: str
    strategy: NumberingStrategy
    costs: pd.DataFrame


def registry_tokenizers() -> dict[str, RegistryTokenizer | BasewiseError]:
    """Every tokenizer of the registry, by a model's id, or why it can't be had.

    Models whose tokenizers come from one package share one. Takes seconds, with progress shown
    here; what was examined once is kept.
    """
    examined = _examined_registry().copy()
    registry = load_registry()
    one_at_a_time = Lock()
    groups: dict[tuple[str, ...], list[str]] = {}
    for spec in registry:
        groups.setdefault(spec.tokenizer or (spec.id,), []).append(spec.id)

    def examining(ids: list[str]) -> Callable[[Control], RegistryTokenizer]:
        def examine(control: Control) -> RegistryTokenizer:
            asset = _fetching(ids[0])(control)
            with one_at_a_time:  # fetched side by side, but the largest take 0.3 GB of memory
                control.report(f"Running {registry.get(ids[0]).label}")
                found = _look(asset).overview(_catalogue_sequences())
                give_memory_back()
            return RegistryTokenizer(tuple(ids), asset.describe(), found.strategy, found.costs)

        return examine

    missing = {ids[0]: examining(ids) for ids in groups.values() if ids[0] not in examined}
    outcomes = run_parallel(missing, doing="Running the registry's tokenizers")
    for repo_id, outcome in outcomes.items():
        if not isinstance(outcome, BasewiseError):
            _examined_registry().put(repo_id, outcome)
    return {ids[0]: examined.get(ids[0]) or outcomes[ids[0]] for ids in groups.values()}


@st.cache_resource(show_spinner=False)
def _examined_registry() -> SharedTable[str, RegistryTokenizer]:
    return SharedTable()


def standing(repo_ids: Sequence[str], precision: Precision) -> dict[str, Readiness]:
    """How each model stands here: ready, to download, too large; the Hub is asked side by side."""
    known = _standings().copy()
    missing = {id: _asking(id, precision) for id in repo_ids if (id, precision) not in known}
    for repo_id, found in run_parallel(missing, doing="Asking where the models are").items():
        state = Readiness("missing") if isinstance(found, BasewiseError) else found
        known[repo_id, precision] = state
        _standings().put((repo_id, precision), state)
    return {repo_id: known[repo_id, precision] for repo_id in repo_ids}


def _asking(repo_id: str, precision: Precision) -> Callable[[Control], Readiness]:
    return lambda _: standing_of(repo_id, precision)


@st.cache_resource(ttl=_SETTINGS.retry_seconds, show_spinner=False)
def _standings() -> SharedTable[tuple[str, Precision], Readiness]:
    # What was downloaded since, or came back, is seen after a while.
    return SharedTable()


@st.cache_resource(show_spinner=False)
def predictor() -> Predictor:
    """The engines in memory and the predictions made so far, for all visitors.

    Where the file of runs can't be used, predictions are remembered in memory alone.
    """
    try:
        store = run_store()
    except RunStoreError:
        _log.warning("Predictions are not stored", exc_info=True)
        store = None
    return Predictor(_SETTINGS.engines, _SETTINGS.answers, store, _SETTINGS.stored_answers)


@st.cache_resource(show_spinner=False)
def run_store() -> RunStore:
    """The file of runs of this host, with the run that comes with Basewise. RunStoreError."""
    store = RunStore(host_store_path())
    import_bundled(store)
    return store


def recorded(repo_id: str, item: Item, settings: InferenceSettings) -> Record | None:
    """The newest answer to this that the file of runs holds; None if it can't be read, too."""
    try:
        return run_store().newest(repo_id, item, settings)
    except RunStoreError:
        _log.warning("Recorded answers can't be read", exc_info=True)
        return None
