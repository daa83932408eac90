"""What holds for every server that is asked for prices: the same checks for each kind."""

import math
from functools import cache

import numpy as np

from components.control import Control
from components.engines import LocalEngine, ServerEngine, price_distribution
from components.numbers import PriceDistribution
from components.pricing import load_catalogue, price_prompt

_NEARLY_ALL = 1e-4


def prompts(count: int) -> list[str]:
    """Price prompts of products spread over the catalogue."""
    products = list(load_catalogue().values())
    chosen = products[:: len(products) // count][:count]
    return [price_prompt(product.description) for product in chosen]


def total_variation(first: PriceDistribution, second: PriceDistribution) -> float:
    """Over the 1,000 prices, overflow, not a number and unexplored."""
    parts = [
        np.append(one.probabilities, [one.overflow, one.not_a_number, one.unexplored])
        for one in (first, second)
    ]
    return float(np.abs(parts[0] - parts[1]).sum() / 2)


@cache
def priced_here(local: LocalEngine, prompt: str) -> PriceDistribution:
    """By the same weights on this machine, nearly all of it explored; once per prompt."""
    return price_distribution(local, prompt, _NEARLY_ALL)


def check_prices(
    server: ServerEngine, local: LocalEngine, *, count: int, tolerance: float, apart: float
) -> list[float]:
    """Both price the same products: within what is unexplored, and at most `apart`."""
    distances = []
    numbers = 0.0
    for prompt in prompts(count):
        exact = priced_here(local, prompt)
        found = price_distribution(server, prompt, tolerance)
        distance = total_variation(exact, found)
        distances.append(distance)
        assert distance <= found.unexplored + apart / 4, prompt
        assert distance <= apart + (tolerance if tolerance > apart / 2 else 0), prompt
        assert found.unexplored <= tolerance + found.untold + 1e-9
        # What is not told may be of any kind: no part is more than it truly is.
        assert found.not_a_number <= exact.not_a_number + apart / 4
        assert (found.probabilities <= exact.probabilities + apart / 4).all()
        assert found.method == "server"
        numbers = max(numbers, float(exact.probabilities.sum()))
    assert numbers > 0.02  # else nothing was compared
    return distances


def check_continuation(server: ServerEngine, local: LocalEngine) -> None:
    """Both continue alike, greedily, and piece by piece."""
    for prompt in prompts(2):
        pieces = list(server.stream(prompt, 8, Control()))
        assert len(pieces) > 1
        assert "".join(pieces) == "".join(local.stream(prompt, 8))


def check_likelihood(server: ServerEngine, local: LocalEngine, text: str) -> None:
    """Both find a text as likely."""
    theirs = server.log_likelihood(text, Control())  # type: ignore[attr-defined]
    ours = local.log_likelihood(text, Control())
    assert math.isclose(theirs, ours, rel_tol=1e-3)
