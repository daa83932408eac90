"""How much the fuzz tests run: a little with every suite, and as much as is asked for.

BASEWISE_TEST_FUZZ=300 runs 300 of each, BASEWISE_TEST_FUZZ_FROM=100 those after the first 100; both
are taken out of the environment, where the app would call them no settings of its own.
"""

import os
import resource

_ASKED = int(os.environ.pop("BASEWISE_TEST_FUZZ", "0"))
_FROM = int(os.environ.pop("BASEWISE_TEST_FUZZ_FROM", "0"))


def fuzz_cases(usually: int) -> range:
    """The seeds of the cases to run: `usually` so many, or those that the environment asks for."""
    return range(_FROM, _FROM + (_ASKED or usually))


def processor_seconds() -> float:
    """What this process and those that it waited for took: a hang, whatever else runs here."""
    return sum(
        used.ru_utime + used.ru_stime
        for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )
