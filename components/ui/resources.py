"""What all visitors share, loaded once: the only place with Streamlit's caches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from components.assets import Asset, fetch_tokenizer
from components.engines import EnginePool, LocalEngine, PooledEngine, fetch_engine, load_engine
from components.errors import BasewiseError
from components.leaderboard import LIVE, VINTAGES, LiveBoard, load_board, load_live_board
from components.pricing import PriceDistribution, load_catalogue
from components.registry import load_registry
from components.tokenization import (
    NumberingStrategy,
    number_atlas,
    numbering_strategy,
    open_tokenizer,
)
from components.ui.feedback import shown_progress
from components.ui.predictions import Prediction

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

MAX_ENGINES = 2
_MAX_TOKENIZERS = 10
_MAX_ANSWERS = 500
_RETRY_SECONDS = 20


@dataclass(frozen=True)
class LoadedTokenizer:
    """A model's tokenizer, where it came from, and how it writes numbers."""

    tokenizer: PreTrainedTokenizerFast
    asset: Asset
    atlas: pd.DataFrame
    strategy: NumberingStrategy
    tokens_per_price: float


@dataclass(frozen=True)
class Board:
    """A board, what it is, and why it is not the live one if that was asked for."""

    runs: pd.DataFrame
    vintage: str
    live: LiveBoard | None = None
    instead_of_live: BasewiseError | None = None


def tokenizer(repo_id: str) -> LoadedTokenizer:
    """The model's tokenizer, fetched with progress shown here if need be. BasewiseError."""
    registry = load_registry()
    failures = _recent_failures()
    if repo_id in failures:
        raise failures[repo_id]
    try:
        with shown_progress() as progress:
            asset = fetch_tokenizer(registry.resolve(repo_id), registry, progress)
    except BasewiseError as error:
        failures[repo_id] = error
        raise
    return _open(asset)


@st.cache_resource(ttl=_RETRY_SECONDS, show_spinner=False)
def _recent_failures() -> dict[str, BasewiseError]:
    # Pages load tokenizers on every rerun: without this, each click would try and fail again.
    return {}


@st.cache_resource(
    max_entries=_MAX_TOKENIZERS, show_spinner=False, hash_funcs={Asset: lambda a: str(a.folder)}
)
def _open(asset: Asset) -> LoadedTokenizer:
    opened = open_tokenizer(asset)
    prices = [round(product.price_usd) for product in load_catalogue().values()]
    return LoadedTokenizer(
        tokenizer=opened,
        asset=asset,
        atlas=number_atlas(opened),
        strategy=numbering_strategy(opened),
        tokens_per_price=float(number_atlas(opened, prices)["count"].mean()),
    )


def engine(repo_id: str) -> PooledEngine:
    """The model in memory, fetched with progress shown here if need be. BasewiseError."""
    spec = load_registry().resolve(repo_id)
    with shown_progress() as progress:

        def load() -> LocalEngine:
            fetch_engine(spec.id, progress)
            progress(f"Loading {spec.label} into memory", 0, None)
            return load_engine(spec.id)

        return _engines().get(spec.id, load)


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
    return prediction.provenance, prediction.prompt, prediction.tolerance


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
