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
class NumberAtlas:
    """The tokens of each number in its context.

    A number's tokens are those that hold at least one of its characters (cents and commas
    included), so a token that joins the prefix's end to the first digit counts. `counts` has
    their number, one entry per entry of `numbers`.
    """

    context: NumberContext
    numbers: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]
    _ids: npt.NDArray[np.int32] = field(repr=False)
    _tokenizer: Tokenizer = field(repr=False)

    @cached_property
    def first_ids(self) -> npt.NDArray[np.int64]:
        """The id of each number's first token; -1 where the tokenizer drops the number."""
        starts = np.cumsum(self.counts) - self.counts
        return np.where(self.counts > 0, np.append(self._ids, -1)[starts], -1)

    @property
    def pieces(self) -> list[tuple[str, ...]]:
        """The vocabulary entries of each number's tokens."""
        known, places = np.unique(self._ids, return_inverse=True)
        entries = [self._tokenizer.id_to_token(int(token_id)) or "" for token_id in known]
        tokens = [entries[place] for place in places.tolist()]
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
    prefix = _needed_prefix(own, context.prefix, written, context.suffix)
    counts, ids = _after_prefix(own, prefix, written, context.suffix) or _by_place(
        own, prefix, written, context.suffix
    )
    return NumberAtlas(context, np.array(listed, dtype=np.int64), counts, ids.astype(np.int32), own)


_CountsAndIds = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]


def _batches(prefix: str, written: list[str], suffix: str) -> list[list[str]]:
    """The texts for one call of the library: each is encoded by itself, but a batch comes as one
    encoding. With one per text, the encodings cost as much as the tokens."""
    texts = [f"{prefix}{number}{suffix}" for number in written]
    return [texts[i : i + _TEXTS_PER_BATCH] for i in range(0, len(texts), _TEXTS_PER_BATCH)]


def _after_prefix(
    own: Tokenizer, prefix: str, written: list[str], suffix: str
) -> _CountsAndIds | None:
    """The numbers' tokens where they are all that follows the prefix's own; else None.

    The prefix's last character is no part of a number, so its tokens stand once in each text
    that begins with them: as many times as there are texts if, and only if, all texts do.
    """
    start = own.encode(prefix, add_special_tokens=False).ids
    if suffix or not start or prefix[-1] in _NUMBER_CHARACTERS:
        return None
    encodings = own.encode_batch_fast(
        _batches(prefix, written, suffix), is_pretokenized=True, add_special_tokens=False
    )
    ids = np.fromiter(chain.from_iterable(e.ids for e in encodings), dtype=np.int64)
    found = np.ones(max(len(ids) - len(start) + 1, 0), dtype=bool)
    for place, token_id in enumerate(start):
        found &= ids[place : place + len(found)] == token_id
    begins = np.flatnonzero(found)
    counts = np.diff(begins, append=len(ids)) - len(start)
    if len(begins) != len(written) or (counts < 1).any():
        return None
    held = np.ones(len(ids), dtype=bool)
    held[begins[:, None] + np.arange(len(start))] = False
    return counts, ids[held]


def _by_place(own: Tokenizer, prefix: str, written: list[str], suffix: str) -> _CountsAndIds:
    """The numbers' tokens by the characters that each token stands for."""
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
    return np.concatenate(counts), np.concatenate(ids)


def _needed_prefix(own: Tokenizer, prefix: str, written: list[str], suffix: str) -> str:
    """The prefix from its last space on if the tokenizer cuts there, else the whole prefix.

    Most of the time goes into splitting text into words before any token is found. That is done
    from left to right by what stands there, so that what is left of a space at which the words
    are split does not bear on the number behind it. That it is so is seen on numbers of every
    length and first digit. A tokenizer without such splitting needs the whole prefix.
    """
    place = prefix.rstrip(" ").rfind(" ")
    if place < 1:
        return prefix
    head, tail = prefix[:place], prefix[place:]
    tried = {(len(number), number[0]): number for number in written}.values()
    if not all(_splits_at(own, head, f"{tail}{number}{suffix}") for number in tried):
        return prefix
    alone = own.encode(head, add_special_tokens=False).ids
    for number in tried:
        whole = own.encode(f"{prefix}{number}{suffix}", add_special_tokens=False).ids
        if whole != alone + own.encode(f"{tail}{number}{suffix}", add_special_tokens=False).ids:
            return prefix
    return tail


def _splits_at(own: Tokenizer, head: str, tail: str) -> bool:
    """Whether a word of `head + tail` ends where `head` does, as the tokenizer splits words."""
    if own.pre_tokenizer is None:
        return False
    text = head + tail
    if own.normalizer is not None:
        head, text = own.normalizer.normalize_str(head), own.normalizer.normalize_str(text)
    words = own.pre_tokenizer.pre_tokenize_str(text)
    return any(start == len(head) for _, (start, _) in words)
