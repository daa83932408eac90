"""The number atlas: the tokens of each number in a context, found by encoding it there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from components.numbers.context import IN_PLACE, NumberContext
from components.numbers.encoding import EncodedNumber, encode_numbers
from components.tokenization.fast_tokenizer import backend, unknown_token

if TYPE_CHECKING:
    import pandas as pd
    from tokenizers import Tokenizer

    from components.tokenization.fast_tokenizer import AnyTokenizer

LARGEST_NUMBER = 99_999

# Why a number can't be written: its tokens are the one for what the vocabulary lacks, or it has
# none, or another number has the same (a placeholder for any number, say).
Unwritable = Literal["unknown_token", "no_tokens", "same_tokens"]


@dataclass(frozen=True)
class NumberAtlas:
    """The tokens of each number in its context.

    `pieces` are the vocabulary entries of each number's tokens, `counts` (shape (numbers,)) how
    many these are. A number's tokens are those that hold at least one of its characters (cents
    and commas included), so a token that joins the prefix's end to the first digit counts.

    `unwritable` are the numbers that the tokenizer has no way to write here, and why. Such a
    number has no count of tokens: 0 stands in `counts`, whatever is in `pieces`.
    """

    context: NumberContext
    numbers: npt.NDArray[np.int64]
    pieces: list[tuple[str, ...]] = field(repr=False)
    unwritable: Mapping[int, Unwritable] = field(default_factory=lambda: MappingProxyType({}))

    @cached_property
    def written(self) -> npt.NDArray[np.bool_]:
        """Of each number, whether it can be written (shape (numbers,))."""
        return ~np.isin(self.numbers, list(self.unwritable))

    @cached_property
    def counts(self) -> npt.NDArray[np.int64]:
        counts = np.fromiter(map(len, self.pieces), dtype=np.int64, count=len(self.pieces))
        return np.where(self.written, counts, 0)

    @cached_property
    def first_places(self) -> npt.NDArray[np.int64]:
        """Equal for numbers that begin with the same token; -1 for those that can't be written."""
        places: dict[str, int] = {}
        firsts = [places.setdefault(p[0], len(places)) if p else -1 for p in self.pieces]
        return np.where(self.written, np.array(firsts, dtype=np.int64), -1)

    def frame(self) -> pd.DataFrame:
        """A row per number: `number`, `pieces` (of vocabulary entries), `count`, `unwritable`.

        `count` is missing, and `unwritable` says why, where the number can't be written.
        """
        import pandas as pd

        counts = pd.array(self.counts, dtype="Int64")
        counts[~self.written] = pd.NA
        reasons = [self.unwritable.get(number) for number in self.numbers.tolist()]
        return pd.DataFrame(
            {
                "number": self.numbers,
                "pieces": self.pieces,
                "count": counts,
                "unwritable": pd.Series(reasons, dtype=object),
            }
        )


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
    return NumberAtlas(
        context,
        np.array(listed, dtype=np.int64),
        number_pieces(library, encoded),
        unwritable_numbers(library, listed, encoded),
    )


def unwritable_numbers(
    tokenizer: Tokenizer, numbers: Sequence[int], encoded: Sequence[EncodedNumber]
) -> dict[int, Unwritable]:
    """Which of these numbers, as they are encoded, the tokenizer can't write, and why."""
    unknown = unknown_token(tokenizer)
    whole = dict(zip(numbers, encoded, strict=True))
    shared = Counter(tuple(number.ids) for number in whole.values())
    unwritable: dict[int, Unwritable] = {}
    for number, found in whole.items():
        ids = found.number_ids
        if not ids:
            unwritable[number] = "no_tokens"
        elif unknown is not None and unknown in ids:
            unwritable[number] = "unknown_token"
        elif shared[tuple(found.ids)] > 1:
            unwritable[number] = "same_tokens"
    return unwritable


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
