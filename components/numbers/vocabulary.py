"""A tokenizer's vocabulary as far as numbers go: tokens with digits in them, and separators."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenizers import Tokenizer

SEPARATOR = ","
_DIGITS = frozenset("0123456789")


class NumberVocabulary:
    """The texts of the tokens that can go on with a number. Going over all takes up to a second.

    `separators` are the ids by which the tokenizer writes a thousands separator.
    """

    def __init__(self, tokenizer: Tokenizer):
        self.tokenizer = tokenizer
        tokens = list(tokenizer.get_vocab(with_added_tokens=True).values())
        texts = dict(zip(tokens, self.texts(tokens), strict=True))
        self._with_digits = {i: text for i, text in texts.items() if not _DIGITS.isdisjoint(text)}
        written = tokenizer.encode(f"$1{SEPARATOR}000{SEPARATOR}", add_special_tokens=False).ids
        # Without byte tokens that spell the same: nodes for each would double the trie for nothing.
        self.separators = sorted({i for i in written if texts.get(i) == SEPARATOR})

    def texts(self, tokens: Sequence[int]) -> list[str]:
        """The text that each token adds when it comes after a dollar sign."""
        before = self.tokenizer.encode("$", add_special_tokens=False).ids
        cut = len(self.tokenizer.decode(before, skip_special_tokens=False))
        with_before = [[*before, token] for token in tokens]
        decoded = self.tokenizer.decode_batch(with_before, skip_special_tokens=False)
        return [text[cut:] for text in decoded]

    def continuing(self, unspelled: str, *, after_number: bool) -> set[int]:
        """The tokens that spell `unspelled` and then a digit.

        After a number, also those that spell a separator and then a digit.
        """
        starts = (unspelled, SEPARATOR) if after_number else (unspelled,)
        return {
            token
            for token, text in self._with_digits.items()
            if any(text.startswith(start) and text[len(start) :][:1] in _DIGITS for start in starts)
        }
