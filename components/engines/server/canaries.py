"""Whether a server answers as it did before: the fingerprint in its model's identity.

Servers do not say which weights they have loaded. A few probabilities after a fixed prompt are kept
on disk; a server whose own are within rounding of them has the fingerprint that they had.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence

from components.assets import cache_root

_log = logging.getLogger(__name__)

# Total variation over the probabilities told: batches of another size move it by less in 16 bits.
_SAME = 0.02
_KEPT = 20


def fingerprint(server: Sequence[str], probabilities: Sequence[float]) -> str:
    """Eight hexadecimal digits, the same where this server told (nearly) the same before."""
    name = hashlib.sha256(json.dumps(list(server)).encode()).hexdigest()[:32]
    file = cache_root() / "servers" / f"{name}.json"
    known: list[dict[str, object]] = []
    try:
        known = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        pass
    except (OSError, ValueError) as error:
        _log.warning("%s can't be read: a server counts as a new one: %s", file, error)
    for one in known:
        if _distance(one["probabilities"], probabilities) <= _SAME:  # type: ignore[arg-type]
            return str(one["fingerprint"])
    text = json.dumps([list(server), [f"{p:.6f}" for p in probabilities]])
    mark = hashlib.sha256(text.encode()).hexdigest()[:8]
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(".partial")
        known = [*known, {"fingerprint": mark, "probabilities": list(probabilities)}][-_KEPT:]
        partial.write_text(json.dumps(known), encoding="utf-8")
        partial.replace(file)
    except OSError as error:
        _log.warning("A server's fingerprint is not kept: %s", error)
    return mark


def _distance(first: Sequence[float], second: Sequence[float]) -> float:
    if len(first) != len(second):
        return 1.0
    return sum(abs(a - b) for a, b in zip(first, second, strict=True)) / 2
