"""The point estimates of a price distribution, and how far off they are."""

from dataclasses import dataclass
from typing import cast

import pytest

from components.numbers import PriceDistribution
from components.pricing import error_band, point_estimates


@dataclass
class Answers:
    """The figures of a distribution that estimates read."""

    median: float = 1.0
    mean: float = 2.0
    mode: float = 3.0
    top3: float = 4.0
    price_is_one_token: bool = True


def test_each_estimate_is_the_figure_that_its_name_says():
    found = point_estimates(cast(PriceDistribution, Answers()))
    assert found == {"median": 1.0, "mean": 2.0, "mode": 3.0, "top3_mean": 4.0}


def test_the_top_three_mean_does_not_apply_where_a_price_is_not_one_token():
    found = point_estimates(cast(PriceDistribution, Answers(price_is_one_token=False)))
    assert found == {"median": 1.0, "mean": 2.0, "mode": 3.0, "top3_mean": None}


@pytest.mark.parametrize("actual", [0, -5, float("nan")])
def test_no_band_is_told_of_an_actual_price_that_is_none(actual):
    with pytest.raises(ValueError, match="above zero"):
        error_band(10, actual)


@pytest.mark.parametrize(
    ("estimate", "actual", "band"),
    [
        (0, 39.99, "green"),
        (0, 40, "orange"),
        (0, 79.99, "orange"),
        (0, 80, "red"),
        (800.01, 1000, "green"),
        (800, 1000, "orange"),
        (600.01, 1000, "orange"),
    ],
)
def test_a_band_ends_where_its_limit_is_reached_below_the_price_too(estimate, actual, band):
    assert error_band(estimate, actual) == band
