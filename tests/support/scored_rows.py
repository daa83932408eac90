"""Rows of a model whose distributions and errors are made up, so that what is right is known."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from components.evaluation import ScoredRow
from components.evaluation.scored import items_frame
from components.numbers import FirstToken, PriceDistribution
from components.pricing import clean_description, load_catalogue, price_prompt

CATALOGUE = tuple(load_catalogue().values())


def made_distribution(
    probabilities: NDArray[np.float64],
    *,
    overflow: float = 0.0,
    not_a_number: float = 0.0,
    unexplored: float = 0.0,
    first_tokens: Sequence[FirstToken] = (),
) -> PriceDistribution:
    """A distribution of these probabilities that took one pass."""
    return PriceDistribution(
        probabilities=np.array(probabilities, dtype=float),
        overflow=overflow,
        not_a_number=not_a_number,
        unexplored=unexplored,
        first_tokens=tuple(first_tokens),
        passes=1,
        tokens=1,
        seconds=0.1,
        method="tree",
    )


def certain(dollars: int, share: float = 1.0) -> PriceDistribution:
    """All that is a number on one price; the rest is no number."""
    probabilities = np.zeros(1000)
    probabilities[dollars] = share
    return made_distribution(probabilities, not_a_number=1 - share)


def one_token_each(probabilities: NDArray[np.float64]) -> PriceDistribution:
    """A distribution of a model that writes every price in one token."""
    tokens = [
        FirstToken(price, str(price), float(share), np.array([price]), 0.0, 0.0)
        for price, share in enumerate(probabilities)
    ]
    tokens.sort(key=lambda token: -token.probability)
    return made_distribution(probabilities, first_tokens=tokens)


def log_normal(center: float, spread: float) -> NDArray[np.float64]:
    """Probabilities of 0..999 around a price, `spread` wide in its logarithm."""
    prices = np.log1p(np.arange(1000))
    weights = np.exp(-((prices - math.log1p(center)) ** 2) / (2 * spread**2)) / np.arange(1, 1001)
    return weights / weights.sum()


def made_rows(
    count: int = len(CATALOGUE), *, noise: float = 0.8, spread: float = 0.8, seed: int = 0
) -> list[ScoredRow]:
    """Rows of the catalogue, over and over, whose distributions miss the log price by `noise`.

    Every eleventh greedy continuation is no number.
    """
    generator = np.random.default_rng(seed)
    rows = []
    for place in range(count):
        product = CATALOGUE[place % len(CATALOGUE)]
        off = float(generator.normal(0, noise))
        center = min(math.expm1(math.log1p(product.price_usd) + off), 999.0)
        distribution = made_distribution(
            0.9 * log_normal(center, spread), overflow=0.04, not_a_number=0.05, unexplored=0.01
        )
        rows.append(
            ScoredRow(
                f"{product.id}-{place}" if place >= len(CATALOGUE) else product.id,
                price_prompt(product.description),
                product.price_usd,
                product.category,
                distribution,
                None if place % 11 == 0 else distribution.mode,
            )
        )
    return rows


def described(rows: Sequence[ScoredRow]) -> tuple[pd.DataFrame, list[str]]:
    """The rows as baselines take them: items and descriptions."""
    return items_frame(rows), [clean_description(row.prompt) for row in rows]
