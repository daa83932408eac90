"""Numbers encoded in their context: the one way by which this room gets a number's tokens."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from components.numbers.context import NumberContext

if TYPE_CHECKING:
    from tokenizers import Tokenizer

# Texts per call to the tokenizers library, whose encodings take some kilobytes each.
_BATCH = 1000


class EncodedNumber(NamedTuple):
    """A text with a number in it, encoded without the tokenizer's special tokens.

    `ids` and `offsets` (the characters from, to) are those of all the text's tokens; the number
    is `text[begin:end]`.
    """

    text: str
    ids: list[int]
    offsets: list[tuple[int, int]]
    begin: int
    end: int

    @property
    def number_ids(self) -> list[int]:
        """The tokens that hold at least one of the number's characters."""
        return [
            token
            for token, (start, stop) in zip(self.ids, self.offsets, strict=True)
            if stop > self.begin and start < self.end
        ]


def encode_numbers(
    tokenizer: Tokenizer, context: NumberContext, written: Iterable[str]
) -> list[EncodedNumber]:
    """Each written number's whole text through the tokenizer, in the order given."""
    numbers = list(written)
    texts = [f"{context.prefix}{number}{context.suffix}" for number in numbers]
    begin = len(context.prefix)
    encoded: list[EncodedNumber] = []
    for first in range(0, len(texts), _BATCH):
        batch = texts[first : first + _BATCH]
        encodings = tokenizer.encode_batch(batch, add_special_tokens=False)
        encoded += [
            EncodedNumber(text, encoding.ids, encoding.offsets, begin, begin + len(number))
            for text, encoding, number in zip(
                batch, encodings, numbers[first : first + _BATCH], strict=True
            )
        ]
    return encoded
