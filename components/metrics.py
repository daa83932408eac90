"""What happened in this process, counted for the host's monitoring."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from components.errors import BasewiseError, StoppedError

Family = Literal["predictions", "refused", "fallbacks"]
HELP: dict[Family, str] = {
    "predictions": "Predictions that were computed, live and in runs.",
    "refused": "What ended in an error that a visitor or a run was told, by its kind.",
    "fallbacks": "What was done in another way than the first, by what it was.",
}

_counts: Counter[tuple[Family, str]] = Counter()
_lock = threading.Lock()  # guards _counts


def count(family: Family, kind: str = "") -> None:
    """One more of this. Safe to call from any thread."""
    with _lock:
        _counts[family, kind] += 1


def counts() -> dict[tuple[Family, str], int]:
    """What was counted since the process began; each family is there, if only with a zero."""
    with _lock:
        found = dict(_counts)
    for family in HELP:
        if not any(of == family for of, _ in found):
            found[family, ""] = 0
    return found


@contextmanager
def counted_refusals() -> Iterator[None]:
    """Counts the error that the work ends with, by its kind; what was stopped is none."""
    try:
        yield
    except StoppedError:
        raise
    except BasewiseError as error:
        count("refused", type(error).__name__)
        raise
