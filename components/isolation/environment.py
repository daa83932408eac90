"""Where a process of its own starts, and the environment that it is given."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# One thread and one arena: address space that is only reserved would count against the limit.
_ENVIRONMENT = {
    "TOKENIZERS_PARALLELISM": "false",
    "RAYON_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "PYTHONUTF8": "1",
}
# What the process is given of this one's environment: no token, no address, no key.
_PASSED_ON = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "TEMP",
    "TMP",
    "SYSTEMROOT",
    "VIRTUAL_ENV",
)


def clean_environment() -> dict[str, str]:
    """What is passed on of this process's environment, and what sets libraries to one thread."""
    return {k: os.environ[k] for k in _PASSED_ON if k in os.environ} | _ENVIRONMENT
