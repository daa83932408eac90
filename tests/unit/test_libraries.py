"""What runs models is imported once, and kept out of garbage collections; models are not."""

import subprocess
import sys

import pytest

from benchmarks.serving import REPOSITORY

_SCRIPT = """
import gc, threading, weakref
from components.engines.local.libraries import import_libraries

threads = [threading.Thread(target=import_libraries) for _ in range(2)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
assert gc.get_freeze_count() > 100_000, gc.get_freeze_count()

from tests.support.small_repositories import small_llama
model = small_llama()
import_libraries()
gone = weakref.ref(model)
del model
gc.collect()
assert gone() is None
"""


@pytest.mark.slow
def test_collections_leave_the_libraries_out_and_models_are_still_collected():
    ended = subprocess.run(
        [sys.executable, "-c", _SCRIPT], cwd=REPOSITORY, capture_output=True, text=True, timeout=120
    )
    assert ended.returncode == 0, ended.stderr
