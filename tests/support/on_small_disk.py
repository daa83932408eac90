"""Work on a disk that is too small, then on the same disk once it has room: a process of its own.

python -m tests.support.on_small_disk FOLDER download MODEL | package JSON | runs

FOLDER is where the disk is; BASEWISE_CACHE lies on it. Prints what was said, then what is there.
"""

import subprocess
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path

from components.assets import fetch_weights
from components.assets.packages import fetch_package
from components.assets.store import SourceError
from components.control import Control
from components.errors import BasewiseError
from components.evaluation import RunStore
from components.registry import ModelRegistry, ModelSpec, Package
from tests.support.scripted_runs import MODELS, plan, prediction


def download(model: str) -> str:
    spec = ModelSpec(id=model, label="Small", organization="Acme")
    return str(fetch_weights(spec, ModelRegistry([spec], [])).folder)


def package(told: str) -> str:
    return str(fetch_package(Package.model_validate_json(told), Control()))


def runs(folder: str) -> str:
    """Predictions of a run until the disk is full, and those that are missing after that."""
    path = Path(folder) / "runs.sqlite"
    store = RunStore(path)
    known = store.runs()
    whole = plan(200)
    run = known[0].id if known else store.create(whole, "me").id
    answer = prediction(whole.rows[0].item, MODELS[0])
    try:
        for item in store.pending(run, MODELS[0]):
            store.add(run, MODELS[0], prediction(item, answer.model.repo_id))
    finally:
        store.close()
    return str(len(RunStore(path).predictions(run, MODELS[0])))


_WORK: dict[str, Callable[[str], str]] = {"download": download, "package": package, "runs": runs}


def main() -> None:
    folder, name, *given = sys.argv[1:]
    argument = given[0] if given else folder
    for attempt in count():
        try:
            print(_WORK[name](argument))
            return
        except BasewiseError as error:
            print(error)
        except SourceError as error:
            print(error, error.way_out)
        assert attempt == 0, "it fails with room, too"
        subprocess.run(["mount", "-o", "remount,size=300m", folder], check=True)


if __name__ == "__main__":
    main()
