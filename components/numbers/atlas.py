"""How a tokenizer writes numbers: each one run through it in place, not looked up."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from operator import add
from os.path import commonprefix
from sys import intern
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from components.errors import ContextError
from components.tokenization.backend import ALL_DIGITS_ZERO, added_with_digits, backend

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
# Texts per encoding: with one each, the encodings would cost as much as the tokens.
_ENCODED_TOGETHER = 1000


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
            problem = f"it holds {{n}} {len(fields)} times" if fields else "it holds no {n}"
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
        return format(number, self.spec)

    def write(self, number: int) -> str:
        """The whole text with the number in its place."""
        return f"{self.prefix}{self.number(number)}{self.suffix}"


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
    """Run every number through the tokenizer, in the context that the template describes.

    In its whole text, or only in the words it stands in where those are known: `_by_words`.
    Raises ContextError for a template without exactly one number.
    """
    context = NumberContext.parse(template)
    listed = list(numbers)
    written = [format(number, context.spec) for number in listed]
    own = backend(tokenizer)
    added = added_with_digits(tokenizer)
    pieces = _by_words(own, added, context, written) or _by_place(own, context, written)
    return NumberAtlas(context, np.array(listed, dtype=np.int64), pieces)


_Pieces = tuple[str, ...]


@dataclass(frozen=True)
class _Word:
    """What the model gets of a number: its characters `begin` to `end`, between constant texts."""

    before: str
    begin: int
    end: int
    after: str

    def pieces(self, model: Any, numbers: list[str]) -> list[_Pieces] | None:
        """The vocabulary entries that hold a character of this part of each number.

        None where the model leaves out a character, so that its tokens can't be placed.
        """
        parts = [number[self.begin : self.end] for number in numbers]
        distinct = dict.fromkeys(parts)
        if self.before or self.after:
            rows = self._inside(model, distinct)
        else:
            rows = map(model.tokenize, distinct)
        if rows is None:
            return None
        held = [tuple([intern(token.value) for token in row]) for row in rows]
        found = dict(zip(distinct, held, strict=True))
        return list(map(found.__getitem__, parts))

    def _inside(self, model: Any, parts: Iterable[str]) -> list[Any] | None:
        """The model's tokens of each part with what stands around it, but those outside of it."""
        before, after = self.before, self.after
        start, rest = len(before.encode()), len(after.encode())  # the model counts bytes
        tokenize, first = model.tokenize, 0
        rows = []
        for part in parts:
            tokens = tokenize(f"{before}{part}{after}")
            # Mostly what is before has as many tokens as the last time.
            if first >= len(tokens) or tokens[first].offsets[0] != start:
                ends = (token.offsets[1] for token in tokens)
                first = next((i for i, end in enumerate(ends) if end > start), len(tokens))
            tokens = tokens[first:]
            if after:
                stop = start + len(part)
                if not tokens or tokens[-1].offsets[1] != stop + rest:
                    return None
                tokens = [token for token in tokens if token.offsets[0] < stop]
            rows.append(tokens)
        return rows


def _by_words(
    own: Tokenizer, added: Iterable[str], context: NumberContext, written: list[str]
) -> list[_Pieces] | None:
    """The numbers' tokens from the tokenizer's model, given the words that they stand in.

    Most of an encoding's time goes into splitting the text into words, by the kind of its
    characters: numbers of one length are split alike. So one of each length and one of each
    first character are split, and the model runs on the words of all. None where those that
    were split come out otherwise than by encoding their whole text, or where one of the `added`
    tokens may take in a part of a number.
    """
    by_length: defaultdict[int, list[str]] = defaultdict(list)
    for number in written:
        by_length[len(number)].append(number)
    by_first = {number[0]: number for number in written}
    tried = list({*by_first.values(), *(numbers[-1] for numbers in by_length.values())})
    if len(tried) == len(written):
        return None  # trying costs as much as encoding
    texts = [f"{context.prefix}{number}{context.suffix}" for number in tried]
    zeros = "\n".join(texts).translate(ALL_DIGITS_ZERO)
    if any(text in zeros for text in added):
        return None
    words = _words(own, context, tried, texts)
    if words is None:
        return None
    model = own.model
    pieces: dict[str, _Pieces] = {}
    for length, numbers in by_length.items():
        joined: list[_Pieces] = [()] * len(numbers)
        for word in words[length]:
            if (part := word.pieces(model, numbers)) is None:
                return None
            joined = list(map(add, joined, part))
        pieces.update(zip(numbers, joined, strict=True))
    if list(map(pieces.__getitem__, tried)) != _by_place(own, context, tried):
        return None
    return list(map(pieces.__getitem__, written))


def _words(
    own: Tokenizer, context: NumberContext, tried: list[str], texts: list[str]
) -> dict[int, list[_Word]] | None:
    """The words that hold a number, by its length; None if numbers of a length differ in them.

    `texts` are those of the numbers `tried`.
    """
    normalize = own.normalizer.normalize_str if own.normalizer is not None else str
    splitter = own.pre_tokenizer
    ends = [normalize(f"{context.prefix}{digit}") for digit in "01"]
    start = len(commonprefix(ends))  # noqa: RUF071 (characters are meant, not folders)
    found: dict[int, list[_Word]] = {}
    for text, number in zip(map(normalize, texts), tried, strict=True):
        split = splitter.pre_tokenize_str(text) if splitter else [(text, (0, len(text)))]
        words = []
        for word, (first, last) in split:
            begin, end = max(first - start, 0), min(last - start, len(number))
            if begin < end:
                before, _, after = word.partition(number[begin:end])
                words.append(_Word(before, begin, end, after))
        if found.setdefault(len(number), words) != words:
            return None
    return found


def _by_place(own: Tokenizer, context: NumberContext, written: list[str]) -> list[_Pieces]:
    """The numbers' tokens by the characters that each token stands for."""
    prefix, suffix = context.prefix, context.suffix
    entries: dict[int, str] = {}
    pieces: list[_Pieces] = []
    for first in range(0, len(written), _ENCODED_TOGETHER):
        batch = written[first : first + _ENCODED_TOGETHER]
        # Each text is encoded by itself, but they come as one encoding, each as a word of it.
        texts = [f"{prefix}{number}{suffix}" for number in batch]
        encoding = own.encode(texts, is_pretokenized=True, add_special_tokens=False)
        stops = [len(text) - len(suffix) for text in texts]
        held: list[list[str]] = [[] for _ in batch]
        text_of: Any = encoding.word_ids
        rows = zip(encoding.ids, text_of, encoding.offsets, strict=True)
        for token, text, (begin, end) in rows:
            if end > len(prefix) and begin < stops[text]:
                if token not in entries:
                    entries[token] = own.id_to_token(token) or ""
                held[text].append(entries[token])
        pieces += map(tuple, held)
    return pieces
