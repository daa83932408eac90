"""torch and transformers, imported once, and kept out of garbage collections."""

import gc
import threading

_STEP_SECONDS = 0.1
_lock = threading.Lock()
_ready = threading.Event()


def import_libraries() -> None:
    """Import what runs models, and take what it keeps for ever out of garbage collections.

    Streamlit collects after each run of a page or fragment. With half a million objects of these
    libraries that takes 0.3 s, in which neither a model nor another page gets on; and while they
    are imported, pages that look how far that is would hold it up. Done once, before there is a
    model: one that was set aside could not be collected.
    """
    with _lock:
        if _ready.is_set():
            return
        setting_aside = threading.Thread(target=_set_aside_until_ready, name="libraries")
        setting_aside.daemon = True
        setting_aside.start()
        try:
            import torch  # noqa: F401
            from transformers import AutoModelForCausalLM  # noqa: F401
        finally:
            _ready.set()
            setting_aside.join()
        gc.unfreeze()
        gc.collect()  # what pages left behind meanwhile
        gc.freeze()


def _set_aside_until_ready() -> None:
    while not _ready.wait(_STEP_SECONDS):
        gc.freeze()
