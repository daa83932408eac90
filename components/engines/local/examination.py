"""What a model repository's files ask for, found out before the app reads them.

A config is a program of a kind: transformers makes lists and tables as long as it says. A weights
file's head is a stranger's too. Where the registry does not pin them, both are read in a process of
its own first; what it takes too much memory or time for, or crashes on, is a message.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from components.assets import Asset
from components.control import Control
from components.engines.local.architecture import read_architecture
from components.engines.local.claims import refuse_beyond_reason, refuse_unlike_weights
from components.engines.local.failures import in_words, is_loading_failure
from components.engines.local.layout import (
    Layout,
    read_layout,
    refuse_unexplained,
    stored_numbers,
    stored_tensors,
)
from components.errors import BasewiseError, EngineError
from components.isolation import IsolationError, Limits, allow_memory, run_isolated

# transformers swaps process-wide settings while it makes or loads a model, and restores what it saw
# before: two at once can leave another's in place.
loading = threading.Lock()
# Importing torch and transformers takes address space, and some seconds of any machine.
_IMPORTS_MB = 40_000
_MEMORY_MB = 1500
_CONFIG = Limits(_IMPORTS_MB, cpu_seconds=60, seconds=150)
_WEIGHTS = Limits(_IMPORTS_MB, cpu_seconds=120, seconds=300)
_ANOTHER = "Pick another model, or another copy of this one."
_ENDED = {
    "memory": "takes more memory than that of any model in use",
    "time": "takes too long",
    "crash": "ends in a crash",
    "output": "takes too much room",
}


def examined_config(config: Asset, label: str, control: Control | None = None) -> Layout:
    """How the weights of a repository with this config are stored, if they can run here.

    EngineError for a config that asks for more than any model has, is none of a causal language
    model, can't be read, or is quantized in a way that does not run here.
    """
    asked = {"folder": str(config.folder), "label": label}
    if config.is_pinned:
        return Layout(**examine_config(asked))
    return Layout(**_elsewhere(config_here, asked, "config", _CONFIG, control))


def examined_weights(
    weights: Asset, label: str, layout: Layout, control: Control | None = None
) -> dict[str, int]:
    """How many numbers of each kind a folder's weights hold, if they are those of its config.

    EngineError for weights that are quantized unsaid, fewer than the config asks for, or damaged.
    """
    asked = {
        "folder": str(weights.folder),
        "label": label,
        "source": weights.describe(),
        "layout": asdict(layout),
    }
    if weights.is_pinned:
        return examine_weights(asked)
    return _elsewhere(weights_here, asked, "weights", _WEIGHTS, control)


def _elsewhere(
    examine: Callable[[bytes], Any],
    asked: Mapping[str, Any],
    what: str,
    limits: Limits,
    control: Control | None,
) -> Any:
    label = asked["label"]
    (control or Control()).report(f"Examining the {what} of {label}")
    try:
        return run_isolated(examine, json.dumps(asked).encode(), limits, control, "models")
    except IsolationError as error:
        raise EngineError(
            f"The {what} of {label} can't be used: reading it {_ENDED[error.reason]}.",
            way_out=_ANOTHER,
            details=error.detail or None,
        ) from error


def examine_config(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What `examined_config` asks."""
    folder, label = Path(asked["folder"]), asked["label"]
    refuse_beyond_reason(folder, label)
    layout = read_layout(folder, label)
    read_architecture(folder, label)
    return asdict(layout)


def examine_weights(
    asked: Mapping[str, Any], when_read: Callable[[], None] = lambda: None
) -> dict[str, int]:
    """What `examined_weights` asks; `when_read` is called once the files are closed again."""
    folder, label = Path(asked["folder"]), asked["label"]
    with loading_failures(asked["source"]):
        stored = stored_tensors(folder)
        when_read()
        refuse_unexplained(stored, label, Layout(**asked["layout"]))
        with loading:
            refuse_unlike_weights(read_architecture(folder, label), label, stored)
    return stored_numbers(stored)


@contextmanager
def loading_failures(source: str) -> Iterator[None]:
    """EngineError for what the libraries refuse of weights; what is ours is raised as it is."""
    try:
        yield
    except BasewiseError:  # StoppedError too
        raise
    except Exception as error:
        if not is_loading_failure(error):
            raise
        raise EngineError(
            f"The weights of {source} could not be loaded.",
            way_out=_ANOTHER,
            details=in_words(error),
        ) from error


# What follows runs in the process of its own.


def config_here(payload: bytes) -> dict[str, Any]:
    """`examine_config` with little memory beyond its imports."""
    _import_libraries()
    allow_memory(_MEMORY_MB)
    return examine_config(json.loads(payload))


def weights_here(payload: bytes) -> dict[str, int]:
    """`examine_weights` with little memory beyond its imports and the files, while they are open.

    They are mapped, which counts as address space.
    """
    asked = json.loads(payload)
    _import_libraries()
    files = Path(asked["folder"]).rglob("*.safetensors")
    largest = max((file.stat().st_size for file in files), default=0)
    allow_memory(_MEMORY_MB + largest // 1_000_000)
    return examine_weights(asked, lambda: allow_memory(_MEMORY_MB))


def _import_libraries() -> None:
    import torch
    from transformers import AutoModelForCausalLM, PreTrainedModel  # noqa: F401

    torch.set_num_threads(1)
