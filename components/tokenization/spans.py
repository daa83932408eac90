"""A text cut into the spans that its tokens stand for."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from components.tokenization.fast_tokenizer import backend

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from components.tokenization.fast_tokenizer import AnyTokenizer

SpanKind = Literal["text", "byte", "special"]

_FALLBACK_BYTE = re.compile(r"<0x([0-9A-F]{2})>")


@dataclass(frozen=True)
class TokenSpan:
    """One token: its id, its vocabulary entry, and the characters that it adds to the text.

    `text` is empty for a token that shares its character with the next one: all but the last
    of the tokens that spell a character's bytes, and the `▁` that SentencePiece puts first.
    `kind` is `byte` for a token of bytes that are no whole characters (`spelled` has them in
    hexadecimal), `special` for a special token of the tokenizer's, in the text or added to it.
    """

    id: int
    token: str
    text: str
    kind: SpanKind = "text"
    spelled: str = ""


@dataclass(frozen=True)
class TokenStrip:
    """A text and its tokens, without those that the tokenizer puts around it.

    `cuts` has one more entry than `ids`: token `i` adds `text[cuts[i]:cuts[i + 1]]`. `before`
    and `after` are the special tokens that the tokenizer itself adds, such as BOS. `entries` are
    the vocabulary entries of the ids, `special` those of them that are special tokens,
    `byte_level` whether the entries' characters stand for bytes.
    """

    text: str
    ids: npt.NDArray[np.int64]
    cuts: npt.NDArray[np.int64]
    before: list[TokenSpan]
    after: list[TokenSpan]
    entries: Mapping[int, str] = field(repr=False)
    special: frozenset[int]
    byte_level: bool

    def __len__(self) -> int:
        return len(self.ids)

    def within(self, start: int, end: int) -> range:
        """The tokens that begin at one of the characters `start` to `end - 1`."""
        first, last = np.searchsorted(self.cuts[:-1], [start, end])
        return range(int(first), int(last))

    def spans(self, tokens: range | None = None) -> list[TokenSpan]:
        """These tokens, by default all, as spans."""
        return [
            self._span(int(self.ids[index]), self.text[self.cuts[index] : self.cuts[index + 1]])
            for index in (range(len(self)) if tokens is None else tokens)
        ]

    def _span(self, token_id: int, text: str) -> TokenSpan:
        special = token_id in self.special
        return _span(
            token_id, self.entries[token_id], text, special=special, byte_level=self.byte_level
        )

    def as_json(self) -> dict[str, Any]:
        """The strip without its text, as JSON has it; `strip_of` reads it."""
        return {
            "ids": self.ids.tolist(),
            "cuts": self.cuts.tolist(),
            "before": [asdict(span) for span in self.before],
            "after": [asdict(span) for span in self.after],
            "entries": list(self.entries.items()),
            "special": sorted(self.special),
            "byte_level": self.byte_level,
        }

    @cached_property
    def _groups(self) -> npt.NDArray[np.int64]:
        """Per token: where the characters that it helps to spell are, and by how many tokens."""
        ends = np.flatnonzero(np.diff(self.cuts))  # the tokens that complete characters
        group = np.searchsorted(ends, np.arange(len(self)))
        edges = np.append(ends, len(self) - 1)[group]
        tokens = np.bincount(group)[group]
        return np.stack([self.cuts[edges], self.cuts[edges + 1], tokens], axis=1)


def cut_text(tokenizer: AnyTokenizer, text: str) -> TokenStrip:
    """The tokens of `text`.

    Characters that the tokenizer drops go to the token before: some normalise white space, and
    SmolLM2's vocabulary lacks some bytes. A text of dropped characters alone has no tokens.
    """
    own = backend(tokenizer)
    encoding = own.encode(text)
    added = np.array(encoding.special_tokens_mask, dtype=bool)
    ids = np.array(encoding.ids, dtype=np.int64)
    kept = np.flatnonzero(~added)
    starts = np.array([start for start, _ in encoding.offsets], dtype=np.int64)[kept]
    cuts = np.append(np.maximum.accumulate(starts), len(text)) if len(kept) else np.zeros(1, int)
    cuts[0] = 0
    first = kept[0] if len(kept) else len(ids)

    entries = {token: own.id_to_token(token) or "" for token in dict.fromkeys(ids.tolist())}

    def around(indexes: npt.NDArray[np.int64]) -> list[TokenSpan]:
        return [TokenSpan(int(ids[i]), entries[int(ids[i])], "", "special") for i in indexes]

    outside = np.flatnonzero(added)
    return TokenStrip(
        text=text,
        ids=ids[kept],
        cuts=cuts,
        before=around(outside[outside < first]),
        after=around(outside[outside > first]),
        entries=entries,
        special=_special_ids(own) & entries.keys(),
        byte_level=_is_byte_level(own),
    )


def strip_of(text: str, told: Mapping[str, Any]) -> TokenStrip:
    """The strip of a text that `TokenStrip.as_json` wrote down."""
    return TokenStrip(
        text=text,
        ids=np.array(told["ids"], dtype=np.int64),
        cuts=np.array(told["cuts"], dtype=np.int64),
        before=[TokenSpan(**span) for span in told["before"]],
        after=[TokenSpan(**span) for span in told["after"]],
        entries=dict(told["entries"]),
        special=frozenset(told["special"]),
        byte_level=told["byte_level"],
    )


def token_spans(tokenizer: AnyTokenizer, text: str) -> list[TokenSpan]:
    """The tokens of `text`, without those added around it; their texts joined are `text`."""
    return cut_text(tokenizer, text).spans()


def disagreements(strips: Sequence[TokenStrip]) -> list[npt.NDArray[np.bool_]]:
    """Per strip and token: whether another strip of the same text cuts its characters otherwise.

    Two tokenizers agree on a token if both spell exactly its characters with as many tokens.
    """
    keys = [_keys(strip) for strip in strips]
    return [
        np.any([~np.isin(own, other) for other in keys], axis=0)
        if len(own)
        else np.zeros(0, dtype=bool)
        for own in keys
    ]


def _keys(strip: TokenStrip) -> npt.NDArray[np.int64]:
    start, end, tokens = strip._groups.T if len(strip) else np.zeros((3, 0), dtype=np.int64)
    return (start << 40) | (end << 16) | np.minimum(tokens, 0xFFFF)


def _span(token_id: int, token: str, text: str, *, special: bool, byte_level: bool) -> TokenSpan:
    if special:
        return TokenSpan(token_id, token, text, "special")
    spelled = _spelled(token, byte_level)
    try:
        spelled.decode("utf-8")
        return TokenSpan(token_id, token, text)
    except UnicodeDecodeError:
        return TokenSpan(token_id, token, text, "byte", spelled.hex(" ").upper())


def _spelled(token: str, byte_level: bool) -> bytes:
    """The bytes that a vocabulary entry stands for."""
    if match := _FALLBACK_BYTE.fullmatch(token):
        return bytes.fromhex(match.group(1))
    if byte_level and all(character in _BYTE_OF for character in token):
        return bytes(_BYTE_OF[character] for character in token)
    return token.encode("utf-8")


def _byte_alphabet() -> dict[str, int]:
    """The byte of each character in byte-level vocabularies, as GPT-2's encoder.py defines it."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {
        chr(256 + place): byte for place, byte in enumerate(others)
    }


_BYTE_OF = _byte_alphabet()


def _is_byte_level(own: Tokenizer) -> bool:
    if own.decoder is None:
        return False
    decoder = json.loads(own.decoder.__getstate__())
    steps = decoder.get("decoders", [decoder])
    return any(step["type"] == "ByteLevel" for step in steps)


def _special_ids(own: Tokenizer) -> frozenset[int]:
    added = own.get_added_tokens_decoder()
    return frozenset(token_id for token_id, token in added.items() if token.special)
