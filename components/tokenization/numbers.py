"""How a tokenizer writes numbers: each one run through it in place, not looked up."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from components.errors import ContextError
from components.tokenization.backend import backend

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from components.tokenization.backend import AnyTokenizer

PREFIX = "Price is $"
IN_PLACE = "Price is ${n}"
CONTEXTS = {
    IN_PLACE: "after “Price is $”",
    "{n}": "bare",
    "Price is {n}": "after a space",
    "Price is ${n:.2f}": "with cents",
    "Price is ${n:,}": "with thousands comma",
    "Price is $-{n}": "negative",
}
LARGEST_NUMBER = 99_999

_FIELD = re.compile(r"\{n(?::(,?(?:\.\d)?f?))?\}", re.ASCII)
_SPECS = ("", ",", ".2f", ",.2f")
_MAX_TEMPLATE = 500
_NUMBER_CHARACTERS = "0123456789,."
# Texts per call of the library: enough calls for all cores, few enough to cost nothing.
_TEXTS_PER_BATCH = 250


@dataclass(frozen=True)
class NumberContext:
    """Where a number stands: the text before it, how it is written, and the text after it."""

    prefix: str
    spec: str
    suffix: str

    @classmethod
    def parse(cls, template: str) -> NumberContext:
        """The context of a template that holds `{n}` once, or `{n:,}`, `{n:.2f}`, `{n:,.2f}`.

        Any other brace stands for itself. Raises ContextError.
        """
        fields = list(_FIELD.finditer(template))
        problem = None
        if len(template) > _MAX_TEMPLATE:
            problem = f"it has {len(template):,} characters, more than {_MAX_TEMPLATE}"
        elif len(fields) != 1:
            problem = f"it holds {{n}} {len(fields)} times"
        elif (fields[0].group(1) or "") not in _SPECS:
            problem = f"{fields[0].group()} is no way to write the number"
        if problem is not None:
            raise ContextError(
                f"The context can't be used: {problem}.",
                way_out="Write the text with {n} once, where the number stands; {n:,} writes it"
                " with thousands commas, {n:.2f} with cents.",
            )
        (found,) = fields
        return cls(template[: found.start()], found.group(1) or "", template[found.end() :])

    def number(self, number: int) -> str:
        """The number as it is written here."""
        return format(number, self.spec) if self.spec else str(number)

    def write(self, number: int) -> str:
        """The whole text with the number in its place."""
        return f"{self.prefix}{self.number(number)}{self.suffix}"


@dataclass(frozen=True)
class _Tokens:
    """The tokens of many numbers one after the other: each one's place among `entries`."""

    entries: list[str]
    places: npt.NDArray[np.int32]

    @classmethod
    def of(cls, own: Tokenizer, ids: npt.NDArray[np.int64]) -> _Tokens:
        """Those of token ids."""
        known, places = np.unique(ids, return_inverse=True)
        entries = [own.id_to_token(token_id) or "" for token_id in known.tolist()]
        return cls(entries, places.astype(np.int32))

    def listed(self) -> list[str]:
        """The vocabulary entries in order."""
        return [self.entries[place] for place in self.places.tolist()]


@dataclass(frozen=True)
class NumberAtlas:
    """The tokens of each number in its context.

    A number's tokens are those that hold at least one of its characters (cents and commas
    included), so a token that joins the prefix's end to the first digit counts. `counts` has
    their number, one entry per entry of `numbers`.
    """

    context: NumberContext
    numbers: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]
    _tokens: _Tokens = field(repr=False)

    @cached_property
    def first_places(self) -> npt.NDArray[np.int64]:
        """Equal for numbers that begin with the same token; -1 where the tokenizer drops one."""
        starts = np.cumsum(self.counts) - self.counts
        return np.where(self.counts > 0, np.append(self._tokens.places, -1)[starts], -1)

    @property
    def pieces(self) -> list[tuple[str, ...]]:
        """The vocabulary entries of each number's tokens."""
        tokens = self._tokens.listed()
        ends = np.cumsum(self.counts).tolist()
        return [
            tuple(tokens[end - count : end])
            for end, count in zip(ends, self.counts.tolist(), strict=True)
        ]

    def frame(self) -> pd.DataFrame:
        """`number`, `pieces` (a tuple of vocabulary entries) and `count`, a row per number."""
        return pd.DataFrame({"number": self.numbers, "pieces": self.pieces, "count": self.counts})


def number_atlas(
    tokenizer: AnyTokenizer, numbers: Iterable[int] = range(1000), template: str = IN_PLACE
) -> NumberAtlas:
    """Run every number through the tokenizer, in the context that the template describes.

    Raises ContextError for a template without exactly one number.
    """
    context = NumberContext.parse(template)
    listed = list(numbers)
    written = [context.number(number) for number in listed]
    own = backend(tokenizer)
    counts, tokens = (
        _alone(own, context, written)
        or _after_prefix(own, context, written)
        or _by_place(own, context, written)
    )
    return NumberAtlas(context, np.array(listed, dtype=np.int64), counts, tokens)


_CountsAndTokens = tuple[npt.NDArray[np.int64], _Tokens]


def _batches(prefix: str, written: list[str], suffix: str) -> list[list[str]]:
    """The texts for one call of the library: each is encoded by itself, but a batch comes as one
    encoding. With one per text, the encodings cost as much as the tokens."""
    texts = [f"{prefix}{number}{suffix}" for number in written]
    return [texts[i : i + _TEXTS_PER_BATCH] for i in range(0, len(texts), _TEXTS_PER_BATCH)]


def _ids(own: Tokenizer, batches: list[list[str]]) -> npt.NDArray[np.int64]:
    """The token ids of all texts, one text after the other."""
    encodings = own.encode_batch_fast(batches, is_pretokenized=True, add_special_tokens=False)
    return np.fromiter(chain.from_iterable(e.ids for e in encodings), dtype=np.int64)


def _alone(own: Tokenizer, context: NumberContext, written: list[str]) -> _CountsAndTokens | None:
    """The numbers' tokens where a number by itself gets the same as in place; else None.

    Most of the time goes into splitting text into words, before any token is found. Where the
    tokenizer splits between prefix and number, the prefix is split off in vain each time: words
    are found from left to right and become tokens one by one. That tokens spell the numbers to
    the letter tells where in the row of tokens each number ends.
    """
    if context.suffix or not _splits_before_numbers(own, context.prefix, written):
        return None
    tokens = _Tokens.of(own, _ids(own, _batches("", written, "")))
    if "".join(tokens.listed()) != "".join(written):
        return None
    sizes = np.array([len(entry) for entry in tokens.entries], dtype=np.int64)
    ends = np.cumsum(sizes[tokens.places]) if len(tokens.places) else sizes
    last = np.searchsorted(ends, np.cumsum([len(number) for number in written]))
    return np.diff(last, prepend=-1), tokens


def _splits_before_numbers(own: Tokenizer, prefix: str, written: list[str]) -> bool:
    """Whether a word ends where the prefix does and the number gets the same tokens without it.

    Tried on a number of every length and every first digit.
    """
    if not prefix:
        return True
    if own.pre_tokenizer is None:
        return False
    normalize = own.normalizer.normalize_str if own.normalizer is not None else str
    place = len(normalize(prefix))
    start = own.encode(prefix, add_special_tokens=False).ids
    tried = {len(number): number for number in written} | {number[0]: number for number in written}
    for number in set(tried.values()):
        text = prefix + number
        words = own.pre_tokenizer.pre_tokenize_str(normalize(text))
        if all(begin != place for _, (begin, _) in words):
            return False
        by_itself = own.encode(number, add_special_tokens=False).ids
        if own.encode(text, add_special_tokens=False).ids != start + by_itself:
            return False
    return True


def _after_prefix(
    own: Tokenizer, context: NumberContext, written: list[str]
) -> _CountsAndTokens | None:
    """The numbers' tokens where they are all that follows the prefix's own; else None.

    The prefix's last character is no part of a number, so its tokens stand once in each text
    that begins with them: as many times as there are texts if, and only if, all texts do.
    """
    prefix = context.prefix
    start = own.encode(prefix, add_special_tokens=False).ids
    if context.suffix or not start or prefix[-1] in _NUMBER_CHARACTERS:
        return None
    ids = _ids(own, _batches(prefix, written, ""))
    found = np.ones(max(len(ids) - len(start) + 1, 0), dtype=bool)
    for place, token_id in enumerate(start):
        found &= ids[place : place + len(found)] == token_id
    begins = np.flatnonzero(found)
    counts = np.diff(begins, append=len(ids)) - len(start)
    if len(begins) != len(written) or (counts < 1).any():
        return None
    held = np.ones(len(ids), dtype=bool)
    held[begins[:, None] + np.arange(len(start))] = False
    return counts, _Tokens.of(own, ids[held])


def _by_place(own: Tokenizer, context: NumberContext, written: list[str]) -> _CountsAndTokens:
    """The numbers' tokens by the characters that each token stands for."""
    prefix, suffix = context.prefix, context.suffix
    counts = [np.zeros(0, dtype=np.int64)]
    ids = [np.zeros(0, dtype=np.int64)]
    batches = _batches(prefix, written, suffix)
    encodings = own.encode_batch(batches, is_pretokenized=True, add_special_tokens=False)
    sizes = [np.array([len(text) for text in batch]) - len(suffix) for batch in batches]
    for ends, encoding in zip(sizes, encodings, strict=True):
        text_of = np.array(encoding.word_ids, dtype=np.int64)
        offsets = np.array(encoding.offsets, dtype=np.int64).reshape(-1, 2)
        held = (offsets[:, 1] > len(prefix)) & (offsets[:, 0] < ends[text_of])
        counts.append(np.bincount(text_of[held], minlength=len(ends)))
        ids.append(np.array(encoding.ids, dtype=np.int64)[held])
    return np.concatenate(counts), _Tokens.of(own, np.concatenate(ids))
