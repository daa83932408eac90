"""Run a function in a process of its own, where a crash, a hang or a flood of memory is an error.

For work on what visitors bring: files and patterns that can abort the library which reads them, or
keep it busy for ever. A thread can't be ended and shares its memory with every visitor; a process
can, and does not.
"""

from components.isolation.limits import Limits, allow_memory, allow_processor_time
from components.isolation.run import IsolatedFaultError, IsolationError, run_isolated

__all__ = [
    "IsolatedFaultError",
    "IsolationError",
    "Limits",
    "allow_memory",
    "allow_processor_time",
    "run_isolated",
]
