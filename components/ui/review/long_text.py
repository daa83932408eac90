"""Texts of a decision: short ones are in the address, long ones on this host under an id."""

from __future__ import annotations

import logging
import re

from components.evaluation.host import host_store_path
from components.review import TextStore
from components.ui.kit.permalinks import Parameter

# Three such texts and everything else stay below what browsers and proxies take.
_LONGEST_IN_ADDRESS = 1_200
_REFERENCE = re.compile(r"~([0-9a-f]{20})")
_log = logging.getLogger(__name__)


def _store() -> TextStore:
    return TextStore(host_store_path().with_name("texts"))


def kept_text(name: str) -> Parameter[str]:
    """A text of any length that is taken; in the address as itself, or as `~` and its id."""
    return Parameter(name, "", _read, _write, usable=lambda text: not text or _read([text]) != "")


def _read(texts: list[str]) -> str:
    text = "".join(texts[:1])
    found = _REFERENCE.fullmatch(text)
    return text if found is None else _store().get(found[1]) or ""


def _write(text: str) -> list[str]:
    if len(text) <= _LONGEST_IN_ADDRESS:
        return [text] if text else []
    try:
        return [f"~{_store().put(text)}"]
    except OSError:  # kept for this visit, and in an address if it is not longer than that takes
        _log.warning("A text of a decision can't be kept", exc_info=True)
        return [text]
