"""Texts that are too long for an address, kept on disk under an id made of their content."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from pathlib import Path

MOST_CHARACTERS = 20_000
_MOST_TEXTS = 5_000
_ID = re.compile(r"[0-9a-f]{20}")


class TextStore:
    """A folder of texts. The same text has the same id; a text is never changed.

    Safe to use from several threads and processes. Raises OSError where the folder can't be used.
    """

    def __init__(self, folder: Path):
        self._folder = folder

    def put(self, text: str) -> str:
        """Keep the text; its id. The oldest go where there are too many. ValueError if too long."""
        if len(text) > MOST_CHARACTERS:
            raise ValueError(f"at most {MOST_CHARACTERS:,} characters are kept")
        key = text_id(text)
        place = self._folder / key
        if place.exists():
            return key
        self._folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._folder, prefix=".")
        with os.fdopen(handle, "wb") as file:
            file.write(_bytes(text))
        Path(name).replace(place)
        self._forget_oldest()
        return key

    def get(self, key: str) -> str | None:
        """The text of an id; None if it is not here, or has been changed on disk."""
        if not _ID.fullmatch(key):
            return None
        try:
            text = (self._folder / key).read_bytes().decode("utf-8", "surrogatepass")
        except (FileNotFoundError, UnicodeDecodeError):
            return None
        return text if text_id(text) == key else None

    def _forget_oldest(self) -> None:
        kept = [file for file in self._folder.iterdir() if _ID.fullmatch(file.name)]
        if len(kept) > _MOST_TEXTS:
            for file in sorted(kept, key=lambda one: one.stat().st_mtime)[:-_MOST_TEXTS]:
                file.unlink(missing_ok=True)


def text_id(text: str) -> str:
    """The id of a text: the start of its SHA-256."""
    return hashlib.sha256(_bytes(text)).hexdigest()[:20]


def _bytes(text: str) -> bytes:
    # Halves of characters can be in an address, and come back as they were.
    return text.encode("utf-8", "surrogatepass")
