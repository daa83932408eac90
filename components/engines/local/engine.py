"""A model on this machine, through transformers and torch."""

from __future__ import annotations

import os
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components.assets import (
    Asset,
    Progress,
    fetch_tokenizer,
    fetch_weights,
    parameters_on_hub,
    silent,
)
from components.engines.local import fp32_logits, tree_attention
from components.engines.local.memory import BYTES_IN_FOUR_BIT, refuse_if_never, refuse_if_not_now
from components.engines.local.scorers import LocalScorer, PlainScorer, TreeScorer, trees_work
from components.errors import EngineError, StoppedError
from components.numbers import NumberTrie, NumberTrieCache, PriceDistribution, TokenPath, walk
from components.registry import HubRepo, load_registry
from components.tokenization import open_tokenizer

# transformers swaps process-wide settings while it loads, and restores what it found: two loads
# at once can leave another's in place.
_loading = threading.Lock()
# torch puts all cores to each pass, and two passes at once spend their time waiting for each
# other: one at a time on a device, whatever its model.
_turns: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
_BYTES_OF_BF16 = 2
DEVICE_VARIABLE = "BASEWISE_DEVICE"
DTYPE_VARIABLE = "BASEWISE_DTYPE"
DTYPES = ("bfloat16", "float16", "float32")
# What torch and transformers raise where a model can't run something.
_MODEL_FAILS = (
    RuntimeError,
    ArithmeticError,
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
    MemoryError,
)
# How far apart two ways to compute the same next-token distribution may be by rounding alone, in
# total variation: in 32 bits and in 16. Seen with SmolLM2 135M and Gemma 3 270M: 2e-6 and 0.017;
# with every position off by one, the mildest error tried, 0.054 to 0.085.
_SAME, _SAME_IN_HALF = 1e-3, 0.05
# Lengths in tokens past which a model's attention works otherwise.
_LIMITS = ("sliding_window", "attention_chunk_size", "original_max_position_embeddings")

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerFast


class LocalEngine:
    """A causal language model in memory.

    Visitors take turns pass by pass, so nobody waits for another's whole answer.
    """

    def __init__(
        self,
        repo_id: str,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerFast,
        provenance: str,
    ):
        self.repo_id = repo_id
        self.model = model
        self.tokenizer = tokenizer
        self.provenance = provenance
        self._lock = _turns[str(model.device)]
        self._trees_work: dict[tuple[bool, ...], bool] = {}
        tree_attention.install(model)
        fp32_logits.install(model)

    def stream(self, prompt: str, *, max_new_tokens: int = 16) -> Generator[str]:
        """The greedy continuation, piece by piece, up to the end of text or `max_new_tokens`."""
        inputs = self.tokenizer(prompt, return_tensors="pt")["input_ids"].to(self.model.device)
        self._refuse_if_too_long(inputs.shape[1], max_new_tokens)
        # Decoded together with the prompt's last token, so that a leading space survives.
        context = [int(inputs[0, -1])]
        shown = self._decode(context)
        cache = None
        for _ in range(max_new_tokens):
            with self._one_pass("generating"):
                output = self.model(input_ids=inputs, cache=cache, use_cache=True, logits_to_keep=1)
                next_token = int(output.logits[0, -1].argmax())
            if next_token in self._end_tokens:
                break
            cache = output.cache
            context.append(next_token)
            inputs = inputs.new_tensor([[next_token]])
            text = self._decode(context)
            if not text.endswith("\ufffd"):  # half a character: wait for its other bytes
                yield text[len(shown) :]
                shown = text
        if rest := self._decode(context)[len(shown) :]:
            yield rest

    def price_distribution(
        self,
        prompt: str,
        tolerance: float = 0.01,
        *,
        stop: threading.Event | None = None,
        progress: Callable[[float | None], None] | None = None,
    ) -> PriceDistribution:
        """As Engine has it. The prompt is run once, then the number trie against its cache.

        A model whose attention takes no tree of numbers is scored one sequence per number: the
        result's `method` says which.
        """
        tokens, trie = self._prompt_and_trie(prompt)
        left: float | None = None

        def hear(unexplored: float | None) -> None:
            nonlocal left
            left = unexplored
            if progress is not None:
                progress(left)

        @contextmanager
        def one_pass() -> Iterator[None]:
            hear(left)
            with self._one_pass("pricing", stop):
                yield

        def scorer(kind: type[LocalScorer], trie: NumberTrie) -> LocalScorer:
            return kind(self.model, self.tokenizer, tokens, trie, one_pass)

        kind = TreeScorer if self._scores_trees(len(tokens), trie, scorer) else PlainScorer
        left = 1.0
        return walk(trie, scorer(kind, trie), tolerance, hear)

    def _prompt_and_trie(self, prompt: str) -> tuple[TokenPath, NumberTrie]:
        """The tokens the model reads and the numbers' after them, if it can read so many."""
        if not prompt.strip():
            raise EngineError("The prompt is empty.", way_out="Describe a product.")
        tokens, trie = self._tries.after(prompt)
        if not tokens:
            raise EngineError(
                f"{self.repo_id} reads no token of this prompt.", way_out="Describe the product."
            )
        self._refuse_if_too_long(len(tokens), trie.depth)
        return tokens, trie

    def _scores_trees(
        self,
        prompt: int,
        trie: NumberTrie,
        scorer: Callable[[type[LocalScorer], NumberTrie], LocalScorer],
    ) -> bool:
        """Whether this model takes a tree's mask and cache, found out on first use.

        And again on the first prompt that reaches past one of its limits, where other parts of
        its attention come into play.
        """
        config = self.model.config.get_text_config()
        limits = [getattr(config, name, None) for name in _LIMITS]
        past = tuple(limit is not None and prompt + trie.depth > limit for limit in limits)
        if past not in self._trees_work:
            bound = _SAME if self.model.dtype.itemsize == 4 else _SAME_IN_HALF
            try:
                works = trees_work(scorer, trie, int(config.vocab_size), bound)
            except StoppedError:
                raise
            except EngineError:
                works = False
            self._trees_work[past] = works
        return self._trees_work[past]

    def _refuse_if_too_long(self, prompt: int, answer: int) -> None:
        longest = getattr(self.model.config.get_text_config(), "max_position_embeddings", None)
        if longest is not None and prompt + answer > longest:
            raise EngineError(
                f"The prompt has {prompt:,} tokens; {self.repo_id} reads {longest:,} at most,"
                " with its answer.",
                way_out="Shorten the description, or pick a model with a longer context.",
            )

    @contextmanager
    def _one_pass(self, doing: str, stop: threading.Event | None = None) -> Iterator[None]:
        """Around each pass of the model: it takes its turn, unless it is not wanted any more."""
        import torch

        with self._lock, torch.inference_mode():
            if stop is not None and stop.is_set():
                raise StoppedError("Stopped.", way_out="Predict again.")
            try:
                yield
            except _MODEL_FAILS as error:
                raise EngineError(
                    f"{self.repo_id} failed while {doing}: {error}",
                    way_out="Shorten the description, or pick a smaller model.",
                ) from error

    def _decode(self, tokens: list[int]) -> str:
        return str(self.tokenizer.decode(tokens, skip_special_tokens=False))

    @cached_property
    def _tries(self) -> NumberTrieCache:
        return NumberTrieCache(self.tokenizer)

    @property
    def _end_tokens(self) -> set[int]:
        config = self.model.generation_config
        ends = config.eos_token_id if config is not None else None
        listed = ends if isinstance(ends, list) else [ends]
        return {end for end in (*listed, self.tokenizer.eos_token_id) if isinstance(end, int)}


@dataclass(frozen=True)
class EngineFiles:
    """What a model is loaded from, on this disk."""

    weights: Asset
    tokenizer: Asset


def fetch_engine(
    repo_id: str, progress: Progress = silent, *, four_bit: bool = False
) -> EngineFiles:
    """Fetch a model's weights and tokenizer, unless it could never run here.

    Raises UnknownModelError for a malformed id, AssetError if no source has the files,
    EngineError if a model, by the size that the registry or the Hub gives, is larger than this
    machine's memory.
    """
    registry = load_registry()
    spec = registry.resolve(repo_id)
    if spec.params_b is not None:
        parameters = spec.params_b * 1e9
    else:
        parameters = parameters_on_hub(HubRepo(repo_id=spec.id, revision=spec.revision))
    if parameters is not None:
        bytes_each = BYTES_IN_FOUR_BIT if four_bit else _BYTES_OF_BF16
        refuse_if_never(spec.label, parameters, bytes_each)
    weights = fetch_weights(spec, registry, progress)
    return EngineFiles(weights, fetch_tokenizer(spec, registry, progress))


def load_engine(
    repo_id: str, progress: Progress = silent, *, four_bit: bool = False
) -> LocalEngine:
    """Load a model's weights and tokenizer into memory, fetching them if needed.

    `four_bit` quantizes the weights to NF4 while they are loaded (Dettmers et al. 2023, "QLoRA").

    Raises what `fetch_engine` raises, TokenizerError if the tokenizer can't be read, and
    EngineError if the weights do not fit into free memory, are damaged, or need the
    repository's own code.
    """
    files = fetch_engine(repo_id, progress, four_bit=four_bit)
    tokenizer = open_tokenizer(files.tokenizer)
    spec = load_registry().resolve(repo_id)
    model = _load_model(spec.label, files.weights, four_bit=four_bit)
    precision = str(model.dtype).removeprefix("torch.")
    if four_bit:
        precision = f"4 bit (NF4), computed in {precision}"
    return LocalEngine(spec.id, model, tokenizer, f"{files.weights.describe()}, run in {precision}")


def _load_model(label: str, weights: Asset, *, four_bit: bool) -> PreTrainedModel:
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig

    device = os.environ.get(DEVICE_VARIABLE) or _device()
    dtype = _dtype(device)
    try:
        bytes_each = BYTES_IN_FOUR_BIT if four_bit else dtype.itemsize
        refuse_if_not_now(label, _parameters(weights.folder), bytes_each, device)
        with _loading:
            loaded: Any = AutoModelForCausalLM.from_pretrained(
                weights.folder,
                dtype=dtype,
                device_map=device,
                use_safetensors=True,
                trust_remote_code=False,
                local_files_only=True,
                output_loading_info=True,
                quantization_config=BitsAndBytesConfig(
                    load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=dtype
                )
                if four_bit
                else None,
            )
        model, info = loaded
    except EngineError:
        raise
    except Exception as error:
        raise EngineError(
            f"The weights of {weights.describe()} could not be loaded: {error}",
            way_out="Pick another model: only architectures that transformers itself knows run"
            " here, never code from a repository.",
        ) from error
    if missing := sorted(info["missing_keys"]):
        raise EngineError(
            f"The weights of {weights.describe()} are incomplete: {', '.join(missing[:3])}"
            " would be random.",
            way_out="Pick another model.",
        )
    return model.eval()


def _parameters(folder: Path) -> int:
    """How many numbers the safetensors files of a folder hold, from their headers."""
    from safetensors import safe_open

    count = 0
    for file in folder.glob("*.safetensors"):
        with safe_open(file, framework="pt") as tensors:
            count += sum(prod(tensors.get_slice(key).get_shape()) for key in tensors.keys())  # noqa: SIM118
    return count


def _dtype(device: str) -> torch.dtype:
    """What $BASEWISE_DTYPE asks for, else what suits the device."""
    import torch

    asked = os.environ.get(DTYPE_VARIABLE)
    if asked:
        if asked not in DTYPES:
            raise EngineError(
                f"{DTYPE_VARIABLE} is {asked!r}.", way_out=f"Set it to one of {', '.join(DTYPES)}."
            )
        return getattr(torch, asked)
    return _cpu_dtype() if device == "cpu" else torch.bfloat16


def _device() -> str:
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


@cache
def _cpu_dtype() -> torch.dtype:
    """bf16 where this processor multiplies matrices clearly faster in it, else fp32.

    Measured once, in a fifth of a second: the instruction sets that make the difference (AMX,
    AVX-512 BF16, their Arm kin) have no common flag to ask for.
    """
    import torch

    def seconds(dtype: torch.dtype) -> float:
        time.sleep(0.002)  # who has slept is let run at once
        start = time.perf_counter()
        torch.matmul(*ones[dtype])
        return time.perf_counter() - start

    dtypes = (torch.bfloat16, torch.float32)
    ones = {
        dtype: (torch.ones(64, 1024, dtype=dtype), torch.ones(1024, 1024, dtype=dtype))
        for dtype in dtypes
    }
    # In turn, and the best of each: other work on the machine only adds.
    half, full = (
        min(times) for times in zip(*([*map(seconds, dtypes)] for _ in range(25)), strict=True)
    )
    return torch.bfloat16 if half * 1.3 < full else torch.float32
