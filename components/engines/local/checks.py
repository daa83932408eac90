"""What a model's first use found out, on disk: it holds while model and libraries stay the same."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from components.assets import cache_root
from components.engines.base import ModelId

_log = logging.getLogger(__name__)


def recall(model_id: ModelId, *what: object) -> dict[str, Any] | None:
    """What was found earlier of `what`, if this model was checked with these libraries.

    A model without a revision may be another one under the same name next time: nothing is kept.
    """
    if not model_id.revision:
        return None
    file = _file(model_id, what)
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        if isinstance(content, dict):
            return content
        _log.warning("%s holds no object, the model is checked anew", file)
    except FileNotFoundError:
        pass
    except (OSError, ValueError) as error:
        _log.warning("%s can't be read, the model is checked anew: %s", file, error)
    return None


def keep(model_id: ModelId, *what: object, found: dict[str, Any]) -> None:
    """Keep what was found for later processes, if the folder for it can be written."""
    if not model_id.revision:
        return
    file = _file(model_id, what)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(".partial")
        partial.write_text(json.dumps(found), encoding="utf-8")
        partial.replace(file)
    except OSError as error:
        _log.warning("The check of %s is not kept: %s", model_id.repo_id, error)


def _file(model_id: ModelId, what: tuple[object, ...]) -> Path:
    libraries = {name: version(name) for name in ("torch", "transformers")}
    key = [asdict(model_id), *what, libraries]
    digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()
    return cache_root() / "checks" / f"{digest[:32]}.json"
