"""Distributions as bytes: what docs/runs.md describes, read as untrusted input."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Sequence
from typing import NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from components.numbers.distribution import FirstToken

_PRICES = 1000
_PRICE_TYPE = "<f4"
_HEAD = struct.Struct("<II")
# A vocabulary that writes each number in several ways has a few thousand first tokens; each has
# up to a thousand numbers.
_MOST_BYTES = 8_000_000


class PackingError(ValueError):
    """Bytes that are none of ours."""


def pack_probabilities(probabilities: NDArray[np.float64]) -> bytes:
    """The probabilities of $0 to $999, shape (1000,), as float32, the lowest byte first."""
    return probabilities.astype(_PRICE_TYPE).tobytes()


def unpack_probabilities(packed: bytes) -> NDArray[np.float64]:
    """What pack_probabilities packed, to float32's precision. PackingError."""
    if len(packed) != _PRICES * 4:
        raise PackingError(f"a distribution has 4,000 bytes, not {len(packed):,}")
    return np.frombuffer(packed, _PRICE_TYPE).astype(np.float64)


def pack_first_tokens(tokens: Sequence[FirstToken]) -> bytes:
    """Columns one after the other, compressed (zlib); docs/runs.md lists them."""
    tokens = tuple(tokens)
    numbers = [token.numbers for token in tokens]
    flat = np.concatenate(numbers) if numbers else np.empty(0)
    columns = [
        np.array([token.token_id for token in tokens], "<i4"),
        np.array([token.probability for token in tokens], "<f4"),
        np.array([token.overflow for token in tokens], "<f4"),
        np.array([token.unexplored for token in tokens], "<f4"),
        np.array([len(part) for part in numbers], "<u2"),
        flat.astype("<u2"),
    ]
    head = _HEAD.pack(len(tokens), len(flat))
    body = b"".join(column.tobytes() for column in columns)
    listed = json.dumps([token.text for token in tokens], ensure_ascii=False)
    return zlib.compress(head + body + listed.encode("utf-8", "replace"), level=1)


class TokenColumns(NamedTuple):
    """First tokens, likeliest first; `counts` says how many of `numbers` each begins."""

    ids: NDArray[np.int32]
    texts: list[str]
    probability: NDArray[np.float32]
    overflow: NDArray[np.float32]
    unexplored: NDArray[np.float32]
    counts: NDArray[np.uint16]
    numbers: NDArray[np.uint16]


class PackedFirstTokens(Sequence[FirstToken]):
    """First tokens that are read from their bytes when they are first asked for. PackingError."""

    def __init__(self, packed: bytes):
        self._packed = packed
        self._tokens: tuple[FirstToken, ...] | None = None

    @property
    def columns(self) -> TokenColumns:
        """The same, a column each. PackingError."""
        return _unpack(self._packed)

    @property
    def _read(self) -> tuple[FirstToken, ...]:
        if self._tokens is None:
            self._tokens = _tokens(_unpack(self._packed))
        return self._tokens

    @overload
    def __getitem__(self, index: int) -> FirstToken: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[FirstToken]: ...
    def __getitem__(self, index: int | slice) -> FirstToken | Sequence[FirstToken]:
        return self._read[index]

    def __len__(self) -> int:
        return len(self._read)


def _unpack(packed: bytes) -> TokenColumns:
    decompressor = zlib.decompressobj()
    try:
        content = decompressor.decompress(packed, _MOST_BYTES)
    except zlib.error as error:
        raise PackingError(f"first tokens that can't be decompressed: {error}") from error
    if not decompressor.eof or len(content) < _HEAD.size:
        raise PackingError("first tokens that are too long or cut off")
    count, length = _HEAD.unpack_from(content)
    ends = np.cumsum(
        [_HEAD.size, 4 * count, 4 * count, 4 * count, 4 * count, 2 * count, 2 * length]
    )
    if len(content) < ends[-1]:
        raise PackingError("first tokens that are cut off")
    ids, probability, overflow, unexplored, counts, numbers = (
        np.frombuffer(content[start:end], kind)
        for start, end, kind in zip(
            ends[:-1], ends[1:], ("<i4", "<f4", "<f4", "<f4", "<u2", "<u2"), strict=True
        )
    )
    try:
        texts = json.loads(content[ends[-1] :].decode())
    except (ValueError, RecursionError) as error:
        raise PackingError(f"first tokens without their texts: {error}") from error
    if (
        not isinstance(texts, list)
        or len(texts) != count
        or not all(isinstance(text, str) for text in texts)
        or counts.sum(dtype=np.int64) != length
        or (length and numbers.max() >= _PRICES)
    ):
        raise PackingError("first tokens whose parts do not fit together")
    return TokenColumns(ids, texts, probability, overflow, unexplored, counts, numbers)


def _tokens(columns: TokenColumns) -> tuple[FirstToken, ...]:
    numbers = columns.numbers.astype(np.intp)
    stops = np.cumsum(columns.counts, dtype=np.int64).tolist()
    parts = [numbers[start:stop] for start, stop in zip([0, *stops], stops, strict=False)]
    values = zip(
        columns.ids.tolist(),
        columns.texts,
        columns.probability.tolist(),
        parts,
        columns.overflow.tolist(),
        columns.unexplored.tolist(),
        strict=True,
    )
    return tuple(FirstToken(*value) for value in values)
