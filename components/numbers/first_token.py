"""What the first token of a number, as a tokenizer writes it, leaves open."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

import numpy as np
import numpy.typing as npt

from components.numbers.atlas import NumberAtlas
from components.numbers.information import FirstTokenInformation, entropy


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
        first_token_bits=entropy(np.bincount(first, given)),
        price_bits=entropy(np.bincount(price, given)),
    )


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
