"""Whether a model fits into this machine."""

import sys
from dataclasses import dataclass
from pathlib import Path

import psutil

from components.errors import EngineError

# The weights, and a quarter more for activations, the key/value cache and loading.
HEADROOM = 1.25
# Per parameter in 4 bit: most take half a byte and their share of a scale, embeddings two bytes.
BYTES_IN_FOUR_BIT = 0.75


@dataclass(frozen=True)
class WeightsSize:
    """Bytes of a model's weights in memory, and in 4 bit where that is a way to have them."""

    loaded: float
    in_four_bit: float | None = None


def refuse_if_never(label: str, size: WeightsSize) -> None:
    """EngineError with the figures if weights of this size could never fit here.

    In the memory of the machine or, where that is larger, of its graphics processor.
    """
    _refuse_above(_total(), "is all this machine has", label, size)


def refuse_if_not_now(label: str, size: WeightsSize, device: str) -> None:
    """EngineError with the figures if weights of this size do not fit into free memory."""
    _refuse_above(_free(device), "are free", label, size)


def machine_bytes() -> int:
    """What `refuse_if_never` goes by, without importing torch where no graphics processor is."""
    processors = any(Path(device).exists() for device in ("/dev/nvidia0", "/dev/kfd"))
    if "torch" in sys.modules or processors or sys.platform == "win32":
        return _total()
    return psutil.virtual_memory().total


def _total() -> int:
    import torch

    own = torch.cuda.mem_get_info()[1] if torch.cuda.is_available() else 0
    return max(psutil.virtual_memory().total, own)


def _free(device: str) -> int:
    import torch

    return torch.cuda.mem_get_info()[0] if device == "cuda" else psutil.virtual_memory().available


def _refuse_above(there: int, where: str, label: str, size: WeightsSize) -> None:
    needed = size.loaded * HEADROOM
    if needed > there:
        raise EngineError(
            f"{label} needs about {needed / 1e9:.1f} GB of memory to run;"
            f" {there / 1e9:.1f} GB {where}.",
            way_out=_ways_out(size, there),
        )


def _ways_out(size: WeightsSize, there: float) -> str:
    ways = ["Pick a smaller model", "run Basewise on a server with more memory"]
    if size.in_four_bit is not None and (needed := size.in_four_bit * HEADROOM) <= there:
        ways.insert(1, f"switch “Weights in 4 bit” on (about {needed / 1e9:.1f} GB)")
    return ", ".join(ways[:-1]) + f", or {ways[-1]}."
