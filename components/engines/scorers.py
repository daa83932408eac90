"""A local model's next-token probabilities after a prompt and a few more tokens, many at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from components.pricing.distribution import Method
from components.pricing.trie import NumberTrie, Path

if TYPE_CHECKING:
    import torch
    from transformers import Cache, PreTrainedModel, PreTrainedTokenizerFast

# What one pass may run: it is what a Stop waits for. Passes of more tokens gain little.
_PASS_TOKENS = 512
_PASS_NODES = 256
# Logits of a pass, and of the part of it whose float copy is summed up at a time, in numbers.
_PASS_LOGITS = 2**26
_SUMMED_LOGITS = 2**21

# What a model's first use checks, and the total variation distance that rounding may cause.
_PROBED = (8, 42, 199, 930)
_COMPARED = 3
_BOUND_FULL, _BOUND_HALF = 1e-3, 0.05

OnePass = Callable[[], AbstractContextManager[None]]


class LocalScorer:
    """What both ways of scoring share: one prompt, the columns to keep, what was run.

    `one_pass` is entered around each pass of the model: it takes turns with others, and may
    raise where the caller wants no more.
    """

    method: Method

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerFast,
        prompt: Path,
        trie: NumberTrie,
        one_pass: OnePass,
    ):
        import torch

        self.passes = self.tokens = 0
        vocabulary = int(model.config.get_text_config().vocab_size)
        self.pass_size = max(1, min(_PASS_NODES, _PASS_LOGITS // vocabulary))
        self._model, self._tokenizer, self._prompt = model, tokenizer, prompt
        self._columns = torch.from_numpy(trie.columns).to(model.device)
        self._one_pass = one_pass
        self._after_prompt: torch.Tensor | None = None

    def likeliest(self, count: int) -> list[tuple[int, str, float]]:
        assert self._after_prompt is not None, "the empty path is scored first"
        best = self._after_prompt.topk(count)
        return [
            (token, str(self._tokenizer.decode([token])), probability)
            for token, probability in zip(best.indices.tolist(), best.values.tolist(), strict=True)
        ]

    def _run(self, tokens: Sequence[Sequence[int]], **inputs: Any) -> Any:
        """One pass of the model over a batch of token sequences."""
        import torch

        ids = torch.tensor(tokens, device=self._model.device)
        self.passes += 1
        self.tokens += ids.numel()
        return self._model(input_ids=ids, **inputs)

    def _probabilities(self, logits: torch.Tensor) -> NDArray[np.float64]:
        """The columns' probabilities of each row of logits."""
        import torch

        found = []
        for rows in logits.split(max(1, _SUMMED_LOGITS // logits.shape[-1])):
            exact = rows.float()
            kept = exact[:, self._columns] - exact.logsumexp(-1, keepdim=True)
            found.append(kept.exp())
        probabilities = torch.cat(found).cpu().double().numpy()
        if not np.isfinite(probabilities).all():
            raise ArithmeticError("its probabilities are no numbers")
        return probabilities

    def _keep_first(self, logits: torch.Tensor) -> None:
        self._after_prompt = logits.float().softmax(-1)


class PlainScorer(LocalScorer):
    """Each path as a sequence of its own, without a cache: slow, and right for every model."""

    method = "plain"

    def score(self, paths: Sequence[Path]) -> NDArray[np.float64]:
        scored = np.empty((len(paths), len(self._columns)))
        by_length: defaultdict[int, list[int]] = defaultdict(list)
        for position, path in enumerate(paths):
            by_length[len(path)].append(position)
        for length, positions in by_length.items():
            together = max(1, _PASS_TOKENS // (len(self._prompt) + length))
            for start in range(0, len(positions), together):
                part = positions[start : start + together]
                sequences = [(*self._prompt, *paths[position]) for position in part]
                with self._one_pass():
                    logits = self._run(sequences, use_cache=False, logits_to_keep=1).logits[:, -1]
                    scored[part] = self._probabilities(logits)
                    if not length:
                        self._keep_first(logits[0])
        return scored


class TreeScorer(LocalScorer):
    """Many paths in one pass, against the cached keys and values of the prompt.

    Each path's last token attends to the prompt, to the path's tokens before it, which earlier
    passes ran, and to itself. All layers keep the whole prompt; a layer with a sliding window
    has it in its mask. Nothing is kept once the scorer is gone.
    """

    method = "tree"

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerFast,
        prompt: Path,
        trie: NumberTrie,
        one_pass: OnePass,
    ):
        super().__init__(model, tokenizer, prompt, trie, one_pass)
        self._inner = {node.tokens for node in trie.nodes if len(node.children)}
        # Per layer, keys and values (1, heads, rows, size): the prompt's, then the inner nodes'.
        self._layers: list[tuple[torch.Tensor, torch.Tensor]] = []
        self._rows: dict[Path, int] = {}

    def score(self, paths: Sequence[Path]) -> NDArray[np.float64]:
        if list(paths) == [()]:
            return self._run_prompt()
        import torch

        prompt = len(self._prompt)
        behind = [[self._rows[path[:end]] for end in range(1, len(path))] for path in paths]
        ancestors = sorted({row for rows in behind for row in rows})
        place = {row: prompt + position for position, row in enumerate(ancestors)}
        cached = prompt + len(ancestors)
        seen = torch.zeros(len(paths), cached + len(paths), dtype=torch.bool)
        seen[:, :prompt] = True
        key_positions = torch.arange(cached + len(paths))
        for query, (path, rows) in enumerate(zip(paths, behind, strict=True)):
            for depth, row in enumerate(rows):
                seen[query, place[row]] = True
                key_positions[place[row]] = prompt + depth
            seen[query, cached + query] = True
            key_positions[cached + query] = prompt + len(path) - 1
        positions = key_positions[cached:]

        visible = torch.tensor([*range(prompt), *ancestors], device=self._model.device)
        masks = self._masks(seen, positions[:, None] - key_positions)
        with self._one_pass():
            cache = self._cache_of(visible)
            output = self._run(
                [[path[-1] for path in paths]],
                attention_mask=masks,
                position_ids=positions[None].to(self._model.device),
                past_key_values=cache,
                use_cache=True,
            )
            self._keep(cache, cached, paths)
            return self._probabilities(output.logits[0])

    def _run_prompt(self) -> NDArray[np.float64]:
        from transformers import DynamicCache

        # Not built for the model's layers, where those with a sliding window would forget.
        cache, length = DynamicCache(), len(self._prompt)
        for start in range(0, length, _PASS_TOKENS):
            part = self._prompt[start : start + _PASS_TOKENS]
            with self._one_pass():
                logits = self._run(
                    [part], past_key_values=cache, use_cache=True, logits_to_keep=1
                ).logits[0, -1:]
        for layer in cache.layers:
            both = []
            for found in (layer.keys, layer.values):
                kept = found.new_empty(*found.shape[:2], length + len(self._inner), found.shape[3])
                kept[:, :, :length] = found
                both.append(kept)
            self._layers.append((both[0], both[1]))
        self._keep_first(logits[0])
        return self._probabilities(logits)

    def _cache_of(self, rows: torch.Tensor) -> Cache:
        from transformers.cache_utils import Cache, DynamicLayer

        layers = []
        for keys, values in self._layers:
            layer = DynamicLayer()
            layer.lazy_initialization(keys, values)
            layer.keys, layer.values = keys[:, :, rows], values[:, :, rows]
            layers.append(layer)
        return Cache(layers=layers)

    def _keep(self, cache: Cache, cached: int, paths: Sequence[Path]) -> None:
        """Put the new keys and values of those nodes that others come after into the buffers."""
        inner = [position for position, path in enumerate(paths) if path in self._inner]
        start = len(self._prompt) + len(self._rows)
        for layer, (keys, values) in zip(cache.layers, self._layers, strict=True):
            keys[:, :, start : start + len(inner)] = layer.keys[:, :, cached:][:, :, inner]
            values[:, :, start : start + len(inner)] = layer.values[:, :, cached:][:, :, inner]
        for position in inner:
            self._rows[paths[position]] = len(self._prompt) + len(self._rows)

    def _masks(self, seen: torch.Tensor, distance: torch.Tensor) -> Any:
        """What is added to attention scores: one mask, or one for each type of layer."""
        import torch

        def additive(allowed: torch.Tensor) -> torch.Tensor:
            dtype = self._model.dtype
            mask = torch.zeros(allowed.shape, dtype=dtype).masked_fill_(
                ~allowed, torch.finfo(dtype).min
            )
            return mask[None, None].to(self._model.device)

        config = self._model.config.get_text_config()
        window = getattr(config, "sliding_window", None)
        masks = {"full_attention": additive(seen)}
        if window is not None:
            masks["sliding_attention"] = additive(seen & (distance < window))
        if (types := getattr(config, "layer_types", None)) is not None:
            return {kind: masks[kind] for kind in set(types)}
        return masks["full_attention" if window is None else "sliding_attention"]


def trees_work(tree: LocalScorer, plain: LocalScorer, trie: NumberTrie, dtype: torch.dtype) -> bool:
    """Whether a model scores a handful of nodes in a tree as it does one sequence at a time.

    The handful: the paths of _PROBED with all they begin with, level by level, so that each
    pass holds siblings that must not see each other. The longest are compared, which see every
    row of the others, by the total variation distance of what comes next.
    """
    paths = [node.tokens for node in trie.nodes if node.number in _PROBED]
    begun = {path[:end] for path in paths for end in range(len(path) + 1)}
    rows: dict[Path, NDArray[np.float64]] = {}
    for depth in range(trie.depth + 1):
        if level := sorted(path for path in begun if len(path) == depth):
            rows.update(zip(level, tree.score(level), strict=True))
    compared = sorted(paths, key=len)[-_COMPARED:]
    bound = _BOUND_FULL if dtype.itemsize == 4 else _BOUND_HALF
    return all(
        _total_variation(rows[path], expected) <= bound
        for path, expected in zip(compared, plain.score(compared), strict=True)
    )


def _total_variation(left: NDArray[np.float64], right: NDArray[np.float64]) -> float:
    """Between next-token distributions, all that is outside the columns taken as one outcome."""
    return float(np.abs(left - right).sum() + abs(left.sum() - right.sum())) / 2
