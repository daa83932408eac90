"""How much the fuzz tests run: a little with every suite, and as much as is asked for.

BASEWISE_TEST_FUZZ=300 runs 300 of each; it is taken out of the environment, where the app would
call it no setting of its own.
"""

import os
import resource

_ASKED = int(os.environ.pop("BASEWISE_TEST_FUZZ", "0"))


def fuzz_size(usually: int) -> int:
    """How many cases to run: `usually` so many, or what the environment asks for."""
    return _ASKED or usually


def processor_seconds() -> float:
    """What this process and those that it waited for took: a hang, whatever else runs here."""
    return sum(
        used.ru_utime + used.ru_stime
        for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )
