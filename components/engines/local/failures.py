"""Which exceptions are the model's failure, and which are ours.

A fault of ours (a name that a library no longer has, a wrong argument) must not pass for a
property of the model: only what torch and transformers raise in their own code is the model's.
"""

import traceback
from pathlib import Path

# Whatever raises these while a model runs: torch for a shape or an unsupported operation (and
# torch.OutOfMemoryError), the interpreter for memory.
_ALWAYS = (RuntimeError, MemoryError)
# The model's too where its own code raised them: unsupported settings, caches of another kind.
_IN_MODEL_CODE = (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError)
_IN_MODEL_CODE += (ValueError, ImportError, UnboundLocalError)
_MODEL_CODE = (
    "transformers/models/",
    "transformers/cache_utils.py",
    "transformers/masking_utils.py",
)
_LIBRARIES = ("transformers", "torch", "huggingface_hub", "safetensors", "accelerate")
_LIBRARIES += ("bitsandbytes", "tokenizers")


def is_models_failure(error: Exception) -> bool:
    """Whether the model failed while it ran, rather than this program."""
    if isinstance(error, _ALWAYS):
        return True
    if not isinstance(error, _IN_MODEL_CODE):
        return False
    files = [Path(frame.filename).as_posix() for frame in traceback.extract_tb(error.__traceback__)]
    # A wrong argument of ours fails before the model's own code is entered.
    entered = any(part in file for file in files for part in _MODEL_CODE)
    return entered and _is_library(files[-1])


def is_loading_failure(error: Exception) -> bool:
    """Whether a library refused a model's files, rather than this program failed on them."""
    if isinstance(error, (*_ALWAYS, OSError)):
        return True
    if type(error).__module__.partition(".")[0] in _LIBRARIES:  # compiled code has no frame
        return True
    return _is_library(Path(traceback.extract_tb(error.__traceback__)[-1].filename).as_posix())


def in_words(error: Exception) -> str:
    """What an exception says, with its type: some say nothing but a name."""
    return f"{type(error).__name__}: {error}"


def _is_library(file: str) -> bool:
    return any(f"site-packages/{library}/" in file for library in _LIBRARIES)
