"""The information, in bits, that a price's first token carries about the price."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class FirstTokenInformation:
    """The entropy of a price, and of its first token, in bits.

    The first token is a function of the price, so the mutual information of the two is the
    first token's own entropy: I(T; N) = H(T) - H(T|N) = H(T). (Cover & Thomas, Elements of
    Information Theory, 2nd ed., section 2.4.)
    """

    first_token_bits: float
    price_bits: float

    @property
    def share(self) -> float:
        """I(first token; price) / H(price), 0 to 1; 1 where the price is certain."""
        if self.price_bits == 0:
            return 1.0
        return min(self.first_token_bits / self.price_bits, 1.0)


def entropy(weights: Iterable[float]) -> float:
    """The entropy, in bits, of a distribution proportional to these non-negative weights.

    The same for the same weights in any order, and never -0; NaN if all are zero.
    """
    listed = list(weights)
    total = math.fsum(listed)
    if total == 0:
        return math.nan
    shares = [share for weight in listed if (share := weight / total) > 0]
    return max(0.0, math.fsum(-share * math.log2(share) for share in shares))
