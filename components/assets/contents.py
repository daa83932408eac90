"""What a model repository holds, told from its file names and its small JSON files."""

import json
import re
from collections.abc import Collection
from pathlib import Path, PurePosixPath
from typing import Any

from components.assets.store import SourceError

WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
ADAPTER_CONFIG = "adapter_config.json"
CONFIG_PATTERNS = ["config.json", "generation_config.json", INDEX]
# Plain names in the repository's own folders: no pattern, nothing that leaves the folder, nothing
# that a file system refuses.
_FOLDER, _FILE = r"\w[\w.-]{0,127}/", r"\w[\w.-]{0,127}"
_WEIGHTS_NAME = re.compile(rf"(?:{_FOLDER}){{0,4}}{_FILE}\.safetensors", re.ASCII)
# The largest models in use have 200 shards, and an index of 9 MB.
_MOST_SHARDS = 2000
_MOST_JSON_BYTES = 30_000_000


class ContentsError(SourceError):
    """A repository that holds no weights that can run here, and what to do."""


def weights_names(folder: Path) -> list[str]:
    """The safetensors files that make up the model of `folder`: what its index names, or the one.

    ContentsError for an index that can't be read, or that names files outside the repository.
    """
    index = folder / INDEX
    if (folder / WEIGHTS).is_file() or not index.is_file():
        return [WEIGHTS]
    weight_map = _json(index).get("weight_map")
    names = set(weight_map.values()) if isinstance(weight_map, dict) else set()
    if not names or not all(isinstance(name, str) for name in names):
        raise ContentsError(f"it has no readable {index.name}")
    if unsafe := sorted(name for name in names if _WEIGHTS_NAME.fullmatch(name) is None):
        shown = repr(unsafe[0][:60])
        raise ContentsError(f"its index names files that are no weights of its own ({shown})")
    if len(names) > _MOST_SHARDS:
        raise ContentsError(
            f"its index names {len(names):,} files, and no model in use has as many"
        )
    return sorted(names)


def missing_weights_file(folder: Path) -> str | None:
    """The first file that a folder of weights lacks; None if it is complete."""
    if (name := missing_config_file(folder)) is not None:
        return name
    try:
        names = weights_names(folder)
    except ContentsError:
        return f"readable {INDEX}"
    return next((name for name in names if not (folder / name).is_file()), None)


def missing_config_file(folder: Path) -> str | None:
    return None if (folder / "config.json").is_file() else "config.json"


def explain_missing(missing: str, files: Collection[str], adapter: Path | None) -> ContentsError:
    """Why a repository with these files lacks `missing`, and what to do.

    `adapter` is its adapter_config.json on this disk, where it has one.
    """
    kinds = {PurePosixPath(name).suffix.lower() for name in files}
    safetensors = sorted(name for name in files if name.endswith(".safetensors"))
    if adapter is not None or any(name.startswith("adapter_model.") for name in files):
        return _adapter(_json(adapter) if adapter is not None else {})
    if "model_index.json" in files:
        return ContentsError("it is a pipeline that makes images, not a language model")
    if safetensors and missing != WEIGHTS:
        return ContentsError(f"it has no {missing}")
    if safetensors:
        return ContentsError(
            f"its weights are not named as transformers names them ({safetensors[0]})",
            "pick the repository of this model in the layout of transformers",
        )
    original = "pick the repository of the original weights as safetensors"
    if ".gguf" in kinds:
        reason = "it has GGUF files only"
        return ContentsError(reason, f"{original}, or serve the GGUF file with llama.cpp")
    if ".onnx" in kinds:
        return ContentsError("it has ONNX files only", original)
    if kinds & {".bin", ".pt", ".pth", ".ckpt"}:
        return ContentsError(
            "it has no safetensors weights, only pickled ones, which can run code",
            "pick a copy as safetensors: some repositories have one in another revision",
        )
    if kinds & {".h5", ".msgpack", ".npz"}:
        return ContentsError("it has no safetensors weights, only another framework's", original)
    return ContentsError(f"it has no {'safetensors weights' if missing == WEIGHTS else missing}")


def _adapter(config: dict[str, Any]) -> ContentsError:
    base = config.get("base_model_name_or_path")
    if not isinstance(base, str) or not base:
        return ContentsError("it is an adapter, not a model", "load the model that it is for")
    return ContentsError(f"it is an adapter for {base}, not a model", f"load {base} instead")


def _json(file: Path) -> dict[str, Any]:
    """The object in a JSON file; an empty one if it holds anything else, or too much."""
    try:
        if file.stat().st_size > _MOST_JSON_BYTES:
            return {}
        content = json.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
