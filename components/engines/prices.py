"""The price distribution of any engine."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from components.control import Control
from components.engines.base import Engine
from components.errors import EngineError
from components.numbers import NumberTrie, NumberTrieCache, PriceDistribution, Scorer, walk

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

_tries: WeakKeyDictionary[PreTrainedTokenizerFast, NumberTrieCache] = WeakKeyDictionary()
_tries_lock = threading.Lock()


@dataclass(frozen=True)
class PromptScorer:
    """A prompt that an engine is ready to price: the trie of the numbers after it, its scorer."""

    trie: NumberTrie
    scorer: Scorer

    def walk(self, tolerance: float, control: Control) -> PriceDistribution:
        """The price distribution; progress is the share of the probability that is explored."""
        return walk(
            self.trie,
            self.scorer,
            tolerance,
            lambda unexplored: control.report("Scoring prices", 1 - unexplored, 1, "share"),
        )


def prompt_scorer(engine: Engine, prompt: str, control: Control) -> PromptScorer:
    """Make an engine ready to price a prompt.

    EngineError if the prompt is empty or too long, TokenizerError if the engine's tokenizer can't
    tell numbers apart.
    """
    if not prompt.strip():
        raise EngineError("The prompt is empty.", way_out="Describe a product.")
    tokens, trie = _tries_of(engine.tokenizer).after(prompt)
    if not tokens:
        raise EngineError(
            f"{engine.id.repo_id} reads no token of this prompt.", way_out="Describe the product."
        )
    return PromptScorer(trie, engine.scorer(tokens, trie, control))


def price_distribution(
    engine: Engine, prompt: str, tolerance: float = 0.01, control: Control | None = None
) -> PriceDistribution:
    """The probability of each price 0..999 to come next, exact but for `tolerance`.

    At most `tolerance` of the probability, in [0, 1), is left unexplored by choice; 0 explores
    all. What the engine does not tell comes on top. Raises what `prompt_scorer` raises,
    EngineError if the model fails, StoppedError if `control` stops it.
    """
    control = control or Control()
    return prompt_scorer(engine, prompt, control).walk(tolerance, control)


def _tries_of(tokenizer: PreTrainedTokenizerFast) -> NumberTrieCache:
    with _tries_lock:
        if tokenizer not in _tries:
            _tries[tokenizer] = NumberTrieCache(tokenizer)
        return _tries[tokenizer]
