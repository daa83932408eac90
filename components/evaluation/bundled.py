"""The run that comes with the app, so that there is something true to see before any click.

The command line made it, with SmolLM2 135M Instruct and Gemma 3 270M in fp32 on a CPU:
`python -m components.evaluation run --models … --rows catalogue --tolerance 0.01 --out …`
"""

import lzma
import tempfile
from pathlib import Path

from components.evaluation.store import RunStore
from components.evaluation.transfer import take_run

BUNDLED_FILE = Path(__file__).with_name("data") / "catalogue_run.sqlite.xz"
BUNDLED_RUN = "0836509808ecff2072a5"


def import_bundled(store: RunStore) -> str:
    """Put the bundled run into a store that lacks it, read-only; its id. Raises RunStoreError.

    Both small models on all products of the catalogue.
    """
    if BUNDLED_RUN not in {info.id for info in store.runs()}:
        with tempfile.TemporaryDirectory() as folder, lzma.open(BUNDLED_FILE) as packed:
            file = Path(folder) / "run.sqlite"
            file.write_bytes(packed.read())
            take_run(store, file, owner="", origin="bundled")
    return BUNDLED_RUN
