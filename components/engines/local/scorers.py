"""A local model's next-token probabilities after a prompt and a few more tokens, many at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from components.engines.local.tree_attention import OwnKeys, own_keys
from components.numbers.distribution import Method
from components.numbers.trie import NumberTrie, TokenPath

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
    """What is known once a prompt was run: its key/value cache and the likeliest next token."""

    cache: Cache
    next_token: int


class LocalScorer:
    """What both ways of scoring share: one prompt, the columns to keep, what was run.

    `one_pass` is entered around each pass of the model: it takes turns with others, and may
    raise where the caller wants no more.
    """

    method: Method
    note: str | None = None
    ahead: Sequence[TokenPath] = ()

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
        vocabulary = int(model.config.get_text_config().vocab_size)
        affordable = _PASS_WORK // max(1, model.num_parameters())
        self._pass_tokens = min(_PASS_TOKENS, max(_LEAST_TOKENS, affordable))
        self.pass_size = max(1, min(self._pass_tokens, _PASS_LOGITS // vocabulary))
        self._model, self._tokenizer, self._prompt = model, tokenizer, prompt
        self._columns = torch.from_numpy(trie.columns).to(model.device)
        self._one_pass = one_pass
        self._after_prompt: torch.Tensor | None = None

    def score(
        self, paths: Sequence[TokenPath], likely: Sequence[TokenPath] = ()
    ) -> NDArray[np.float64]:
        """As Scorer has it."""
        raise NotImplementedError

    def prompt_state(self, prompt: TokenPath) -> PromptState | None:
        """What running this prompt left, to continue from; None if it is another, or not kept."""
        return None

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

    def score(
        self, paths: Sequence[TokenPath], likely: Sequence[TokenPath] = ()
    ) -> NDArray[np.float64]:
        scored = np.empty((len(paths), len(self._columns)))
        by_length: defaultdict[int, list[int]] = defaultdict(list)
        for position, path in enumerate(paths):
            by_length[len(path)].append(position)
        for length, positions in by_length.items():
            together = max(1, self._pass_tokens // (len(self._prompt) + length))
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

    Each path's last token attends to the prompt, to the path's tokens before it, and to itself.
    All layers keep the whole prompt; a layer with a sliding window has it in its mask. The
    prompt's pass also runs the trie's first levels where they are small, ahead of being asked:
    a pass of ten nodes takes about as long as one of a hundred. Nothing is kept once the scorer
    is gone.
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
        self._inner = {node.tokens for node in trie.nodes[1:] if len(node.children)}
        ahead: list[TokenPath] = []
        for depth in range(1, trie.depth + 1):
            level = sorted(path for path in self._inner if len(path) == depth)
            if len(ahead) + len(level) > min(self._pass_tokens // 4, self.pass_size - 1):
                break
            ahead += level
        self.ahead = ahead
        self._known: dict[TokenPath, NDArray[np.float64]] = {}
        # Per layer, keys and values (1, heads, rows, size): the prompt's, then the inner nodes'.
        self._layers: list[tuple[torch.Tensor, torch.Tensor]] = []
        self._rows: dict[TokenPath, int] = {}

    def score(
        self, paths: Sequence[TokenPath], likely: Sequence[TokenPath] = ()
    ) -> NDArray[np.float64]:
        if not self._known:
            self._run_prompt()
        if missing := [path for path in paths if path not in self._known]:
            guessed = [path for path in likely if path not in self._known]
            missing += guessed[: self.pass_size - len(missing)]
            with self._one_pass():
                rows = self._probabilities(self._tree_pass((), missing, None))
            self._known.update(zip(missing, rows, strict=True))
        # A path is asked for once, but for the empty one.
        return np.stack([self._known[path] for path in paths])

    def prompt_state(self, prompt: TokenPath) -> PromptState | None:
        import torch

        if prompt != self._prompt or self._after_prompt is None:
            return None
        rows = torch.arange(len(prompt), device=self._model.device)
        return PromptState(self._cache_of(rows), int(self._after_prompt.argmax()))

    def _run_prompt(self) -> None:
        from transformers import DynamicCache

        # Not built for the model's layers, where those with a sliding window would forget.
        cache = DynamicCache()
        *firsts, last = batched(self._prompt, self._pass_tokens)
        for part in firsts:
            with self._one_pass():
                self._run([part], cache=cache, use_cache=True, logits_to_keep=1)
        with self._one_pass():
            logits = self._tree_pass(last, self.ahead, cache)
            self._keep_first(logits[0])
            rows = self._probabilities(logits)
        self._known.update(zip([(), *self.ahead], rows, strict=True))

    def _tree_pass(
        self, part: TokenPath, paths: Sequence[TokenPath], cache: Cache | None
    ) -> torch.Tensor:
        """Run the prompt's last `part` and the last tokens of `paths`; the logits after each.

        Of `part`, those after its last token. `cache` holds what of the prompt is before it;
        without one, all that earlier passes kept is there.
        """
        import torch

        length, new = len(self._prompt), set(paths)
        before = length - len(part)
        begun = {path[:end] for path in paths for end in range(1, len(path))}
        ancestors = sorted(begun - new, key=self._rows.__getitem__)
        cached = before + len(ancestors)
        nodes = [*ancestors, *paths]
        queries = len(part) + len(paths)
        # Where the keys are: the prompt so far, ancestors run before, the part, the new nodes.
        place = dict(zip(ancestors, range(before, cached), strict=True))
        place |= dict(zip(paths, range(cached + len(part), cached + queries), strict=True))
        positions = torch.arange(cached + queries)
        positions[cached : cached + len(part)] = torch.arange(before, length)
        for path in nodes:
            positions[place[path]] = length + len(path) - 1
        seen = torch.zeros(queries, cached + queries, dtype=torch.bool)
        seen[:, :before] = True
        seen[:, cached : cached + len(part)] = positions[cached:, None] >= torch.arange(
            before, length
        )
        pairs = [
            (query, place[path[:end]])
            for query, path in enumerate(paths, start=len(part))
            for end in range(1, len(path) + 1)
        ]
        if pairs:
            seen[tuple(torch.tensor(pairs).T)] = True

        if cache is None:
            rows = [*range(length), *(self._rows[path] for path in ancestors)]
            cache = self._cache_of(torch.tensor(rows, device=self._model.device))
        # The prompt's own tokens see many keys.
        with nullcontext() if part else own_keys(self._own_keys(paths, place)):
            output = self._run(
                [(*part, *(path[-1] for path in paths))],
                attention_mask=self._masks(seen, positions[cached:, None] - positions),
                position_ids=positions[None, cached:].to(self._model.device),
                cache=cache,
                use_cache=True,
                logits_to_keep=len(paths) + bool(part),
            )
        self._keep(cache, cached + len(part), paths)
        return output.logits[0]

    def _own_keys(self, paths: Sequence[TokenPath], place: Mapping[TokenPath, int]) -> OwnKeys:
        import torch

        most = max(map(len, paths))
        places = [
            [place[path[: min(end, len(path))]] for end in range(1, most + 1)] for path in paths
        ]
        lengths = torch.tensor([len(path) for path in paths])
        return OwnKeys(
            prompt=len(self._prompt),
            places=torch.tensor(places).to(self._model.device),
            unused=(torch.arange(most) >= lengths[:, None]).to(self._model.device),
        )

    def _cache_of(self, rows: torch.Tensor) -> Cache:
        from transformers.cache_utils import Cache, DynamicLayer

        layers = []
        for keys, values in self._layers:
            layer = DynamicLayer()
            layer.lazy_initialization(keys, values)
            layer.keys, layer.values = keys.index_select(2, rows), values.index_select(2, rows)
            layers.append(layer)
        return Cache(layers=layers)

    def _keep(self, cache: Any, start: int, paths: Sequence[TokenPath]) -> None:
        """Put the new keys and values of those nodes that others come after into the buffers.

        Those of `paths` begin at `start` in the cache. The prompt's are put there first.
        """
        import torch

        length = len(self._prompt)
        if not self._layers:
            for layer in cache.layers:
                both = []
                for found in (layer.keys, layer.values):
                    shape = (*found.shape[:2], length + len(self._inner), found.shape[3])
                    kept = found.new_empty(shape)
                    kept[:, :, :length] = found[:, :, :length]
                    both.append(kept)
                self._layers.append((both[0], both[1]))
        inner = [position for position, path in enumerate(paths) if path in self._inner]
        if not inner:
            return
        first = length + len(self._rows)
        taken = torch.tensor(inner, device=self._model.device) + start
        for layer, both in zip(cache.layers, self._layers, strict=True):
            for found, kept in zip((layer.keys, layer.values), both, strict=True):
                kept[:, :, first : first + len(inner)] = found.index_select(2, taken)
        self._rows.update((paths[position], first + i) for i, position in enumerate(inner))

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


def batched(tokens: TokenPath, size: int) -> list[TokenPath]:
    """The tokens in parts of `size`, the last one perhaps shorter."""
    return [tokens[start : start + size] for start in range(0, len(tokens), size)]
