"""Whether a model would fit into this machine, asked before anything is downloaded."""

import psutil

from components.errors import EngineError
from components.registry import ModelSpec

# bf16 weights, and a quarter more for activations, the key/value cache and loading.
_BYTES_PER_PARAMETER = 2 * 1.25


def refuse_if_too_large(spec: ModelSpec) -> None:
    """EngineError with the figures if a model of known size can't fit into this machine."""
    if spec.params_b is None:
        return
    needed = spec.params_b * 1e9 * _BYTES_PER_PARAMETER
    there = psutil.virtual_memory().total
    if needed > there:
        raise EngineError(
            f"{spec.label} needs about {needed / 1e9:.1f} GB of memory to run;"
            f" this machine has {there / 1e9:.1f} GB.",
            way_out="Pick a smaller model, or run Basewise on a larger machine.",
        )
