"""Where models run on this machine, and in which precision."""

from __future__ import annotations

import time
from functools import cache
from typing import TYPE_CHECKING

from components.errors import EngineError
from components.settings import load_settings, variable

if TYPE_CHECKING:
    import torch


def chosen_device() -> str:
    """What $BASEWISE_DEVICE says, else the best there is: `cuda`, `mps` or `cpu`.

    EngineError if torch does not have the device that was set.
    """
    import torch

    usable = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    chosen = load_settings().device
    if chosen is None:
        return next((device for device, is_usable in usable.items() if is_usable), "cpu")
    if not usable.get(chosen, True):
        raise EngineError(
            f"{variable('device')} is {chosen}, which torch can't use on this machine.",
            way_out="Set it to another device, or install a build of torch for it.",
        )
    return chosen


def chosen_dtype(device: str) -> torch.dtype:
    """What $BASEWISE_DTYPE says, else what suits the device."""
    import torch

    if (chosen := load_settings().dtype) is not None:
        return getattr(torch, chosen)
    return _faster_on_cpu() if device == "cpu" else torch.bfloat16


@cache
def _faster_on_cpu() -> torch.dtype:
    """bf16 where this processor multiplies matrices clearly faster in it, else fp32.

    Measured once, in a fifth of a second: the instruction sets that make the difference (AMX,
    AVX-512 BF16, their Arm kin) have no common flag to look up.
    """
    import torch

    def seconds(dtype: torch.dtype) -> float:
        time.sleep(0.002)  # a thread that has slept is scheduled at once
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
