"""The tokenizers library's part of a tokenizer, which does the work of both kinds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

    AnyTokenizer = PreTrainedTokenizerFast | Tokenizer

_UNK_ID = re.compile(rb'"unk_id":\s*(\d+)')


def backend(tokenizer: AnyTokenizer) -> Tokenizer:
    """The tokenizer itself, or what a transformers tokenizer is a cover of."""
    return cast("Tokenizer", getattr(tokenizer, "backend_tokenizer", tokenizer))


def as_for_inference(tokenizer: Tokenizer) -> None:
    """Undo what a tokenizer.json carries over from training, in place.

    Truncation and padding would cut a text short or lengthen it, dropout (BPE-dropout, Provilkov
    et al. 2020) cut the same text in another way each time.
    """
    tokenizer.no_truncation()
    tokenizer.no_padding()
    if getattr(tokenizer.model, "dropout", None) is not None:
        tokenizer.model.dropout = None


def unknown_token(tokenizer: AnyTokenizer) -> int | None:
    """The id that stands for text which the vocabulary lacks; None if there is none."""
    library = backend(tokenizer)
    model = library.model
    if type(model).__name__ == "Unigram":  # the one kind that does not say it by an attribute
        found = _UNK_ID.search(model.__getstate__())
        return int(found.group(1)) if found else None
    token = getattr(model, "unk_token", None)
    return None if token is None else library.token_to_id(token)
