"""What runs models is imported without holding up pages, and kept out of garbage collections."""

import subprocess
import sys

from benchmarks.serving import REPOSITORY

_SCRIPT = """
import gc, threading, time, weakref
from components.engines.local.libraries import import_libraries

pauses = []
done = threading.Event()

def pages():
    while not done.wait(0.2):
        started = time.thread_time()
        gc.collect(2)
        pauses.append(time.thread_time() - started)

threading.Thread(target=pages, daemon=True).start()
threads = [threading.Thread(target=import_libraries) for _ in range(2)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
done.set()
assert gc.get_freeze_count() > 100_000, gc.get_freeze_count()
assert len(pauses) > 2 and sorted(pauses)[len(pauses) // 2] < 0.1, pauses
started = time.thread_time()
gc.collect(2)
assert time.thread_time() - started < 0.1

from tests.support.small_repositories import small_llama
model = small_llama()
import_libraries()
gone = weakref.ref(model)
del model
gc.collect()
assert gone() is None
"""


def test_pages_are_held_up_by_no_collection_and_models_are_still_collected():
    ended = subprocess.run(
        [sys.executable, "-c", _SCRIPT], cwd=REPOSITORY, capture_output=True, text=True, timeout=120
    )
    assert ended.returncode == 0, ended.stderr
