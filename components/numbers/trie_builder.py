"""Builds the number trie of a tokenizer after a text, step by step."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

import numpy as np
from numpy.typing import NDArray

from components.errors import TokenizerError
from components.numbers.context import NumberContext
from components.numbers.encoding import EncodedNumber, encode_numbers
from components.numbers.trie import NUMBERS, Branch, NumberTrie, TokenPath, TrieNode
from components.numbers.vocabulary import NumberVocabulary
from components.tokenization import unknown_token


@dataclass(frozen=True)
class NumberPaths:
    """The tokens of each number after a text.

    `paths[n]` are the tokens by which n's encoding differs from the others'. `unspelled` has, for
    each prefix of a path, the text's end that its tokens have not spelled out yet: not empty
    where a token joins the text's end to a digit.
    """

    paths: list[TokenPath]
    unspelled: Mapping[TokenPath, str]


@dataclass(frozen=True)
class TrieShape:
    """The trie's nodes as token paths, and how they hang together.

    `order` holds all nodes, shorter ones first. `numbers` has those that spell a whole number,
    also those with a separator after it, which are `separators`. `children` has each inner node's.
    """

    order: list[TokenPath]
    numbers: Mapping[TokenPath, int]
    separators: frozenset[TokenPath]
    children: Mapping[TokenPath, Sequence[TokenPath]]


def build_trie(vocabulary: NumberVocabulary, text: str) -> NumberTrie:
    """The trie of 0 to 999 after `text`.

    Raises TokenizerError if two of the numbers have the same tokens, or one has none or unknown
    ones.
    """
    context = NumberContext(text)
    encoded = encode_numbers(vocabulary.tokenizer, context, map(str, range(NUMBERS)))
    paths = number_paths(text, encoded)
    _require_known(paths.paths, unknown_token(vocabulary.tokenizer))
    _require_separators_apart(paths.paths, vocabulary.separators)
    shape = trie_shape(paths.paths, vocabulary.separators)
    continuing = {
        (unspelled, after_number): vocabulary.continuing(unspelled, after_number=after_number)
        for unspelled in {"", *paths.unspelled.values()}
        for after_number in (False, True)
    }
    edges = {child[-1] for children in shape.children.values() for child in children}
    columns = np.array(sorted(edges.union(*continuing.values())), dtype=np.int64)
    nodes = _nodes(shape, paths.unspelled, continuing, columns)
    return NumberTrie(nodes, columns, _branches(vocabulary, nodes))


def _require_known(paths: Sequence[TokenPath], unknown: int | None) -> None:
    lost = [str(number) for number, path in enumerate(paths) if unknown in path]
    if lost:
        some = ", ".join(lost[:3]) + (", …" if len(lost) > 3 else "")
        raise TokenizerError(
            f"This tokenizer has no way to write {len(lost):,} of the numbers 0 to 999 ({some}):"
            " they become its token for what the vocabulary lacks.",
            way_out="Pick another model.",
        )


def _require_separators_apart(paths: Sequence[TokenPath], separators: Iterable[int]) -> None:
    """A vocabulary can give a digit and the comma one id: `1,` and `11` are the same then."""
    prefixes = {path[:end] for path in paths for end in range(1, len(path) + 1)}
    if any((*path, separator) in prefixes for path in paths for separator in separators):
        raise TokenizerError(
            "This tokenizer has the same token for a digit and for the thousands separator.",
            way_out="Pick another model.",
        )


def number_paths(text: str, encoded: Sequence[EncodedNumber]) -> NumberPaths:
    """What each number adds to the tokens that all of these encodings, of 0, 1, …, begin with."""
    columns = zip(*(number.ids for number in encoded), strict=False)
    shared = sum(1 for _ in takewhile(lambda ids: len(set(ids)) == 1, columns))
    paths = [tuple(number.ids[shared:]) for number in encoded]
    if len(set(paths)) < len(paths) or not all(paths):
        raise TokenizerError(
            "This tokenizer does not write 0 to 999 as different tokens.",
            way_out="Pick another model.",
        )
    unspelled: dict[TokenPath, str] = {}
    for number, path in zip(encoded, paths, strict=True):
        # Characters that a tokenizer drops are missing in the offsets of the tokens after them.
        dropped = number.end - number.offsets[-1][1]
        for length in range(len(path) + 1):
            last = shared + length - 1
            spelled = number.offsets[last][1] + dropped if last >= 0 else 0
            unspelled.setdefault(path[:length], text[spelled:])
    return NumberPaths(paths, unspelled)


def trie_shape(paths: Sequence[TokenPath], separators: Iterable[int]) -> TrieShape:
    """The nodes of these numbers' paths, and one for each separator after a number.

    After a separator only a digit goes on; a second separator does not.
    """
    numbers = {path: number for number, path in enumerate(paths)}
    children: defaultdict[TokenPath, list[TokenPath]] = defaultdict(list)
    prefixes = dict.fromkeys(path[:end] for path in paths for end in range(len(path) + 1))
    for prefix in prefixes:
        if prefix:
            children[prefix[:-1]].append(prefix)
    after_separator = [(*path, separator) for path in paths for separator in separators]
    for path in after_separator:
        children[path[:-1]].append(path)
        numbers[path] = numbers[path[:-1]]
    order = sorted([*prefixes, *after_separator], key=lambda path: (len(path), path))
    return TrieShape(order, numbers, frozenset(after_separator), children)


def _nodes(
    shape: TrieShape,
    unspelled: Mapping[TokenPath, str],
    continuing: Mapping[tuple[str, bool], set[int]],
    columns: NDArray[np.int64],
) -> tuple[TrieNode, ...]:
    """The shape's nodes with their edges and overflow as indexes into the columns."""
    index = {path: position for position, path in enumerate(shape.order)}
    overflow: dict[tuple[str, bool, TokenPath], NDArray[np.intp]] = {}  # most nodes share theirs
    nodes = []
    for path in shape.order:
        children = shape.children.get(path, ())
        edges = tuple(child[-1] for child in children)
        rest = unspelled.get(path, "")
        after_number = path in shape.numbers and path not in shape.separators
        key = (rest, after_number, edges)
        if key not in overflow:
            others = sorted(continuing[rest, after_number].difference(edges))
            overflow[key] = np.searchsorted(columns, others)
        nodes.append(
            TrieNode(
                tokens=path,
                number=shape.numbers.get(path),
                edges=np.searchsorted(columns, edges),
                children=np.array([index[child] for child in children], dtype=np.intp),
                overflow=overflow[key],
            )
        )
    return tuple(nodes)


def _branches(vocabulary: NumberVocabulary, nodes: Sequence[TrieNode]) -> tuple[Branch, ...]:
    by_first_token: defaultdict[int, list[int]] = defaultdict(list)
    for position, node in enumerate(nodes[1:], start=1):
        by_first_token[node.tokens[0]].append(position)
    texts = vocabulary.texts(list(by_first_token))
    return tuple(
        Branch(
            token=token,
            text=text,
            nodes=np.array(positions, dtype=np.intp),
            numbers=np.unique([n for p in positions if (n := nodes[p].number) is not None]),
        )
        for (token, positions), text in zip(by_first_token.items(), texts, strict=True)
    )
