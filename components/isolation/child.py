"""What runs in the process of its own: it calls the function on its input, and writes the answer.

Its input holds the function's payload; its output begins with a line of JSON that says what became
of the call.
"""

from __future__ import annotations

import json
import os
from importlib import import_module
from typing import Any

from components.errors import BasewiseError
from components.isolation.limits import Limits, impose


def answer_call(name: str, limits: Limits) -> None:
    """Call the function `module:name` on the standard input; its answer is the standard output."""
    results = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no result
    with open(0, "rb", closefd=False) as given:
        payload = given.read()
    answer = _written(_outcome(name, payload, limits))
    if len(answer) > limits.output_mb * 1_000_000:
        told = f"{len(answer) / 1e6:.0f} MB, more than {limits.output_mb}"
        answer = json.dumps({"ended": "output", "detail": told}).encode()
    results.write(answer)
    results.close()


def _outcome(name: str, payload: bytes, limits: Limits) -> dict[str, Any]:
    module, _, function = name.partition(":")
    target = getattr(import_module(module), function)
    impose(limits)
    try:
        return {"value": target(payload)}
    except BasewiseError as error:
        told: dict[str, Any] = {"kind": type(error).__name__, "problem": error.problem}
        told["way_out"] = error.way_out
        told |= {"attempts": [(a.what, a.reason) for a in error.attempts], "details": error.details}
        return {"refused": told}
    except MemoryError:
        return {"ended": "memory", "detail": "MemoryError"}
    except Exception:
        import traceback

        return {"fault": traceback.format_exc()[-4000:]}


def _written(found: dict[str, Any]) -> bytes:
    if isinstance(body := found.get("value"), bytes):
        return b'{"bytes": true}\n' + body
    return json.dumps(found).encode()
