"""Whether a model scores a tree of numbers as it scores one sequence at a time.

Found out by comparing both on a model's first use.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from components.engines.local.scorers import LocalScorer, PlainScorer, TreeScorer
from components.errors import EngineError
from components.numbers import NumberTrie, TokenPath

# What is compared: the paths of these numbers, and how many of the longest.
_PROBED = (8, 42, 199, 930)
_COMPARED = 4
# How far apart two ways to compute the same next-token distribution may be by rounding alone, in
# total variation, in 32 bits and in 16. Seen with SmolLM2 135M and Gemma 3 270M: 2e-6 and 0.017;
# with every position off by one, the mildest error tried, 0.054 to 0.085.
_SAME, _SAME_IN_16_BIT = 1e-3, 0.05

MakeScorer = Callable[[type[LocalScorer], NumberTrie], LocalScorer]


@dataclass(frozen=True)
class TreeCheck:
    """What the comparison found; `reason` says why a model does not take trees."""

    works: bool
    reason: str | None = None


def check_trees(make: MakeScorer, trie: NumberTrie, vocabulary: int, itemsize: int) -> TreeCheck:
    """Compare a handful of nodes, scored as a tree and as plain sequences.

    The handful: the paths of a few numbers with all their prefixes, level by level, so that each
    pass holds siblings that must not see each other. The longest are compared, as they depend on
    the others' keys: by the mean total variation of their next-token distributions over the
    `vocabulary`. `itemsize` is the width of the model's numbers in bytes.

    EngineError if the plain way fails too; StoppedError ends it undecided.
    """
    bound = _SAME if itemsize == 4 else _SAME_IN_16_BIT
    whole = replace(trie, columns=np.arange(vocabulary))
    paths = [node.tokens for node in trie.nodes if node.number in _PROBED]
    compared = sorted(paths, key=len)[-_COMPARED:]
    try:
        scored = _scored_as_tree(make(TreeScorer, whole), paths)
    except EngineError as error:
        return TreeCheck(works=False, reason=error.details or error.problem)
    expected = make(PlainScorer, whole).score(compared).probabilities
    distance = np.abs(np.stack([scored[path] for path in compared]) - expected).sum(axis=1) / 2
    if distance.mean() <= bound:
        return TreeCheck(works=True)
    return TreeCheck(
        works=False,
        reason=f"scored as a tree, its next tokens differ by {distance.mean():.3f} in total"
        f" variation from those of plain sequences; rounding explains {bound:g}",
    )


def _scored_as_tree(
    tree: LocalScorer, paths: list[TokenPath]
) -> dict[TokenPath, NDArray[np.float64]]:
    prefixes = {path[:end] for path in paths for end in range(len(path) + 1)}
    rows: dict[TokenPath, NDArray[np.float64]] = {}
    for depth in range(max(map(len, prefixes)) + 1):
        level = sorted(path for path in prefixes if len(path) == depth)
        rows.update(zip(level, tree.score(level).probabilities, strict=True))
    return rows
