"""The tokenizers library's part of a tokenizer, which does the work of both kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

    AnyTokenizer = PreTrainedTokenizerFast | Tokenizer

ALL_DIGITS_ZERO = str.maketrans("123456789", "000000000")
_known: WeakKeyDictionary[PreTrainedTokenizerFast, frozenset[str]] = WeakKeyDictionary()


def backend(tokenizer: AnyTokenizer) -> Tokenizer:
    """The tokenizer itself, or what a transformers tokenizer is a cover of."""
    return cast("Tokenizer", getattr(tokenizer, "backend_tokenizer", tokenizer))


def added_with_digits(tokenizer: AnyTokenizer) -> frozenset[str]:
    """The added tokens' texts that hold an ASCII digit, each digit written as 0.

    Added tokens are cut out of a text before anything else. Thousands of them take milliseconds
    to list, so that is done once for a transformers tokenizer; the library's own can't be kept
    track of.
    """
    if (found := _known.get(cast("PreTrainedTokenizerFast", tokenizer))) is not None:
        return found
    texts = (token.content for token in backend(tokenizer).get_added_tokens_decoder().values())
    found = frozenset(zeros for text in texts if "0" in (zeros := text.translate(ALL_DIGITS_ZERO)))
    if backend(tokenizer) is not tokenizer:
        _known[cast("PreTrainedTokenizerFast", tokenizer)] = found
    return found
