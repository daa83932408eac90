"""Whether a model fits into this machine."""

import psutil

from components.errors import EngineError

# The weights, and a quarter more for activations, the key/value cache and loading.
_HEADROOM = 1.25
# Per parameter in 4 bit: most take half a byte and their share of a scale, embeddings two bytes.
BYTES_IN_FOUR_BIT = 0.75


def refuse_if_never(label: str, parameters: float, bytes_each: float) -> None:
    """EngineError with the figures if so many parameters of this width could never fit here.

    In the memory of the machine or, where that is larger, of its graphics processor.
    """
    _refuse_above(_total(), "is all this machine has", label, parameters, bytes_each)


def refuse_if_not_now(label: str, parameters: float, bytes_each: float, device: str) -> None:
    """EngineError with the figures if so many parameters do not fit into a device's free memory."""
    _refuse_above(_free(device), "are free", label, parameters, bytes_each)


def _total() -> int:
    import torch

    own = torch.cuda.mem_get_info()[1] if torch.cuda.is_available() else 0
    return max(psutil.virtual_memory().total, own)


def _free(device: str) -> int:
    import torch

    return torch.cuda.mem_get_info()[0] if device == "cuda" else psutil.virtual_memory().available


def _refuse_above(there: int, where: str, label: str, parameters: float, bytes_each: float) -> None:
    needed = parameters * bytes_each * _HEADROOM
    if needed > there:
        raise EngineError(
            f"{label} needs about {needed / 1e9:.1f} GB of memory to run;"
            f" {there / 1e9:.1f} GB {where}.",
            way_out=_ways_out(parameters, bytes_each, there),
        )


def _ways_out(parameters: float, bytes_each: float, there: float) -> str:
    ways = ["Pick a smaller model", "run Basewise on a server with more memory"]
    needed = parameters * BYTES_IN_FOUR_BIT * _HEADROOM
    if bytes_each > BYTES_IN_FOUR_BIT and needed <= there:
        ways.insert(1, f"switch “Weights in 4 bit” on (about {needed / 1e9:.1f} GB)")
    return ", ".join(ways[:-1]) + f", or {ways[-1]}."
