"""The tokenizers library's part of a tokenizer, which does the work of both kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

    AnyTokenizer = PreTrainedTokenizerFast | Tokenizer


def backend(tokenizer: AnyTokenizer) -> Tokenizer:
    """The tokenizer itself, or what a transformers tokenizer is a cover of."""
    return cast("Tokenizer", getattr(tokenizer, "backend_tokenizer", tokenizer))
