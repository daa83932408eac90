"""Load a model's tokenizer, or one that a visitor brings. Imports transformers, not torch."""

from __future__ import annotations

import ctypes
import sys
from threading import Lock
from typing import TYPE_CHECKING

from components.assets import Asset, fetch_tokenizer
from components.control import Control
from components.errors import TokenizerError
from components.registry import load_registry
from components.settings import MAX_UPLOAD_MB

if TYPE_CHECKING:
    from tokenizers import Tokenizer
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
    """The tokenizer in a fetched folder, exactly as its tokenizer.json has it."""
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
    _as_written(tokenizer.backend_tokenizer)
    return tokenizer


def read_tokenizer(content: bytes) -> Tokenizer:
    """The tokenizer in the content of a `tokenizer.json`, read by the tokenizers library alone.

    Raises TokenizerError for content that is too large, is no tokenizer, or is one that can't
    encode.
    """
    way_out = "Upload the file tokenizer.json of a model on the Hub."
    if len(content) > MAX_UPLOAD_MB * 1_000_000:
        raise TokenizerError(
            f"The file has {len(content) / 1e6:,.1f} MB; at most {MAX_UPLOAD_MB} MB are read.",
            way_out=way_out,
        )
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_buffer(content)
        _as_written(tokenizer)
        written = tokenizer.encode("Price is $349").ids
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # the library's panics are no Exception
        raise TokenizerError(
            f"The file is no tokenizer.json that the tokenizers library can read: {error}",
            way_out=way_out,
        ) from error
    if not written:
        raise TokenizerError(
            "This tokenizer has no tokens for “Price is $349”.",
            way_out="Its vocabulary is empty or has no digits: upload another.",
        )
    return tokenizer


def give_memory_back() -> None:
    """Return what dropped tokenizers occupied to the system; glibc keeps it otherwise."""
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
        libc.malloc_trim(0)


def _as_written(tokenizer: Tokenizer) -> None:
    # A tokenizer.json can carry settings from training that would cut a text short.
    tokenizer.no_truncation()
    tokenizer.no_padding()
