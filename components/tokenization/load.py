"""Load a model's tokenizer. Imports transformers, not torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.assets import Asset, Progress, fetch_tokenizer, silent
from components.errors import TokenizerError
from components.registry import load_registry

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast


def load_tokenizer(repo_id: str, progress: Progress = silent) -> PreTrainedTokenizerFast:
    """The tokenizer of a model, fetched if it is not on this disk.

    Raises UnknownModelError for a malformed id, AssetError if no source has it, TokenizerError
    if its files are no tokenizer.
    """
    registry = load_registry()
    return open_tokenizer(fetch_tokenizer(registry.resolve(repo_id), registry, progress))


def open_tokenizer(asset: Asset) -> PreTrainedTokenizerFast:
    """The tokenizer in a fetched folder, exactly as its tokenizer.json has it."""
    from transformers import PreTrainedTokenizerFast

    try:
        # Not AutoTokenizer: a model's own class may rebuild the tokenizer instead of reading it.
        tokenizer = PreTrainedTokenizerFast.from_pretrained(asset.folder, local_files_only=True)
    except Exception as error:
        raise TokenizerError(
            f"The tokenizer files of {asset.describe()} can't be read: {error}",
            way_out="Pick another model, or delete the folder to have it fetched again:"
            f" {asset.folder}",
        ) from error
    # A tokenizer.json can carry settings from training that would cut a text short.
    tokenizer.backend_tokenizer.no_truncation()
    tokenizer.backend_tokenizer.no_padding()
    return tokenizer
