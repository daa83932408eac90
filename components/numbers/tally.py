"""The bookkeeping of a walk: where in the number trie the probability is, and where it went."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from components.numbers.distribution import FirstToken
from components.numbers.scorer import NextTokens, TopToken
from components.numbers.trie import NUMBERS, NumberTrie


class Tally:
    """Probability per node of a trie, and per part of the distribution.

    Per node (shape (nodes,)): `mass`, the probability to get there, 0 until its parent is scored;
    `waiting`, whether it is still to be scored; `overflow` and `untold`, what of its mass goes on
    to 1,000 and more, and what the engine did not tell. `probabilities` (shape (1000,)) and
    `not_a_number` are what ended. At any time all of it, with the mass of the waiting nodes,
    sums to 1.
    """

    def __init__(self, trie: NumberTrie):
        self.trie = trie
        self.mass = np.zeros(len(trie.nodes))
        self.mass[0] = 1.0
        self.waiting = self.mass > 0
        self.overflow = np.zeros(len(trie.nodes))
        self.untold = np.zeros(len(trie.nodes))
        self.probabilities = np.zeros(NUMBERS)
        self.not_a_number = 0.0

    @property
    def waiting_mass(self) -> NDArray[np.float64]:
        """Each node's mass if it is still to be scored, else 0."""
        return np.where(self.waiting, self.mass, 0.0)

    def add(self, nodes: NDArray[np.intp], after: NextTokens) -> None:
        """Spread the mass of these waiting nodes by what comes next after each."""
        self.waiting[nodes] = False
        for i, row, told in zip(nodes, after.probabilities, after.told, strict=True):
            self._spread(int(i), row, float(told))

    def _spread(self, i: int, row: NDArray[np.float64], told: float) -> None:
        node, mass = self.trie.nodes[i], self.mass[i]
        onward, overflow = row[node.edges], row[node.overflow].sum()
        going_on = onward.sum() + overflow
        self.mass[node.children] = mass * onward
        self.waiting[node.children] = self.mass[node.children] > 0
        self.overflow[i] = mass * overflow
        # By rounding, the columns may sum to a little more than was told.
        told = min(1.0, max(told, going_on))
        self.untold[i] = mass * (1.0 - told)
        ended = mass * max(0.0, told - going_on)
        if node.number is None:
            self.not_a_number += float(ended)
        else:
            self.probabilities[node.number] += ended

    def first_tokens(self, top_tokens: Sequence[TopToken]) -> tuple[FirstToken, ...]:
        """The tokens that begin a number, and the others of `top_tokens`; likeliest first."""
        unexplored = self.waiting_mass + self.untold
        found = [
            FirstToken(
                token_id=branch.token,
                text=branch.text,
                probability=float(self.mass[branch.nodes[0]]),
                numbers=branch.numbers,
                overflow=float(self.overflow[branch.nodes].sum()),
                unexplored=float(unexplored[branch.nodes].sum()),
            )
            for branch in self.trie.branches
        ]
        begins = {branch.token for branch in self.trie.branches}
        other_spellings = set(self.trie.columns[self.trie.nodes[0].overflow].tolist())
        no_numbers = np.empty(0, dtype=np.intp)
        for token, text, probability in top_tokens:
            if token not in begins:
                overflow = probability if token in other_spellings else 0.0
                found.append(FirstToken(token, text, probability, no_numbers, overflow, 0.0))
        return tuple(sorted(found, key=lambda token: -token.probability))
