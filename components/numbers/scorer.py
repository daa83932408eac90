"""What the walk needs of an engine: the next token's probabilities after a few more tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from components.numbers.distribution import Method
from components.numbers.trie import TokenPath

# By how much a row's columns may sum to more than was told: rounding, in 16 bits at the worst.
_ROUNDING = 0.01


@dataclass(frozen=True, eq=False)
class NextTokens:
    """The next token's distribution after several paths, in a trie's columns.

    `probabilities` has the shape (paths, columns), with 0 where the engine did not say. `told`,
    shape (paths,), is the probability of all tokens that the engine spoke of, among the columns
    or not: less than 1 where it gives only the likeliest tokens, 1 where it knows all columns.

    Raises ValueError for shapes that do not fit, probabilities outside [0, 1], and columns that
    sum to more than was told.
    """

    probabilities: NDArray[np.float64]
    told: NDArray[np.float64]

    def __post_init__(self) -> None:
        rows, told = self.probabilities, self.told
        if rows.ndim != 2 or told.shape != rows.shape[:1]:
            raise ValueError(f"shapes {rows.shape} and {told.shape} are not of the same paths")
        if not ((rows >= 0).all() and (told >= 0).all() and (told <= 1 + _ROUNDING).all()):
            raise ValueError("probabilities are in [0, 1]")
        if not (rows.sum(axis=1) <= told + _ROUNDING).all():
            raise ValueError("the columns' probabilities sum to more than all that was told")

    @classmethod
    def with_all_told(cls, probabilities: NDArray[np.float64]) -> NextTokens:
        """From an engine that knows every token's probability."""
        return cls(probabilities, np.ones(len(probabilities)))


class TopToken(NamedTuple):
    """One of the likeliest tokens right after the prompt."""

    token_id: int
    text: str
    probability: float


class Scorer(Protocol):
    """A model at the end of one prompt.

    `note` says why `method` is not the fastest there is, None where it is.
    `passes` and `tokens` count the forward passes run so far and the tokens in them; `pass_size`
    is how many paths fit in one. The paths `prefetched` cost no further pass: they are run
    together with the prompt.
    """

    method: Method
    note: str | None
    pass_size: int
    prefetched: Sequence[TokenPath]
    passes: int
    tokens: int

    def score(self, paths: Sequence[TokenPath], prefetch: Sequence[TokenPath] = ()) -> NextTokens:
        """The distributions of the token that comes next after each path.

        The first call is with the empty path alone; a path's prefixes are scored before it.
        Paths in `prefetch` may be needed later, best first: they may join a pass that has room.
        """
        ...

    def top_tokens(self, count: int) -> list[TopToken]:
        """The likeliest tokens right after the prompt, best first; fewer if no more were told."""
        ...
