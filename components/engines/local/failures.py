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
_IN_MODEL_CODE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
_MODEL_CODE = (
    "transformers/models/",
    "transformers/cache_utils.py",
    "transformers/masking_utils.py",
)


def is_models_failure(error: Exception) -> bool:
    """Whether the model failed, rather than this program."""
    if isinstance(error, _ALWAYS):
        return True
    raised_in = Path(traceback.extract_tb(error.__traceback__)[-1].filename).as_posix()
    return isinstance(error, _IN_MODEL_CODE) and any(part in raised_in for part in _MODEL_CODE)
