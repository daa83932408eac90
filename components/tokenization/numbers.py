"""How a tokenizer writes numbers: found by running it on every one, not looked up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import pandas as pd

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

PREFIX = "Price is $"

StrategyName = Literal["whole-number", "per-digit", "irregular"]


@dataclass(frozen=True)
class NumberingStrategy:
    """How 0 to 999 are written after `Price is $`, with the evidence.

    `whole-number`: each in one token. `per-digit`: each in as many tokens as it has digits.
    `irregular`: neither. `tokens_per_number` says how many numbers take how many tokens;
    `digit_vocabulary` counts the vocabulary's entries of ASCII digits only.
    """

    name: StrategyName
    tokens_per_number: Mapping[int, int]
    digit_vocabulary: int

    @property
    def mean_tokens(self) -> float:
        """Tokens per number, averaged over 0 to 999."""
        total = sum(tokens * numbers for tokens, numbers in self.tokens_per_number.items())
        return total / sum(self.tokens_per_number.values())


def number_atlas(
    tokenizer: PreTrainedTokenizerFast,
    numbers: Iterable[int] = range(1000),
    prefix: str = PREFIX,
) -> pd.DataFrame:
    """The tokens of each number in place: `number`, `pieces` (a tuple of tokens), `count`.

    A piece is a token that holds at least one of the number's characters, so a token that joins
    the prefix's end to the first digit counts.
    """
    listed = list(numbers)
    encodings = tokenizer.backend_tokenizer.encode_batch(
        [f"{prefix}{number}" for number in listed], add_special_tokens=False
    )
    pieces = [
        tuple(
            token
            for token, (_, end) in zip(encoding.tokens, encoding.offsets, strict=True)
            if end > len(prefix)
        )
        for encoding in encodings
    ]
    return pd.DataFrame(
        {"number": listed, "pieces": pieces, "count": [len(tokens) for tokens in pieces]}
    )


def numbering_strategy(tokenizer: PreTrainedTokenizerFast) -> NumberingStrategy:
    """The strategy that writing all of 0 to 999 after `Price is $` shows."""
    atlas = number_atlas(tokenizer)
    digits = atlas["number"].astype(str).str.len()
    name: StrategyName = "irregular"
    if (atlas["count"] == 1).all():
        name = "whole-number"
    elif (atlas["count"] == digits).all():
        name = "per-digit"
    return NumberingStrategy(
        name=name,
        tokens_per_number=dict(sorted(Counter(atlas["count"].tolist()).items())),
        digit_vocabulary=sum(
            token.isascii() and token.isdigit() for token in tokenizer.get_vocab()
        ),
    )
