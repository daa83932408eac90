"""Walk the number trie, best first, and add up the price distribution."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from components.numbers.distribution import PriceDistribution
from components.numbers.scorer import Scorer
from components.numbers.tally import Tally
from components.numbers.trie import NumberTrie

_TOP_TOKENS = 10
# Nodes that are only expected to be needed are prefetched down to this part of the tolerance: of
# 1 to 0.5 the cheapest for two models and every fifth product, a pass counted as 40 tokens.
_PREFETCHED_PART = 0.9


def walk(
    trie: NumberTrie,
    scorer: Scorer,
    tolerance: float,
    progress: Callable[[float], None] | None = None,
) -> PriceDistribution:
    """The price distribution, with nodes of at most `tolerance` of the mass left unscored.

    A node's mass is the probability to get there. Each pass takes nodes in falling order of mass
    until what is left is within the tolerance: all of them would be taken if the nodes were
    scored one by one, best first, so a smaller tolerance counts all that a larger one does. A
    pass with room also runs what is likely to be taken next; it counts only if it is.

    What the engine did not tell comes on top of the tolerance: at a node of mass m of which it
    told t, m * (1 - t) is unexplored, since it may belong to any part. `progress` is called with
    the mass of the nodes still to be scored, after each call of the scorer.

    ValueError unless the tolerance is in [0, 1).
    """
    if not 0 <= tolerance < 1:
        raise ValueError(f"a tolerance is in [0, 1), not {tolerance}")
    started = time.perf_counter()
    tally = Tally(trie)
    with_prompt = frozenset(scorer.prefetched)
    prefetched = np.array([node.tokens in with_prompt for node in trie.nodes])
    nodes, unscored = best_first(tally.waiting_mass, tolerance)
    while len(nodes):
        if len(free := np.flatnonzero(tally.waiting & prefetched)):
            nodes = free  # they cost no pass, and what they lead to joins a larger one
        nodes = nodes[: scorer.pass_size]
        expected = expected_next(tally, nodes, tolerance)
        after = scorer.score(
            [trie.nodes[i].tokens for i in nodes], [trie.nodes[i].tokens for i in expected]
        )
        tally.add(nodes, after)
        nodes, unscored = best_first(tally.waiting_mass, tolerance)
        if progress is not None:
            progress(unscored)
    untold = float(tally.untold.sum())
    return PriceDistribution(
        probabilities=tally.probabilities,
        overflow=float(tally.overflow.sum()),
        not_a_number=tally.not_a_number,
        unexplored=unscored + untold,
        first_tokens=tally.first_tokens(scorer.top_tokens(_TOP_TOKENS)),
        passes=scorer.passes,
        tokens=scorer.tokens,
        seconds=time.perf_counter() - started,
        method=scorer.method,
        untold=untold,
    )


class BestFirst(NamedTuple):
    """Nodes in falling order of mass, and the mass of all that wait, these and the rest."""

    nodes: NDArray[np.intp]
    waiting: float


def best_first(mass: NDArray[np.float64], tolerance: float) -> BestFirst:
    """The nodes to score, of those that have mass (shape (nodes,)), so that the rest is within it.

    The fewest that will do.
    """
    order = np.flatnonzero(mass)
    order = order[np.argsort(-mass[order], kind="stable")]
    left = np.cumsum(mass[order][::-1])[::-1]  # in each node and those after it
    return BestFirst(order[left > tolerance], float(left[0]) if len(left) else 0.0)


def expected_next(tally: Tally, nodes: NDArray[np.intp], tolerance: float) -> NDArray[np.intp]:
    """The nodes to score once `nodes` are, best first, if separators follow as they did so far."""
    numbers, separators = tally.trie.separator_nodes
    mass, waiting = tally.mass, tally.waiting
    scored = (mass[numbers] > 0) & ~waiting[numbers]
    total = mass[np.unique(numbers[scored])].sum()
    share = mass[separators[scored]].sum() / total if total else 0.0
    expected = tally.waiting_mass
    now = np.isin(numbers, nodes)
    expected[separators[now]] = share * mass[numbers[now]]
    expected[nodes] = 0.0
    return best_first(expected, _PREFETCHED_PART * tolerance).nodes
