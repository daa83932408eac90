"""What a price's first token says about the price, and what it leaves open."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt

from components.numbers.atlas import NumberAtlas


@dataclass(frozen=True)
class FirstTokenInformation:
    """How much of a price's entropy its first token settles, in bits.

    The first token is a function of the price, so the mutual information of the two is the
    first token's own entropy: I(T; N) = H(T) - H(T|N) = H(T). (Cover & Thomas, Elements of
    Information Theory, 2nd ed., section 2.4.)
    """

    first_token_bits: float
    price_bits: float

    @property
    def share(self) -> float:
        """I(first token; price) / H(price), 0 to 1; NaN where the price is certain already."""
        if self.price_bits == 0:
            return math.nan
        return min(self.first_token_bits / self.price_bits, 1.0)


def first_token_information(
    atlas: NumberAtlas, weights: Sequence[float] | npt.NDArray[np.floating]
) -> FirstTokenInformation:
    """The information of the first token when the atlas's numbers have these weights.

    `weights` has one non-negative entry per number of the atlas; they need not sum to 1. Raises
    ValueError if they do not fit the atlas or are all zero.
    """
    given = np.asarray(weights, dtype=float)
    if given.shape != atlas.numbers.shape or not (given >= 0).all() or given.sum() <= 0:
        raise ValueError("one non-negative weight per number is needed, not all of them zero")
    _, price = np.unique(atlas.numbers, return_inverse=True)
    _, first = np.unique(atlas.first_places, return_inverse=True)
    return FirstTokenInformation(
        _entropy(np.bincount(first, given)), _entropy(np.bincount(price, given))
    )


def _entropy(weights: npt.NDArray[Any]) -> float:
    """The entropy of a distribution in bits; the same for the same weights in any order."""
    total = math.fsum(weights)
    shares = [share for weight in weights if (share := weight / total) > 0]
    return max(math.fsum(-share * math.log2(share) for share in shares), 0.0)


def still_possible(atlas: NumberAtlas, number: int) -> npt.NDArray[np.int64]:
    """The atlas's numbers that begin with the same token as `number`, in order."""
    (places,) = np.nonzero(atlas.numbers == number)
    same = atlas.first_places == atlas.first_places[places[0]]
    return np.unique(atlas.numbers[same])


def possible_counts(atlas: NumberAtlas) -> npt.NDArray[np.int64]:
    """Per number: how many of the atlas's numbers begin with the same token."""
    _, group, sizes = np.unique(atlas.first_places, return_inverse=True, return_counts=True)
    return sizes[group]


def as_ranges(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Numbers in order as runs without a gap, first and last of each."""
    runs = groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0])
    listed = ([number for _, number in run] for _, run in runs)
    return [(int(run[0]), int(run[-1])) for run in listed]
