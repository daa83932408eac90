"""What all visitors share, loaded once: the only place with Streamlit's caches."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from components.assets import Asset, Progress, fetch_tokenizer
from components.engines import EnginePool, LocalEngine, PooledEngine, fetch_engine, load_engine
from components.errors import BasewiseError, TokenizerError
from components.leaderboard import LIVE, VINTAGES, LiveBoard, load_board, load_live_board
from components.numbers import (
    NumberAtlas,
    NumberingStrategy,
    PriceDistribution,
    number_atlas,
    numbering_strategy,
    sequence_costs,
)
from components.pricing import load_catalogue, price_prompt
from components.registry import load_registry
from components.tokenization import give_memory_back, open_tokenizer, read_tokenizer
from components.ui.inference.predictions import Prediction
from components.ui.kit.feedback import shown_progress
from components.ui.kit.parallel import run_parallel
from components.ui.kit.text import plain

if TYPE_CHECKING:
    from components.tokenization.backend import AnyTokenizer

MAX_ENGINES = int(os.environ.get("BASEWISE_ENGINES", "2"))
_MAX_TOKENIZERS = 10
_MAX_ANSWERS = 500
_MAX_UPLOADS = 4
_MAX_ATLASES = 16  # the longest take 10 MB
_RETRY_SECONDS = 20


@dataclass(frozen=True)
class LoadedTokenizer:
    """A tokenizer, where it came from, and how it writes numbers.

    `key` is the same for the same files; `asset` is None for one that the visitor brought.
    `costs` are its sequence_costs over the catalogue, a row per product in its order.
    """

    key: str
    tokenizer: AnyTokenizer
    asset: Asset | None
    strategy: NumberingStrategy
    costs: pd.DataFrame

    @property
    def tokens_per_price(self) -> float:
        """Tokens per catalogue price in whole dollars, on average."""
        return float(self.costs["price_tokens"].mean())


@dataclass(frozen=True)
class Board:
    """A board, what it is, and why it is not the live one if that was asked for."""

    runs: pd.DataFrame
    vintage: str
    live: LiveBoard | None = None
    instead_of_live: BasewiseError | None = None


def tokenizer(repo_id: str) -> LoadedTokenizer:
    """The model's tokenizer, fetched with progress shown here if need be. BasewiseError."""
    loaded = tokenizers([repo_id])[repo_id]
    if isinstance(loaded, BasewiseError):
        raise loaded
    return loaded


def tokenizers(repo_ids: Sequence[str]) -> dict[str, LoadedTokenizer | BasewiseError]:
    """The models' tokenizers by Hub id, or why they can't be had; fetched side by side."""
    failures = _recent_failures()
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
        failures[repo_id] = loaded[repo_id] = outcome
    slot.empty()
    return loaded


def _fetching(repo_id: str) -> Callable[[Progress], Asset]:
    registry = load_registry()
    return lambda progress: fetch_tokenizer(registry.resolve(repo_id), registry, progress)


@st.cache_resource(ttl=_RETRY_SECONDS, show_spinner=False)
def _recent_failures() -> dict[str, BasewiseError]:
    # Pages load tokenizers on every rerun: without this, each click would try and fail again.
    return {}


@st.cache_resource(
    max_entries=_MAX_TOKENIZERS, show_spinner=False, hash_funcs={Asset: lambda a: str(a.folder)}
)
def _open(asset: Asset) -> LoadedTokenizer:
    return _examined(str(asset.folder), open_tokenizer(asset), asset)


def uploaded_tokenizer(content: bytes) -> LoadedTokenizer:
    """The tokenizer in an uploaded tokenizer.json. BasewiseError."""
    return _read(hashlib.sha256(content).hexdigest(), content)


@st.cache_resource(max_entries=_MAX_UPLOADS, show_spinner="Reading the uploaded tokenizer …")
def _read(key: str, _content: bytes) -> LoadedTokenizer:
    opened = read_tokenizer(_content)
    try:
        return _examined(key, opened, None)
    except Exception as error:
        raise TokenizerError(
            f"The uploaded tokenizer can't write numbers: {error}",
            way_out="Upload the file tokenizer.json of a language model on the Hub.",
        ) from error


def _examined(key: str, opened: AnyTokenizer, asset: Asset | None) -> LoadedTokenizer:
    return LoadedTokenizer(key, opened, asset, numbering_strategy(opened), _catalogue_costs(opened))


def _catalogue_costs(opened: AnyTokenizer) -> pd.DataFrame:
    products = load_catalogue().values()
    return sequence_costs(
        opened,
        [product.description for product in products],
        [price_prompt(product.description) for product in products],
        [product.whole_dollars for product in products],
    )


@st.cache_resource(
    max_entries=_MAX_ATLASES, show_spinner=False, hash_funcs={LoadedTokenizer: lambda t: t.key}
)
def atlas(loaded: LoadedTokenizer, template: str, first: int, last: int) -> NumberAtlas:
    """The atlas of `first` to `last` in the template's context. ContextError."""
    return number_atlas(loaded.tokenizer, range(first, last + 1), template)


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
    examined = _examined_registry()
    registry = load_registry()
    one_at_a_time = Lock()
    groups: dict[tuple[str, ...], list[str]] = {}
    for spec in registry:
        groups.setdefault(spec.tokenizer or (spec.id,), []).append(spec.id)

    def examining(ids: list[str]) -> Callable[[Progress], RegistryTokenizer]:
        def examine(progress: Progress) -> RegistryTokenizer:
            asset = _fetching(ids[0])(progress)
            with one_at_a_time:  # fetched side by side, but the largest take 0.3 GB of memory
                progress(f"Running {registry.get(ids[0]).label}", 0, None)
                opened = open_tokenizer(asset)
                strategy, costs = numbering_strategy(opened), _catalogue_costs(opened)
                del opened
                give_memory_back()
            return RegistryTokenizer(tuple(ids), asset.describe(), strategy, costs)

        return examine

    missing = {ids[0]: examining(ids) for ids in groups.values() if ids[0] not in examined}
    outcomes = run_parallel(missing, doing="Running the registry's tokenizers")
    examined |= {id: found for id, found in outcomes.items() if not isinstance(found, Exception)}
    return {ids[0]: examined.get(ids[0]) or outcomes[ids[0]] for ids in groups.values()}


@st.cache_resource(show_spinner=False)
def _examined_registry() -> dict[str, RegistryTokenizer]:
    return {}


def engine(repo_id: str, *, four_bit: bool) -> PooledEngine:
    """The model in memory, fetched with progress shown here if need be. BasewiseError."""
    spec = load_registry().resolve(repo_id)
    with shown_progress() as progress:

        def load() -> LocalEngine:
            fetch_engine(spec.id, progress, four_bit=four_bit)
            progress(f"Loading {spec.label} into memory", 0, None)
            return load_engine(spec.id, four_bit=four_bit)

        return _engines().get((spec.id, four_bit), load)


@st.cache_resource(show_spinner=False)
def _engines() -> EnginePool:
    return EnginePool(MAX_ENGINES)


def answer(prediction: Prediction) -> tuple[PriceDistribution, str] | None:
    """What these weights answered to this prompt before, for whichever visitor."""
    return _answers().get(_asked(prediction))


def remember(prediction: Prediction) -> None:
    """Keep a finished prediction's distribution and continuation for all visitors."""
    if prediction.distribution is not None:
        answers = _answers()
        answers[_asked(prediction)] = prediction.distribution, prediction.text
        while len(answers) > _MAX_ANSWERS:
            answers.pop(next(iter(answers)), None)


def _asked(prediction: Prediction) -> tuple[str, str, float]:
    return prediction.provenance, prediction.prompt, prediction.way.tolerance


@st.cache_resource(show_spinner=False)
def _answers() -> dict[tuple[str, str, float], tuple[PriceDistribution, str]]:
    return {}


def board(vintage: str) -> Board:
    """The board of a vintage; for LIVE the newest snapshot with the reason if the Hub is away."""
    if vintage != LIVE:
        return Board(_snapshot(vintage), vintage)
    try:
        live = _live()
        return Board(live.board, LIVE, live=live)
    except BasewiseError as error:
        return Board(_snapshot(VINTAGES[-1]), VINTAGES[-1], instead_of_live=error)


def _live() -> LiveBoard:
    failures = _recent_failures()
    if LIVE in failures:
        raise failures[LIVE]
    held = {**_recent_copies(), **_fetched_boards()}
    if LIVE not in held:
        try:
            with shown_progress() as progress:
                held[LIVE] = load_live_board(progress)
        except BasewiseError as error:
            failures[LIVE] = error
            raise
        # A copy fetched earlier stands in for a while only: the Hub may come back.
        kept = _fetched_boards() if held[LIVE].hub_away is None else _recent_copies()
        kept[LIVE] = held[LIVE]
    return held[LIVE]


@st.cache_resource(ttl="1h", show_spinner=False)
def _fetched_boards() -> dict[str, LiveBoard]:
    return {}


@st.cache_resource(ttl=_RETRY_SECONDS, show_spinner=False)
def _recent_copies() -> dict[str, LiveBoard]:
    return {}


@st.cache_resource(show_spinner=False)
def _snapshot(vintage: str) -> pd.DataFrame:
    return load_board(vintage)
