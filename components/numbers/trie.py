"""The number trie: how a tokenizer writes 0 to 999 after a prompt, and what goes on past them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

NUMBERS = 1000

# Token ids that come after the prompt, in order.
TokenPath = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class TrieNode:
    """A prefix of some number's tokens, and what the token after it means.

    The next token either takes an edge to another node, or is in `overflow`, or ends what is
    written here: then it is `number`, or not a number where that is None. `edges` and `overflow`
    index the trie's `columns`; `children` index its `nodes`, one for each edge.
    """

    tokens: TokenPath
    number: int | None
    edges: NDArray[np.intp]
    children: NDArray[np.intp]
    overflow: NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Branch:
    """All paths that begin with one first token.

    `nodes` index the trie's nodes, the first token's own before its descendants; `numbers` are
    those that are written with it first, in order.
    """

    token: int
    text: str
    nodes: NDArray[np.intp]
    numbers: NDArray[np.intp]


class SeparatorNodes(NamedTuple):
    """Indexes of the nodes of numbers, and of the separator after each: one of each per pair."""

    numbers: NDArray[np.intp]
    separators: NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class NumberTrie:
    """Where each next token leads while a whole-dollar part of 0 to 999 is being written.

    P(n) is the probability that the tokens of `str(n)`, as the tokenizer writes them here, come
    next, followed by anything that does not go on with the whole-dollar part:

    - A further digit is overflow: a token that begins with an ASCII digit and is no edge. So is
      a number spelled as this tokenizer never writes it (`07`, or `12` `9` where `129` is one
      token): it is no canonical spelling of any n.
    - A thousands separator is `,` alone, as in US dollars. With a digit after it, in the same
      token (`,000`) or the next, it is overflow, as in `1,299`; so is a decimal comma (`12,50`),
      which can't be told from it. With anything else after it (`12, or`, `12,-`), n has ended.
    - Everything else ends n: a point and cents (`199.99` is 199), a full stop, a space, a
      currency word, another script's digits, a unit that multiplies (`5k`, `5 million` are 5),
      the end of the text.
    - What does not begin with a digit is not a number: a space before the digits, a sign, `.99`,
      end of text. Where a token joins the prompt's end to the first digit (GPT-2 after
      `Price: `), a token that does not spell out the prompt's end is not a number either.

    `nodes[0]` is the prompt's end; every node comes after its parent. `columns` are the ids, in
    order, of the tokens whose probability any node needs. `branches`: one per first token.
    """

    nodes: tuple[TrieNode, ...]
    columns: NDArray[np.int64]
    branches: tuple[Branch, ...]

    @cached_property
    def depth(self) -> int:
        """The most tokens that any node has."""
        return max(len(node.tokens) for node in self.nodes)

    @cached_property
    def separator_nodes(self) -> SeparatorNodes:
        """The pairs of a number's node and the node of the separator after it."""
        pairs = [
            (i, child)
            for i, node in enumerate(self.nodes)
            if node.number is not None
            for child in node.children
            if self.nodes[child].number == node.number
        ]
        numbers, separators = np.array(pairs, dtype=np.intp).reshape(-1, 2).T
        return SeparatorNodes(numbers, separators)

    def path(self, number: int) -> TokenPath:
        """The tokens of a number, without a separator."""
        return self._paths[number]

    @cached_property
    def _paths(self) -> dict[int, TokenPath]:
        paths: dict[int, TokenPath] = {}
        for node in self.nodes:  # a number's node comes before those of the separators after it
            if node.number is not None:
                paths.setdefault(node.number, node.tokens)
        return paths
