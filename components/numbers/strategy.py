"""The strategy by which a tokenizer writes numbers, with the evidence for it."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from components.numbers.atlas import NumberAtlas, Unwritable, number_atlas, number_pieces
from components.numbers.context import PREFIX, NumberContext
from components.numbers.encoding import encode_numbers
from components.tokenization.fast_tokenizer import backend

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from components.tokenization.fast_tokenizer import AnyTokenizer

StrategyName = Literal["whole-number", "per-digit", "irregular", "unwritable"]
Chunking = Literal[
    "single-digits",
    "left-to-right-twos",
    "left-to-right-threes",
    "right-to-left-twos",
    "right-to-left-threes",
    "one-token",
    "by-vocabulary",
    "unwritable",
]

SPELLINGS = ("7", "07", "007")
LONG_DIGITS = (4, 5, 6)
# Of the longer numbers a random sample is run: all of them would take seconds.
LONG_SAMPLE = 1000
_LONG_EXAMPLES = (1299, 12999, 129999)

_PATTERNS: Mapping[Chunking, Callable[[int], tuple[int, ...]]] = {
    "single-digits": lambda digits: (1,) * digits,
    "left-to-right-twos": lambda digits: _left_to_right(digits, 2),
    "left-to-right-threes": lambda digits: _left_to_right(digits, 3),
    "right-to-left-twos": lambda digits: _left_to_right(digits, 2)[::-1],
    "right-to-left-threes": lambda digits: _left_to_right(digits, 3)[::-1],
    "one-token": lambda digits: (digits,),
}


@dataclass(frozen=True)
class NumberingStrategy:
    """How 0 to 999 are written after `Price is $`, with the evidence.

    `whole-number`: each in one token. `per-digit`: each in as many tokens as it has digits.
    `irregular`: neither. `unwritable`: some of them, those in `unwritable` with the reason, can't
    be written at all, so that no distribution over prices is possible.

    `tokens_per_number` says how many of the written numbers take how many tokens;
    `digit_vocabulary` counts the vocabulary's entries of ASCII digits only. `chunking` is how
    numbers of 4 to 6 digits are cut (LONG_SAMPLE drawn of each length): by one rule for all, by
    what the vocabulary has, or `unwritable` where some can't be written. `long_examples` are the
    tokens of some. `prefix_kept` counts
    those of 0 to 999 that leave the prefix's tokens unchanged, `decoded_back` those whose tokens
    decode to the same text, `bare_differs` those that get other tokens without any text before
    them; `bare_example` are 999's then. `spellings` are the tokens of 7, 07 and 007.
    """

    name: StrategyName
    tokens_per_number: Mapping[int, int]
    digit_vocabulary: int
    chunking: Chunking
    long_examples: Mapping[int, tuple[str, ...]]
    prefix_kept: int
    decoded_back: int
    bare_differs: int
    bare_example: tuple[str, ...]
    spellings: Mapping[str, tuple[str, ...]]
    unwritable: Mapping[int, Unwritable] = field(default_factory=dict)

    @property
    def mean_tokens(self) -> float:
        """Tokens per number, averaged over those of 0 to 999 that are written; NaN if none is."""
        total = sum(tokens * numbers for tokens, numbers in self.tokens_per_number.items())
        return total / (sum(self.tokens_per_number.values()) or math.nan)

    @property
    def one_token_share(self) -> float:
        """The share of 0 to 999 that are one token, 0 to 1."""
        numbers = sum(self.tokens_per_number.values()) + len(self.unwritable)
        return self.tokens_per_number.get(1, 0) / numbers


def long_numbers() -> list[int]:
    """The numbers of 4 to 6 digits that a strategy is found by."""
    return [*(n for digits in LONG_DIGITS for n in _sample(digits)), *_LONG_EXAMPLES]


def numbering_strategy(tokenizer: AnyTokenizer) -> NumberingStrategy:
    """The strategy that writing all of 0 to 999 after `Price is $` shows."""
    library = backend(tokenizer)
    atlas = number_atlas(library)
    long_atlases = {digits: number_atlas(library, _sample(digits)) for digits in LONG_DIGITS}
    bare = number_atlas(library, template="{n}")
    round_trip = _round_trip(library)
    examples = number_atlas(library, _LONG_EXAMPLES).pieces
    spelled = number_pieces(library, encode_numbers(library, NumberContext(PREFIX), SPELLINGS))
    return NumberingStrategy(
        name=_name(atlas),
        tokens_per_number=dict(sorted(Counter(atlas.counts[atlas.written].tolist()).items())),
        digit_vocabulary=sum(token.isascii() and token.isdigit() for token in library.get_vocab()),
        chunking=_chunking(long_atlases),
        long_examples=dict(zip(_LONG_EXAMPLES, examples, strict=True)),
        prefix_kept=round_trip.prefix_unchanged,
        decoded_back=round_trip.decoded_back,
        bare_differs=sum(a != b for a, b in zip(atlas.pieces, bare.pieces, strict=True)),
        bare_example=bare.pieces[999],
        spellings=dict(zip(SPELLINGS, spelled, strict=True)),
        unwritable=dict(atlas.unwritable),
    )


def _name(atlas: NumberAtlas) -> StrategyName:
    if atlas.unwritable:
        return "unwritable"
    if (atlas.counts == 1).all():
        return "whole-number"
    digits = np.array([len(str(number)) for number in atlas.numbers])
    return "per-digit" if (atlas.counts == digits).all() else "irregular"


def _sample(digits: int) -> list[int]:
    """Numbers of this many digits: the smallest, the largest, and a fixed random draw."""
    low, high = 10 ** (digits - 1), 10**digits - 1
    return [low, high, *random.Random(digits).sample(range(low + 1, high), LONG_SAMPLE - 2)]


def _left_to_right(digits: int, size: int) -> tuple[int, ...]:
    full, rest = divmod(digits, size)
    return (size,) * full + ((rest,) if rest else ())


def _chunking(atlases: Mapping[int, NumberAtlas]) -> Chunking:
    """The one rule that all numbers are cut by, else that it goes by what the vocabulary has."""
    if any(atlas.unwritable for atlas in atlases.values()):
        return "unwritable"
    seen = {
        digits: {
            tuple(size for piece in pieces if (size := sum(map(str.isdecimal, piece))))
            for pieces in atlas.pieces
        }
        for digits, atlas in atlases.items()
    }
    for name, rule in _PATTERNS.items():
        if all(lengths == {rule(digits)} for digits, lengths in seen.items()):
            return name
    return "by-vocabulary"


class _RoundTrip(NamedTuple):
    """How many of 0 to 999 leave the prefix's tokens unchanged, and decode to their own text."""

    prefix_unchanged: int
    decoded_back: int


def _round_trip(tokenizer: Tokenizer) -> _RoundTrip:
    prefix = tokenizer.encode(PREFIX, add_special_tokens=False).ids
    encoded = encode_numbers(tokenizer, NumberContext(PREFIX), map(str, range(1000)))
    decoded = tokenizer.decode_batch([one.ids for one in encoded], skip_special_tokens=False)
    return _RoundTrip(
        prefix_unchanged=sum(one.ids[: len(prefix)] == prefix for one in encoded),
        decoded_back=sum(text == one.text for text, one in zip(decoded, encoded, strict=True)),
    )
