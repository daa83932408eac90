"""The number atlas: the tokens of each number in a context, found by encoding it there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from components.numbers.context import IN_PLACE, NumberContext
from components.numbers.encoding import EncodedNumber, encode_numbers
from components.tokenization.fast_tokenizer import backend

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from components.tokenization.fast_tokenizer import AnyTokenizer

LARGEST_NUMBER = 99_999


@dataclass(frozen=True)
class NumberAtlas:
    """The tokens of each number in its context.

    `pieces` are the vocabulary entries of each number's tokens, `counts` (shape (numbers,)) how
    many these are. A number's tokens are those that hold at least one of its characters (cents
    and commas included), so a token that joins the prefix's end to the first digit counts.
    """

    context: NumberContext
    numbers: npt.NDArray[np.int64]
    pieces: list[tuple[str, ...]] = field(repr=False)

    @cached_property
    def counts(self) -> npt.NDArray[np.int64]:
        return np.fromiter(map(len, self.pieces), dtype=np.int64, count=len(self.pieces))

    @cached_property
    def first_places(self) -> npt.NDArray[np.int64]:
        """Equal for numbers that begin with the same token; -1 where the tokenizer drops one."""
        places: dict[str, int] = {}
        firsts = [places.setdefault(p[0], len(places)) if p else -1 for p in self.pieces]
        return np.array(firsts, dtype=np.int64)

    def frame(self) -> pd.DataFrame:
        """`number`, `pieces` (a tuple of vocabulary entries) and `count`, a row per number."""
        return pd.DataFrame({"number": self.numbers, "pieces": self.pieces, "count": self.counts})


def number_atlas(
    tokenizer: AnyTokenizer, numbers: Iterable[int] = range(1000), template: str = IN_PLACE
) -> NumberAtlas:
    """Encode every number in the context that the template describes.

    Raises ContextError for a template without exactly one number.
    """
    context = NumberContext.parse(template)
    listed = list(numbers)
    library = backend(tokenizer)
    encoded = encode_numbers(library, context, map(context.number, listed))
    return NumberAtlas(context, np.array(listed, dtype=np.int64), number_pieces(library, encoded))


def number_pieces(tokenizer: Tokenizer, encoded: Sequence[EncodedNumber]) -> list[tuple[str, ...]]:
    """The vocabulary entries of each encoded number's tokens."""
    entries: dict[int, str] = {}
    pieces: list[tuple[str, ...]] = []
    for number in encoded:
        ids = number.number_ids
        for token in ids:
            if token not in entries:
                entries[token] = tokenizer.id_to_token(token) or ""
        pieces.append(tuple([entries[token] for token in ids]))
    return pieces
