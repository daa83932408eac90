"""A process whose children do what is written to it, a line each, until they end or are killed.

`download MODEL`, `predict-one MODEL STORE`, `predict MODEL STORE`, `check MODEL STORE`,
`import FILE STORE`. A child's process id is printed, then how it ended.
"""

import os
import sys
from pathlib import Path

import numpy as np

from components.assets import fetch_weights
from components.control import Control
from components.evaluation import InferenceSettings, Item, Predictor, RunStore
from components.evaluation.transfer import import_run
from components.registry import ModelRegistry, ModelSpec

_SETTINGS = InferenceSettings(tolerance=0.05)


def download(model: str) -> None:
    spec = ModelSpec(id=model, label="Small", organization="Acme")
    fetch_weights(spec, ModelRegistry([spec], []))


def predict(model: str, store: str, count: int = 100_000) -> None:
    path = Path(store)
    predictor = Predictor(engines=1, answers=1, store=RunStore(path), stored=100_000)
    for number in range(count):
        predictor.predict(model, _item(os.getpid() if number else 0, number), _SETTINGS, Control())


def predict_one(model: str, store: str) -> None:
    predict(model, store, 1)


def check(model: str, store: str) -> None:
    """What was stored of the first item is what a process that stored nothing finds out."""
    stored = Predictor(engines=1, answers=1, store=RunStore(Path(store)), stored=100_000)
    fresh = Predictor(engines=1, answers=1)
    item = _item(0, 0)
    files = stored.files(model, _SETTINGS, Control())
    known = stored.known(files.id, item, _SETTINGS)
    assert known is not None
    again = fresh.predict(model, item, _SETTINGS, Control())
    difference = np.abs(known.distribution.probabilities - again.distribution.probabilities).max()
    assert difference < 1e-5, f"another answer, by {difference}"
    assert known.continuation == again.continuation


def bring_in(file: str, store: str) -> None:
    import_run(RunStore(Path(store)), Path(file), "me")


def _item(begun: int, number: int) -> Item:
    return Item(f"{begun}-{number}", f"lamp {begun} {number}. Price is $")


_WORK = {
    "download": download,
    "predict": predict,
    "predict-one": predict_one,
    "check": check,
    "import": bring_in,
}


def main() -> None:
    import huggingface_hub  # noqa: F401  (imported once, for all children)
    import torch  # noqa: F401
    import transformers  # noqa: F401

    print("ready", flush=True)
    for line in sys.stdin:
        name, *arguments = line.split()
        child = os.fork()
        if child == 0:
            _WORK[name](*arguments)
            os._exit(0)
        print(child, flush=True)
        _, status = os.waitpid(child, 0)
        print(status, flush=True)


if __name__ == "__main__":
    main()
