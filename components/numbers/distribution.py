"""The probability of every price, and what can be read from it."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from components.numbers.information import FirstTokenInformation, entropy

Method = Literal["tree", "plain"]

_READ_AS_NUMBER = re.compile(r"\s*\d+\s*", re.ASCII)


@dataclass(frozen=True, eq=False)
class FirstToken:
    """A first token after the prompt, and the prices that can follow from it.

    Its `text` has `probability`. `numbers` are the prices 0..999 that are written with it first.
    The probability is the sum of the distribution's `probabilities[numbers]`, of `overflow`
    (what goes on to 1,000 or more), of `unexplored` (what was not scored, or not told by the
    engine, after this token) and of text that is no number. A token that begins no number has
    no numbers; its overflow is its whole probability where it begins another spelling of one.
    """

    token_id: int
    text: str
    probability: float
    numbers: NDArray[np.intp]
    overflow: float
    unexplored: float


@dataclass(frozen=True, eq=False)
class PriceDistribution:
    """P(n) for the whole-dollar part n of 0..999, and where the rest of the probability went.

    `probabilities` (shape (1000,)), `overflow` (1,000 and more), `not_a_number` and `unexplored`
    sum to 1; NumberTrie says what counts as which. Unexplored mass belongs to one of the other
    parts, unknown which, so each of them is a lower bound, short by `unexplored` at most.
    `untold` is the part of `unexplored` that the engine did not tell (0 for one that knows the
    whole vocabulary); the rest of it was within the tolerance and not scored.

    Every figure below is of the distribution given that the price is a number 0..999, in whole
    dollars; NaN if no such mass was found.

    `first_tokens` are those that begin a number and the likeliest others, likeliest first.
    `passes` counts the model's forward passes, `tokens` what these ran, `seconds` is wall time;
    `method` is "tree" (many nodes against one key/value cache) or "plain" (each node as a
    sequence of its own).
    """

    probabilities: NDArray[np.float64]
    overflow: float
    not_a_number: float
    unexplored: float
    first_tokens: Sequence[FirstToken]
    passes: int
    tokens: int
    seconds: float
    method: Method
    untold: float = 0.0

    def __post_init__(self) -> None:
        self.probabilities.flags.writeable = False  # results are shared between visitors

    @cached_property
    def given_number(self) -> NDArray[np.float64]:
        """The probabilities given a number 0..999: they sum to 1."""
        total = self.probabilities.sum()
        return self.probabilities / (total if total > 0 else math.nan)

    @cached_property
    def _cumulated(self) -> NDArray[np.float64]:
        return np.cumsum(self.given_number)

    @property
    def mean(self) -> float:
        """Dollars."""
        return float(self.given_number @ np.arange(len(self.given_number)))

    @property
    def median(self) -> float:
        """Dollars: the smallest price that half of the probability does not exceed."""
        return self.quantile(0.5)

    @property
    def mode(self) -> float:
        """Dollars: the likeliest price, the lowest of equals."""
        return math.nan if self._empty else float(self.given_number.argmax())

    def quantile(self, q: float) -> float:
        """The smallest price in dollars that a share `q` of the probability does not exceed."""
        if not 0 <= q <= 1:
            raise ValueError(f"a quantile's share is in [0, 1], not {q}")
        if self._empty:
            return math.nan
        # Against rounding in the sum: the last price that has any probability holds all of it.
        last = int(self.given_number.nonzero()[0][-1])
        return float(min(np.searchsorted(self._cumulated, q), last))

    def interval(self, level: float = 0.8) -> tuple[float, float]:
        """The central interval in dollars: as much probability is left out below as above."""
        outside = (1 - level) / 2
        return self.quantile(outside), self.quantile(1 - outside)

    def crps(self, actual: float) -> float:
        """The continuous ranked probability score in dollars; 0 is perfect, lower is better.

        Of the whole-dollar part of the `actual` price: for one certain price it is the absolute
        error. Gneiting & Raftery 2007, "Strictly Proper Scoring Rules, Prediction, and
        Estimation", eq. 20: the integral of (F(x) - 1{x >= actual})^2.
        """
        dollars = _whole_dollars(actual)
        below, above = self._cumulated[:dollars], 1 - self._cumulated[dollars:]
        beyond = max(0, dollars - len(self.probabilities))  # where F is 1
        return float(below @ below + above @ above) + beyond

    def log_score(self, actual: float) -> float:
        """-ln of the probability of the `actual` price's whole dollars, in nats; lower is better.

        The logarithmic score of Gneiting & Raftery 2007 with its sign turned. Infinite where the
        model gives no probability at all, NaN where what it gives may be unexplored.
        """
        dollars = _whole_dollars(actual)
        given = self.given_number[dollars] if dollars < len(self.probabilities) else 0.0
        if given == 0:
            unknown = self.unexplored > 0 and dollars < len(self.probabilities)
            return math.nan if unknown else math.inf
        return -math.log(given)

    @property
    def first_token_information(self) -> float:
        """I(first token; price) / H(price), 0 to 1, given a number 0..999.

        As FirstTokenInformation has it: 1 where each number is one token, and where the price is
        certain; NaN if no number has any probability.
        """
        if self._empty:
            return math.nan
        per_token = np.array(
            [self.given_number[token.numbers].sum() for token in self.first_tokens]
        )
        return FirstTokenInformation(entropy(per_token), entropy(self.given_number)).share

    def top_mean(self, count: int) -> float:
        """The probability-weighted mean of the `count` likeliest next tokens read as numbers.

        In dollars. Tokens that are no positive number are left out, and where
        `price_is_one_token` is false it averages first digits. NaN if none is a number.
        """
        places, prices, weights = self._read_tokens
        kept = places < count
        weight = weights[kept].sum()
        return float(prices[kept] @ weights[kept] / weight) if weight > 0 else math.nan

    @cached_property
    def _read_tokens(self) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.float64]]:
        """The first tokens that are positive numbers: places, numbers and probabilities."""
        prices = read_as_numbers([token.text for token in self.first_tokens])
        weights = np.array([token.probability for token in self.first_tokens], dtype=float)
        places = np.flatnonzero(~np.isnan(prices))
        return places, prices[places], weights[places]

    @property
    def top3(self) -> float:
        """`top_mean` of three tokens: a published baseline, kept as it is."""
        return self.top_mean(3)

    @property
    def price_is_one_token(self) -> bool:
        """Whether each first token that begins a price begins that price alone."""
        begun = [len(token.numbers) for token in self.first_tokens if len(token.numbers)]
        return bool(begun) and max(begun) == 1

    @property
    def _empty(self) -> bool:
        return not self.probabilities.any()


def read_as_numbers(texts: Sequence[str]) -> NDArray[np.float64]:
    """The number that each text is, shape (len(texts),); NaN for none, and for 0."""
    return np.array([_read_as_number(text) for text in texts], dtype=float)


@lru_cache(maxsize=2**16)
def _read_as_number(text: str) -> float:
    return (float(text) or math.nan) if _READ_AS_NUMBER.fullmatch(text) else math.nan


def _whole_dollars(price: float) -> int:
    if not (math.isfinite(price) and price >= 0):
        raise ValueError(f"a price is 0 or more, not {price}")
    return math.floor(price)
