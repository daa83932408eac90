"""A model on this machine, through transformers and torch."""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from components.control import Control
from components.engines.base import ModelId
from components.engines.local import checks, fp32_logits, tree_attention, tree_check
from components.engines.local.claims import ATTENTION_LIMITS
from components.engines.local.continuation import (
    CACHE_USES,
    CacheUse,
    Continuation,
    right_cache_use,
)
from components.engines.local.failures import in_words, is_models_failure
from components.engines.local.scorers import LocalScorer, OnePass, PlainScorer, TreeScorer
from components.engines.local.text_passes import (
    hidden_features,
    rolling_windows,
    window_log_likelihood,
)
from components.engines.local.transformers_compat import (
    embedding_rows,
    longest_text,
    vocabulary_size,
)
from components.engines.local.tree_check import TreeCheck
from components.engines.prices import price_distribution
from components.errors import BasewiseError, EngineError
from components.metrics import count
from components.numbers import NumberTrie, PriceDistribution, Scorer, TokenPath

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

_log = logging.getLogger(__name__)

# torch puts all cores to each pass, and two passes at once spend their time waiting for each
# other: one at a time on a device, whatever its model.
_device_locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
_POLL_SECONDS = 0.2


class LocalEngine:
    """A causal language model in memory.

    Its users take turns pass by pass, so nobody waits for another's whole answer.
    """

    concurrency = 1

    def __init__(
        self, model_id: ModelId, model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast
    ):
        self.id = model_id
        self.model = model
        self.tokenizer = tokenizer
        self._device = str(model.device)
        self._tree_checks: dict[tuple[bool, ...], TreeCheck] = {}
        self._cache_use: CacheUse | None = None
        tree_attention.install(model)
        fp32_logits.install(model)

    def price_distribution(
        self, prompt: str, tolerance: float = 0.01, control: Control | None = None
    ) -> PriceDistribution:
        """As `components.engines.price_distribution` has it."""
        return price_distribution(self, prompt, tolerance, control)

    def scorer(self, prompt: TokenPath, trie: NumberTrie, control: Control) -> LocalScorer:
        """As Engine has it: the prompt is run once, then the trie against its key/value cache.

        A model whose attention takes no tree of numbers is scored one sequence per number: the
        scorer's `method` says which, its `note` why.
        """
        self._refuse_unreadable(prompt, trie.depth)

        @contextmanager
        def one_pass() -> Iterator[None]:
            with self._one_pass("pricing", control):
                yield

        def make(kind: type[LocalScorer], trie: NumberTrie) -> LocalScorer:
            return kind(self.model, self.tokenizer, prompt, trie, one_pass)

        check = self._tree_check(len(prompt), trie, make, control)
        scorer = make(TreeScorer if check.works else PlainScorer, trie)
        scorer.note = check.reason
        return scorer

    def stream(
        self,
        prompt: str,
        max_new_tokens: int = 16,
        control: Control | None = None,
        *,
        scorer: Scorer | None = None,
    ) -> Generator[str]:
        """As Engine has it: up to the end of text or `max_new_tokens`."""
        control = control or Control()
        tokens: list[int] = self.tokenizer(prompt)["input_ids"]
        self._refuse_unreadable(tokens, max_new_tokens)

        @contextmanager
        def one_pass() -> Iterator[None]:
            with self._one_pass("generating", control):
                yield

        cache_use = self._right_cache_use(tokens, one_pass, control)
        state = None
        if isinstance(scorer, LocalScorer) and cache_use != "whole":
            state = scorer.prompt_state(tuple(tokens))
        next_token = state.next_token if state else None
        continuation = Continuation(
            self.model,
            cache_use,
            tokens,
            cache=state.cache if state else None,
            cached=len(tokens) if state else 0,
        )
        # Decoded together with the prompt's last token, so that a leading space survives.
        context = tokens[-1:]
        decoded = self._decode(context)
        for _ in range(max_new_tokens):
            if next_token is None:
                with one_pass():
                    next_token = int(continuation.logits().argmax())
            if next_token in self._end_tokens:
                break
            context.append(next_token)
            continuation.append(next_token)
            next_token = None
            text = self._decode(context)
            if not text.endswith("\ufffd"):  # half a character: wait for its other bytes
                yield text[len(decoded) :]
                decoded = text
        if rest := self._decode(context)[len(decoded) :]:
            yield rest

    def log_likelihood(self, text: str, control: Control) -> float:
        """As TextLikelihood has it; after the tokenizer's first token of texts, or its last."""
        tokenizer = self.tokenizer
        prefix = tokenizer.eos_token_id if (bos := tokenizer.bos_token_id) is None else bos
        if not isinstance(prefix, int):
            raise EngineError(
                f"{self.id.repo_id} has no token that begins a text.",
                way_out="Pick another model.",
            )
        tokens: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
        total = 0.0
        for window in rolling_windows(tokens, prefix, longest_text(self.model) or len(tokens)):
            with self._one_pass("reading a text", control):
                total += window_log_likelihood(self.model, window)
        return total

    def prompt_features(self, prompt: str, control: Control) -> NDArray[np.float16]:
        """As PromptFeatures has it: the prompt is run once, special tokens included."""
        tokens: list[int] = self.tokenizer(prompt)["input_ids"]
        self._refuse_unreadable(tokens, 0)
        with self._one_pass("reading a prompt", control):
            return hidden_features(self.model, tokens)

    def _right_cache_use(self, tokens: list[int], one_pass: OnePass, control: Control) -> CacheUse:
        """How this model goes on from its cache, found out on first use."""
        if self._cache_use is None:
            found = checks.recall(self.id, self._device, "continuation") or {}
            self._cache_use = found.get("cache_use")
        if self._cache_use not in CACHE_USES:
            control.report("First use of this model: checking how it continues a text")
            self._cache_use = right_cache_use(self.model, tokens, one_pass)
            if self._cache_use == "whole":
                _log.warning("%s is continued without a cache", self.id.repo_id)
                count("fallbacks", "continued without a cache")
            checks.keep(self.id, self._device, "continuation", found={"cache_use": self._cache_use})
        return self._cache_use

    def _tree_check(
        self, prompt: int, trie: NumberTrie, make: tree_check.MakeScorer, control: Control
    ) -> TreeCheck:
        """Whether this model takes a tree's mask and cache, found out on first use.

        And again on the first prompt that reaches past one of its limits, where other parts of
        its attention come into play.
        """
        config = self.model.config.get_text_config()
        limits = [getattr(config, name, None) for name in ATTENTION_LIMITS]
        past = tuple(limit is not None and prompt + trie.depth > limit for limit in limits)
        if past in self._tree_checks:
            return self._tree_checks[past]
        found = checks.recall(self.id, self._device, past)
        if found is not None and {"works", "reason"} <= found.keys():
            check = TreeCheck(bool(found["works"]), found["reason"])
        else:
            control.report("First use of this model: checking that it scores numbers in a tree")
            check = tree_check.check_trees(
                make, trie, vocabulary_size(self.model), self.model.dtype.itemsize
            )
            if not check.works:
                _log.warning("%s is scored plainly: %s", self.id.repo_id, check.reason)
                count("fallbacks", "scored plainly")
            checks.keep(self.id, self._device, past, found=asdict(check))
        self._tree_checks[past] = check
        return check

    def _refuse_unreadable(self, prompt: Sequence[int], answer: int) -> None:
        """EngineError for a prompt that is too long, with its answer, or has unknown tokens."""
        longest = longest_text(self.model)
        if longest is not None and len(prompt) + answer > longest:
            raise EngineError(
                f"The prompt has {len(prompt):,} tokens; {self.id.repo_id} reads {longest:,} at"
                " most, with its answer.",
                way_out="Shorten the description, or pick a model with a longer context.",
            )
        rows = embedding_rows(self.model)
        if rows is not None and (unknown := [token for token in prompt if token >= rows]):
            raise EngineError(
                f"{self.id.repo_id} has no embedding of {self._decode(unknown[:1])!r}, a token of"
                " this prompt.",
                way_out="Leave it out of the description, or pick another model.",
            )

    @contextmanager
    def _one_pass(self, doing: str, control: Control) -> Iterator[None]:
        """Around each forward pass: waits for the device, and asks whether to go on."""
        import torch

        control.check()
        lock = _device_locks[self._device]
        while not lock.acquire(timeout=_POLL_SECONDS):
            control.check()
        try:
            with torch.inference_mode():
                yield
        except BasewiseError:
            raise
        except Exception as error:
            if not is_models_failure(error):
                raise
            _log.warning("%s failed while %s", self.id.repo_id, doing, exc_info=True)
            raise EngineError(
                f"{self.id.repo_id} failed while {doing}.",
                way_out="Shorten the description, or pick a smaller model.",
                details=in_words(error),
            ) from error
        finally:
            lock.release()

    def _decode(self, tokens: list[int]) -> str:
        return str(self.tokenizer.decode(tokens, skip_special_tokens=False))

    @property
    def _end_tokens(self) -> set[int]:
        config = self.model.generation_config
        ends = config.eos_token_id if config is not None else None
        listed = ends if isinstance(ends, list) else [ends]
        return {end for end in (*listed, self.tokenizer.eos_token_id) if isinstance(end, int)}
