"""Standard errors of benchmark scores from the number of items behind them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Part:
    """A set of independent items that counts as one within a benchmark.

    `chance` is the accuracy that becomes a score of 0: the source's score of a part is
    100 x max(0, accuracy - chance) / (1 - chance), and a benchmark's the mean of its parts'.
    """

    items: int
    chance: float = 0.0


def score_stderr(scores: ArrayLike, parts: Sequence[Part]) -> NDArray[np.float64]:
    """Standard errors, in points of the score's scale 0 to 100; NaN where a score is NaN.

    Items count as independent draws with success probability p. As one success and one failure
    are added to each part (Agresti and Caffo, The American Statistician 54, 2000), nobody's error
    is 0, not even at 0 right of n. Normalisation by chance divides the error by 1 - chance. The
    accuracies of the parts are not published: all parts are given the benchmark's score, which
    for parts of equal size and chance is the largest error that the score allows (the variance
    is concave in the part's score).
    """
    share = np.clip(np.asarray(scores, dtype=float), 0, 100)[..., None] / 100
    items = np.array([part.items for part in parts], dtype=float)
    chance = np.array([part.chance for part in parts], dtype=float)
    accuracy = chance + share * (1 - chance)
    shrunk = (accuracy * items + 1) / (items + 2)
    variance = shrunk * (1 - shrunk) / (items + 2) / (1 - chance) ** 2
    return 100 * np.sqrt(variance.sum(axis=-1)) / len(parts)
