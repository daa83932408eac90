"""A local model's next-token probabilities after a prompt and a few more tokens, many at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from components.engines.local.pass_plan import PassPlan, plan_pass, split_into_chunks
from components.engines.local.text_passes import PromptStates
from components.engines.local.transformers_compat import (
    empty_full_cache,
    masks_by_layer_type,
    sliding_window,
    vocabulary_size,
)
from components.engines.local.tree_attention import TreeKeys, attend_to
from components.engines.local.tree_cache import TreeCache
from components.errors import EngineError
from components.numbers import NextTokens, NumberTrie, TokenPath, TopToken
from components.numbers.distribution import Method

if TYPE_CHECKING:
    import torch
    from transformers import Cache, PreTrainedModel, PreTrainedTokenizerFast

# What one pass may run, as a Stop waits for it: so many tokens, fewer of a large model (in
# multiplications), but not so few that a pass does little more than read the weights.
_PASS_TOKENS, _PASS_WORK, _LEAST_TOKENS = 512, 2**37, 64
# Logits of a pass, and of the part of it that is summed up in 32 bits at a time, in numbers.
_PASS_LOGITS, _SUMMED_LOGITS = 2**26, 2**21

OnePass = Callable[[], AbstractContextManager[None]]


@dataclass(frozen=True)
class PromptState:
    """What running a prompt leaves: its key/value cache and the likeliest next token."""

    cache: Cache
    next_token: int


class LocalScorer:
    """A Scorer of one prompt for a trie's columns; the two kinds differ in how they run paths.

    `one_pass` is entered around each forward pass of the model: it takes turns with others, and
    may raise where the caller wants no more.
    """

    method: Method
    note: str | None = None
    prefetched: Sequence[TokenPath] = ()

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerFast,
        prompt: TokenPath,
        trie: NumberTrie,
        one_pass: OnePass,
    ):
        import torch

        self.passes = self.tokens = 0
        vocabulary = vocabulary_size(model)
        affordable = _PASS_WORK // max(1, model.num_parameters())
        self._pass_tokens = min(_PASS_TOKENS, max(_LEAST_TOKENS, affordable))
        self.pass_size = max(1, min(self._pass_tokens, _PASS_LOGITS // vocabulary))
        self._model, self._tokenizer, self._prompt = model, tokenizer, prompt
        self._columns = torch.from_numpy(trie.columns).to(model.device)
        self._one_pass = one_pass
        self._after_prompt: torch.Tensor | None = None
        self._states: PromptStates | None = None

    def score(self, paths: Sequence[TokenPath], prefetch: Sequence[TokenPath] = ()) -> NextTokens:
        """As Scorer has it; a local model knows its whole vocabulary."""
        raise NotImplementedError

    def top_tokens(self, count: int) -> list[TopToken]:
        """As Scorer has it."""
        assert self._after_prompt is not None, "the empty path is scored first"
        best = self._after_prompt.topk(count)
        return [
            TopToken(token, str(self._tokenizer.decode([token])), probability)
            for token, probability in zip(best.indices.tolist(), best.values.tolist(), strict=True)
        ]

    def prompt_state(self, prompt: TokenPath) -> PromptState | None:
        """What running this prompt left, to go on from; None if another was run, or no cache."""
        return None

    def keep_features(self) -> None:
        """As FeatureScorer has it."""
        assert self._after_prompt is None, "the prompt is not run yet"
        self._states = PromptStates()

    def features(self) -> NDArray[np.float16] | None:
        """As FeatureScorer has it."""
        if self._after_prompt is None or self._states is None:
            return None
        return self._states.features()

    def _forward(
        self, tokens: Sequence[Sequence[int]], *, of_prompt: int = 0, **inputs: Any
    ) -> Any:
        """The model's output for a batch of token sequences: one pass.

        The first `of_prompt` tokens of the first sequence belong to the prompt.
        """
        import torch

        ids = torch.tensor(tokens, device=self._model.device)
        self.passes += 1
        self.tokens += ids.numel()
        if not of_prompt or self._states is None:
            return self._model(input_ids=ids, **inputs)
        output = self._model(input_ids=ids, output_hidden_states=True, **inputs)
        try:
            self._states.add(output.hidden_states, of_prompt)
        except EngineError:  # prices are told without
            self._states = None
        return output

    def _probabilities(self, logits: torch.Tensor) -> NDArray[np.float64]:
        """The columns' probabilities of each row of logits, shape (rows, columns).

        EngineError if they are not finite.
        """
        import torch

        parts = []
        for rows in logits.split(max(1, _SUMMED_LOGITS // logits.shape[-1])):
            exact = rows.float()
            columns = exact[:, self._columns] - exact.logsumexp(-1, keepdim=True)
            parts.append(columns.exp())
        probabilities = torch.cat(parts).cpu().double().numpy()
        if not np.isfinite(probabilities).all():
            raise EngineError(
                "The model's probabilities are no numbers.",
                way_out="Pick another model, or run it in another precision.",
            )
        return probabilities

    def _remember_after_prompt(self, logits: torch.Tensor) -> None:
        self._after_prompt = logits.float().softmax(-1)


class PlainScorer(LocalScorer):
    """Each path as a sequence of its own, without a cache: slow, and right for every model."""

    method = "plain"

    def score(self, paths: Sequence[TokenPath], prefetch: Sequence[TokenPath] = ()) -> NextTokens:
        probabilities = np.empty((len(paths), len(self._columns)))
        by_length: defaultdict[int, list[int]] = defaultdict(list)
        for position, path in enumerate(paths):
            by_length[len(path)].append(position)
        for length, positions in by_length.items():
            batch_size = max(1, self._pass_tokens // (len(self._prompt) + length))
            for start in range(0, len(positions), batch_size):
                batch = positions[start : start + batch_size]
                sequences = [(*self._prompt, *paths[position]) for position in batch]
                with self._one_pass():
                    output = self._forward(
                        sequences,
                        of_prompt=0 if length else len(self._prompt),
                        use_cache=False,
                        logits_to_keep=1,
                    )
                    logits = output.logits[:, -1]
                    probabilities[batch] = self._probabilities(logits)
                    if not length:
                        self._remember_after_prompt(logits[0])
        return NextTokens.with_all_told(probabilities)


class TreeScorer(LocalScorer):
    """Many paths in one pass, against the cached keys and values of the prompt.

    Each path's last token attends to the prompt, to the path's tokens before it, and to itself.
    All layers keep the whole prompt; a layer with a sliding window has it in its mask. The
    prompt's last pass also runs the trie's first levels where they are small: a pass of ten nodes
    takes about as long as one of a hundred. The cache goes with the scorer.
    """

    method = "tree"

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerFast,
        prompt: TokenPath,
        trie: NumberTrie,
        one_pass: OnePass,
    ):
        super().__init__(model, tokenizer, prompt, trie, one_pass)
        inner = {node.tokens for node in trie.nodes[1:] if len(node.children)}
        room = min(self._pass_tokens // 4, self.pass_size - 1)
        self.prefetched = first_levels(inner, room)
        self._cache = TreeCache(len(prompt), inner)
        self._scored: dict[TokenPath, NDArray[np.float64]] = {}

    def score(self, paths: Sequence[TokenPath], prefetch: Sequence[TokenPath] = ()) -> NextTokens:
        if not self._scored:
            self._run_prompt()
        if missing := [path for path in paths if path not in self._scored]:
            extra = [path for path in prefetch if path not in self._scored]
            missing += extra[: self.pass_size - len(missing)]
            with self._one_pass():
                plan = plan_pass(self._prompt, 0, missing, self._cache.rows)
                logits = self._run_plan(plan, self._cache.select(plan.ancestors))
                rows = self._probabilities(logits)
            self._scored.update(zip(missing, rows, strict=True))
        rows = np.stack([self._scored[path] for path in paths])
        return NextTokens.with_all_told(rows)

    def prompt_state(self, prompt: TokenPath) -> PromptState | None:
        if prompt != self._prompt or self._after_prompt is None:
            return None
        return PromptState(self._cache.select([]), int(self._after_prompt.argmax()))

    def _run_prompt(self) -> None:
        """Run the prompt, in several passes if it is long, and with the last the first levels."""
        cache = empty_full_cache()
        *firsts, last = split_into_chunks(self._prompt, self._pass_tokens)
        for chunk in firsts:
            with self._one_pass():
                self._forward(
                    [chunk], of_prompt=len(chunk), cache=cache, use_cache=True, logits_to_keep=1
                )
        with self._one_pass():
            plan = plan_pass(self._prompt, len(last), self.prefetched, {})
            logits = self._run_plan(plan, cache)
            self._remember_after_prompt(logits[0])
            rows = self._probabilities(logits)
        self._scored.update(zip([(), *self.prefetched], rows, strict=True))

    def _run_plan(self, plan: PassPlan, cache: Cache) -> torch.Tensor:
        """The logits after the prompt (if the plan has a chunk of it) and after each path.

        `cache` holds the keys and values that the plan says are cached.
        """
        # The prompt's tokens attend to more keys than a tree's.
        kept = len(plan.paths) + bool(plan.chunk)
        with nullcontext() if plan.chunk else attend_to(self._tree_keys(plan)):
            output = self._forward(
                [plan.tokens],
                of_prompt=len(plan.chunk),
                attention_mask=self._masks(plan),
                position_ids=self._on_device(plan.query_positions)[None],
                cache=cache,
                use_cache=True,
                logits_to_keep=kept,
            )
        self._cache.store(cache, plan.first_path, plan.paths)
        return output.logits[0, -kept:]  # some models keep all

    def _tree_keys(self, plan: PassPlan) -> TreeKeys:
        return TreeKeys(
            prompt=len(self._prompt),
            indices=self._on_device(plan.path_keys),
            padding=self._on_device(plan.path_keys_padding),
        )

    def _masks(self, plan: PassPlan) -> Any:
        """What is added to the attention scores: one mask, or one for each type of layer."""
        window = sliding_window(self._model)
        sliding = None
        if window is not None:
            sliding = self._additive_mask(plan.visible & (plan.distances < window))
        return masks_by_layer_type(self._model, self._additive_mask(plan.visible), sliding)

    def _additive_mask(self, visible: NDArray[np.bool_]) -> torch.Tensor:
        """0 where a key is visible, else the lowest number there is; (1, 1, queries, keys)."""
        import torch

        dtype = self._model.dtype
        mask = torch.zeros(visible.shape, dtype=dtype)
        mask.masked_fill_(torch.from_numpy(~visible), torch.finfo(dtype).min)
        return mask[None, None].to(self._model.device)

    def _on_device(self, array: NDArray[Any]) -> torch.Tensor:
        import torch

        return torch.from_numpy(array).to(self._model.device)


def first_levels(paths: set[TokenPath], room: int) -> list[TokenPath]:
    """The paths of one token, of two, and so on: as many whole levels as there is room for."""
    levels: defaultdict[int, list[TokenPath]] = defaultdict(list)
    for path in sorted(paths):
        levels[len(path)].append(path)
    chosen: list[TokenPath] = []
    for depth in sorted(levels):
        if len(chosen) + len(levels[depth]) > room:
            break
        chosen += levels[depth]
    return chosen
