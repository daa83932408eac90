"""A model on this machine, through transformers and torch."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator
from functools import cache
from statistics import median
from typing import TYPE_CHECKING

from components.assets import (
    Asset,
    Progress,
    fetch_tokenizer,
    fetch_weights,
    silent,
)
from components.engines.memory import refuse_if_too_large
from components.errors import EngineError
from components.registry import load_registry
from components.tokenization import open_tokenizer

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerFast


class LocalEngine:
    """A causal language model in memory.

    One pass of the model at a time: torch uses all cores for one, and its passes side by side
    gain nothing. Visitors take turns token by token, so nobody waits for another's whole text.
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
        self._lock = threading.Lock()

    def stream(self, prompt: str, *, max_new_tokens: int = 16) -> Generator[str]:
        """The greedy continuation, piece by piece, up to the end of text or `max_new_tokens`."""
        import torch

        inputs = self.tokenizer(prompt, return_tensors="pt")["input_ids"].to(self.model.device)
        # Decoded together with the prompt's last token, so that a leading space survives.
        context = [int(inputs[0, -1])]
        shown = before = self._decode(context)
        cache = None
        for _ in range(max_new_tokens):
            with self._lock, torch.inference_mode():
                try:
                    output = self.model(
                        input_ids=inputs, past_key_values=cache, use_cache=True, logits_to_keep=1
                    )
                except (RuntimeError, IndexError) as error:
                    raise EngineError(
                        f"{self.repo_id} failed while generating: {error}",
                        way_out="Shorten the description, or pick a smaller model.",
                    ) from error
                next_token = int(output.logits[0, -1].argmax())
            if next_token in self._end_tokens:
                break
            cache = output.past_key_values
            context.append(next_token)
            inputs = inputs.new_tensor([[next_token]])
            text = self._decode(context)
            if not text.endswith("\ufffd"):  # half a character: wait for its other bytes
                yield text[len(shown) :]
                shown = text
        rest = self._decode(context)[len(shown) :] if len(context) > 1 else ""
        if rest and shown != before:
            yield rest

    def _decode(self, tokens: list[int]) -> str:
        return str(self.tokenizer.decode(tokens, skip_special_tokens=False))

    @property
    def _end_tokens(self) -> set[int]:
        config = self.model.generation_config
        ends = config.eos_token_id if config is not None else None
        listed = ends if isinstance(ends, list) else [ends]
        return {end for end in (*listed, self.tokenizer.eos_token_id) if isinstance(end, int)}


def load_engine(repo_id: str, progress: Progress = silent) -> LocalEngine:
    """Load a model's weights and tokenizer into memory, fetching them if needed.

    Raises UnknownModelError for a malformed id, AssetError if no source has the files,
    EngineError if the model would not fit into memory or needs the repository's own code.
    """
    registry = load_registry()
    spec = registry.resolve(repo_id)
    refuse_if_too_large(spec)
    weights = fetch_weights(spec, registry, progress)
    tokenizer = open_tokenizer(fetch_tokenizer(spec, registry, progress))
    progress(f"Loading {spec.label}", 0, None)
    model = _load_model(weights)
    return LocalEngine(spec.id, model, tokenizer, weights.describe())


def _load_model(weights: Asset) -> PreTrainedModel:
    import torch
    from transformers import AutoModelForCausalLM

    device = _device()
    try:
        model = AutoModelForCausalLM.from_pretrained(
            weights.folder,
            dtype=_cpu_dtype() if device == "cpu" else torch.bfloat16,
            device_map=device,
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=True,
        )
    except Exception as error:
        raise EngineError(
            f"The weights of {weights.describe()} could not be loaded: {error}",
            way_out="Pick another model: only architectures that transformers itself knows run"
            " here, never code from a repository.",
        ) from error
    return model.eval()


def _device() -> str:
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


@cache
def _cpu_dtype() -> torch.dtype:
    """bf16 where this processor multiplies matrices faster in it, else fp32.

    Measured once, in some milliseconds: the instruction sets that make the difference (AMX,
    AVX-512 BF16, their Arm kin) have no common flag to ask for.
    """
    import torch

    def seconds(dtype: torch.dtype) -> float:
        left, right = torch.ones(64, 1024, dtype=dtype), torch.ones(1024, 1024, dtype=dtype)
        times = []
        for _ in range(9):
            start = time.perf_counter()
            torch.matmul(left, right)
            times.append(time.perf_counter() - start)
        return median(times)

    return min((torch.float32, torch.bfloat16), key=seconds)
