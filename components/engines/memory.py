"""Whether a model fits into this machine."""

import psutil

from components.errors import EngineError

# The weights, and a quarter more for activations, the key/value cache and loading.
_HEADROOM = 1.25


def refuse_if_too_large(label: str, parameters: float, bytes_each: int, *, loaded: bool) -> None:
    """EngineError with the figures if so many parameters of this width do not fit.

    `loaded` asks whether they fit into what is free now; otherwise whether they ever could.
    """
    needed = parameters * bytes_each * _HEADROOM
    memory = psutil.virtual_memory()
    there, where = (
        (memory.available, "are free") if loaded else (memory.total, "is all this machine has")
    )
    if needed > there:
        raise EngineError(
            f"{label} needs about {needed / 1e9:.1f} GB of memory to run;"
            f" {there / 1e9:.1f} GB {where}.",
            way_out="Pick a smaller model, or run Basewise on a larger machine.",
        )
