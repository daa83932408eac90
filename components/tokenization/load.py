"""Load a model's tokenizer into the app. Imports transformers, not torch."""

from __future__ import annotations

import ctypes
import sys
from threading import Lock
from typing import TYPE_CHECKING

from components.assets import Asset, fetch_tokenizer
from components.control import Control
from components.errors import TokenizerError
from components.registry import load_registry
from components.tokenization.fast_tokenizer import as_for_inference
from components.tokenization.trial import try_tokenizer

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

# Reading holds Python's global lock anyway, and importing transformers is not for two threads.
_opening = Lock()


def load_tokenizer(repo_id: str, control: Control | None = None) -> PreTrainedTokenizerFast:
    """The tokenizer of a model, fetched if it is not on this disk.

    Raises UnknownModelError for a malformed id, AssetError if no source has it, TokenizerError
    if its files are no tokenizer.
    """
    registry = load_registry()
    return open_tokenizer(fetch_tokenizer(registry.resolve(repo_id), registry, control))


def open_tokenizer(asset: Asset) -> PreTrainedTokenizerFast:
    """The tokenizer in a fetched folder, as its tokenizer.json has it, without training's settings.

    One that the registry does not pin is first tried on short and long texts in a process of its
    own. TokenizerError says what is wrong with it.
    """
    if not asset.is_pinned:
        try_tokenizer(asset.folder)
    with _opening:
        from transformers import PreTrainedTokenizerFast

        try:
            # Not AutoTokenizer: a model's own class may rebuild the tokenizer instead of reading
            # it.
            tokenizer = PreTrainedTokenizerFast.from_pretrained(asset.folder, local_files_only=True)
        except Exception as error:
            raise TokenizerError(
                f"The tokenizer files of {asset.describe()} can't be read: {error}",
                way_out="Pick another model, or delete the folder to have it fetched again:"
                f" {asset.folder}",
            ) from error
    as_for_inference(tokenizer.backend_tokenizer)
    return tokenizer


def give_memory_back() -> None:
    """Return what dropped tokenizers occupied to the system; glibc keeps it otherwise."""
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
        libc.malloc_trim(0)
