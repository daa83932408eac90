"""torch and transformers, imported once, and kept out of garbage collections."""

import gc
import threading
from functools import cache

_lock = threading.Lock()


def import_libraries() -> None:
    """Import what runs models, and take what it keeps for ever out of garbage collections.

    With half a million objects of these libraries a full collection takes 0.3 s, in which neither a
    model nor a page gets on. Done once, before there is a model: one that was set aside could not
    be collected.
    """
    with _lock:
        _import_once()


@cache
def _import_once() -> None:
    import torch  # noqa: F401
    from transformers import AutoModelForCausalLM  # noqa: F401

    gc.collect()
    gc.freeze()
