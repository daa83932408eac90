"""What a function in a process of its own may take, and how the system is told."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

_NICE = 5  # pages come first
_MB = 1_000_000
_PAGE_TABLE = Path("/proc/self/statm")


@dataclass(frozen=True)
class Limits:
    """What the function may take.

    `memory_mb` is address space in megabytes beyond what Python and the function's imports take,
    `cpu_seconds` processor time and `seconds` wall time with the start, `output_mb` the size of
    the result. Systems without such limits (Windows; macOS for memory) have wall time alone.
    """

    memory_mb: int
    cpu_seconds: int
    seconds: float
    output_mb: int = 8


# What follows is called in the process of its own.


def impose(limits: Limits) -> None:
    """From now on this process has these limits, but for wall time, which its caller watches."""
    if os.name != "posix":
        return
    import resource

    os.nice(_NICE)
    most = resource.RLIM_INFINITY
    output = limits.output_mb * _MB
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (output, output))
    cpu_seconds = int(time.process_time()) + 1 + limits.cpu_seconds
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, most))
    allow_memory(limits.memory_mb)


def allow_processor_time(seconds: int) -> None:
    """From now on the function may take so many seconds of processor time, and no more.

    Called by a function that knows better than its caller what its next step is worth.
    """
    if os.name == "posix":
        import resource

        used = time.process_time()
        _, most = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (int(used) + 1 + seconds, most))


def allow_memory(megabytes: int) -> None:
    """From now on the function may take so many megabytes of address space on top of what it has.

    Called by a function after imports that take more than it may take itself.
    """
    if sys.platform == "linux":
        import resource

        pages = int(_PAGE_TABLE.read_text(encoding="ascii").split()[0])
        space = pages * resource.getpagesize() + megabytes * _MB
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        if most != resource.RLIM_INFINITY:
            space = min(space, most)
        resource.setrlimit(resource.RLIMIT_AS, (space, most))
