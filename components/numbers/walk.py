"""Walk the number trie, best first, and add up the price distribution."""

import time
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from components.numbers.distribution import FirstToken, Method, PriceDistribution
from components.numbers.trie import NUMBERS, NumberTrie, TokenPath

_LIKELIEST = 10
# The part of the tolerance that is used up when what is likely to be asked for next is guessed: of
# 1 to 0.5 the cheapest for two models and every fifth product, a pass counted as 40 tokens.
_GUESSED = 0.9


class Scorer(Protocol):
    """A model at the end of one prompt.

    `note` says why it scores in no faster way, None where it does.
    `passes` and `tokens` count what was run so far; `pass_size` is how many paths fit in a pass.
    The paths `ahead` cost no further pass: they are run with the empty one.
    """

    method: Method
    note: str | None
    pass_size: int
    ahead: Sequence[TokenPath]
    passes: int
    tokens: int

    def score(
        self, paths: Sequence[TokenPath], likely: Sequence[TokenPath] = ()
    ) -> NDArray[np.float64]:
        """Each of the trie's columns' probability to come next, shape (paths, columns).

        The first call is with the empty path alone; each path's beginnings come before it.
        `likely` paths may be asked for later, best first: they may join a pass that has room.
        """
        ...

    def likeliest(self, count: int) -> list[tuple[int, str, float]]:
        """The likeliest tokens right after the prompt: id, text and probability, best first."""
        ...


def walk(
    trie: NumberTrie,
    scorer: Scorer,
    tolerance: float,
    progress: Callable[[float], None] | None = None,
) -> PriceDistribution:
    """The price distribution, with at most `tolerance` of its mass left unexplored.

    A node's mass is the probability to get there. Each pass takes nodes in falling order of mass
    until what is left is within the tolerance: all of them would be taken if the nodes were
    scored one by one, best first, so a smaller tolerance counts all that a larger one does. A
    pass with room also runs what is likely to be taken next; it counts only if it is. `progress`
    hears the unexplored mass after each pass.

    ValueError unless the tolerance is in [0, 1).
    """
    if not 0 <= tolerance < 1:
        raise ValueError(f"a tolerance is in [0, 1), not {tolerance}")
    started = time.perf_counter()
    nodes = trie.nodes
    probabilities = np.zeros(NUMBERS)
    overflow, unexplored = np.zeros(len(nodes)), 1.0
    not_a_number = np.float64(0)
    mass = np.zeros(len(nodes))
    mass[0] = 1.0
    waiting = mass > 0
    run_with_prompt = frozenset(scorer.ahead)
    ahead = np.array([node.tokens in run_with_prompt for node in nodes])
    while True:
        taken, unexplored = _best_first(np.where(waiting, mass, 0.0), tolerance)
        if progress is not None and unexplored < 1:
            progress(unexplored)
        if len(taken) and (waiting & ahead).any():  # first: what they lead to joins a larger pass
            taken = np.flatnonzero(waiting & ahead)
        if not len(taken):
            break
        taken = taken[: scorer.pass_size]
        likely = _likely_next(trie, mass, waiting, taken, tolerance)
        rows = scorer.score([nodes[i].tokens for i in taken], [nodes[i].tokens for i in likely])
        waiting[taken] = False
        for i, row in zip(taken, rows, strict=True):
            node = nodes[i]
            onward, past = row[node.edges], row[node.overflow].sum()
            mass[node.children] = mass[i] * onward
            waiting[node.children] = mass[node.children] > 0
            overflow[i] = mass[i] * past
            ended = mass[i] * max(0.0, 1.0 - onward.sum() - past)
            if node.number is None:
                not_a_number += ended
            else:
                probabilities[node.number] += ended
    return PriceDistribution(
        probabilities=probabilities,
        overflow=float(overflow.sum()),
        not_a_number=float(not_a_number),
        unexplored=unexplored,
        first_tokens=_first_tokens(trie, scorer, mass, overflow, np.where(waiting, mass, 0.0)),
        passes=scorer.passes,
        tokens=scorer.tokens,
        seconds=time.perf_counter() - started,
        method=scorer.method,
    )


def _best_first(mass: NDArray[np.float64], tolerance: float) -> tuple[NDArray[np.intp], float]:
    """The nodes to take, in falling order of mass, so that the rest is within it; and all mass."""
    order = np.flatnonzero(mass)
    order = order[np.argsort(-mass[order], kind="stable")]
    left = np.cumsum(mass[order][::-1])[::-1]  # in each node and those after it
    return order[left > tolerance], float(left[0]) if len(left) else 0.0


def _likely_next(
    trie: NumberTrie,
    mass: NDArray[np.float64],
    waiting: NDArray[np.bool_],
    taken: NDArray[np.intp],
    tolerance: float,
) -> NDArray[np.intp]:
    """The nodes to take once `taken` are scored, if separators follow as they did so far."""
    numbers, looks = trie.looks
    scored = (mass[numbers] > 0) & ~waiting[numbers]
    total = mass[np.unique(numbers[scored])].sum()
    share = mass[looks[scored]].sum() / total if total else 0.0
    expected = np.where(waiting, mass, 0.0)
    now = np.isin(numbers, taken)
    expected[looks[now]] = share * mass[numbers[now]]
    expected[taken] = 0.0
    return _best_first(expected, _GUESSED * tolerance)[0]


def _first_tokens(
    trie: NumberTrie,
    scorer: Scorer,
    mass: NDArray[np.float64],
    overflow: NDArray[np.float64],
    unexplored: NDArray[np.float64],
) -> tuple[FirstToken, ...]:
    """What each first token's nodes lost to overflow and left unexplored; and other tokens."""
    found = [
        FirstToken(
            token_id=branch.token,
            text=branch.text,
            probability=float(mass[branch.nodes[0]]),
            numbers=branch.numbers,
            overflow=float(overflow[branch.nodes].sum()),
            unexplored=float(unexplored[branch.nodes].sum()),
        )
        for branch in trie.branches
    ]
    begins = {branch.token for branch in trie.branches}
    otherwise_spelled = set(trie.columns[trie.nodes[0].overflow].tolist())
    for token, text, probability in scorer.likeliest(_LIKELIEST):
        if token not in begins:
            past = probability if token in otherwise_spelled else 0.0
            none = np.empty(0, dtype=np.intp)
            found.append(FirstToken(token, text, probability, none, past, 0.0))
    return tuple(sorted(found, key=lambda token: -token.probability))
