"""Whether a config asks for a model of the size of the weights beside it, before memory is taken.

transformers makes a model as its config says and looks at the weights afterwards: a config of a few
bytes can ask for terabytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from math import prod
from pathlib import Path
from typing import Any

from components.engines.local.architecture import Architecture
from components.engines.local.layout import StoredTensor, read_config
from components.errors import EngineError

# Several times what the largest models in use have: Llama 3.1 405B has 126 layers of 16,384,
# Gemma 3 262,144 tokens, Kimi K2 384 experts.
_LAYERS = ("num_hidden_layers", "n_layer", "n_layers", "num_layers", "num_blocks")
_EXPERTS = ("num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts")
_MOST = {
    1_000: _LAYERS,
    10_000: _EXPERTS,
    131_072: ("hidden_size", "n_embd", "d_model", "dim", "head_dim"),
    1_048_576: ("intermediate_size", "ffn_dim", "d_ff", "n_inner", "d_inner"),
    4_194_304: ("vocab_size", "n_words", "n_vocab"),
    100_000_000: ("n_positions", "n_ctx"),
}
_LIMITS = {name: most for most, names in _MOST.items() for name in names}
# Lengths in tokens past which a model's attention works otherwise.
ATTENTION_LIMITS = ("sliding_window", "attention_chunk_size", "original_max_position_embeddings")
# Whatever else is made so many times.
_COUNT = re.compile(r"(num|n)_\w*(layer|head|expert|block|group|stage|module)\w*")
_MOST_OF_A_COUNT = 10_000
_MOST_BYTES = 5_000_000
# Two numbers to a byte where weights are in 4 bit; what is computed anew is not stored.
_MORE_THAN_STORED = 2.5
_MOST_BUFFER_BYTES = 1_000_000_000
_WAY_OUT = "Pick another model, or another copy of this one."


def refuse_beyond_reason(folder: Path, label: str) -> None:
    """EngineError for a config that asks for more of something than any model in use has.

    Or says a word where attention needs a number.
    """
    if (size := (folder / "config.json").stat().st_size) > _MOST_BYTES:
        raise EngineError(
            f"The config.json of {label} has {size / 1e6:,.0f} MB, which no model needs.",
            way_out=_WAY_OUT,
        )
    config = read_config(folder, label)
    for name, value in _fields(config):
        if name in ATTENTION_LIMITS and value is not None and not _is_number(value):
            raise EngineError(
                f"The config of {label} has “{str(value)[:40]}” as its {name}, which is a number in"
                " models in use.",
                way_out=_WAY_OUT,
            )
    for name, value in _counts(config):
        if value > (most := _LIMITS.get(name, _MOST_OF_A_COUNT)):
            raise EngineError(
                f"The config of {label} asks for a {name} of {_shown(value)}; no model in use has"
                f" more than {most:,}.",
                way_out=_WAY_OUT,
            )


def refuse_unlike_weights(
    architecture: Architecture, label: str, stored: Sequence[StoredTensor]
) -> None:
    """EngineError for a config whose model is larger than the weights that are there.

    First by what the config counts, then by a model of the config on a device without memory.
    """
    import torch

    config = architecture.config
    held = sum(prod(tensor.shape) for tensor in stored)
    counted = dict(_counts(config.get_text_config().to_dict()))
    layers = max((counted.get(name, 0) for name in _LAYERS), default=0)
    experts = max(1, *(counted.get(name, 0) for name in _EXPERTS))
    if layers > len(stored) or layers * experts > _MORE_THAN_STORED * held:
        raise EngineError(
            f"The config of {label} asks for {layers:,.0f} layers; its weights are"
            f" {len(stored):,} tensors of {held:,} numbers in all.",
            way_out=_WAY_OUT,
        )
    with torch.device("meta"):
        model = architecture.loader.from_config(config, trust_remote_code=False)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    if parameters > _MORE_THAN_STORED * held:
        raise EngineError(
            f"The config of {label} asks for {parameters:,} parameters; its weights hold {held:,}"
            " numbers.",
            way_out=_WAY_OUT,
        )
    tables = sum(buffer.numel() * buffer.itemsize for buffer in model.buffers())
    if tables > _MOST_BUFFER_BYTES:
        raise EngineError(
            f"The config of {label} asks for tables of {tables / 1e9:,.1f} GB beside its weights.",
            way_out=_WAY_OUT,
        )


def _fields(part: Any) -> Iterator[tuple[str, Any]]:
    """The fields of a config and of its parts."""
    for name, value in part.items() if isinstance(part, dict) else ():
        if isinstance(value, dict):
            yield from _fields(value)
        else:
            yield str(name), value


def _counts(config: Any) -> Iterator[tuple[str, float]]:
    """What a config and its parts count; of a field with one number per layer, each."""
    for name, value in _fields(config):
        if name in _LIMITS or _COUNT.fullmatch(name):
            listed = value if isinstance(value, list) else [value]
            yield from ((name, one) for one in listed if _is_number(one))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shown(value: float) -> str:
    return f"{value:,}" if value < 1e15 else f"{value:.1e}"
