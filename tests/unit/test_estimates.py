"""What a price distribution answers, and prices at the edges of what is read."""

from dataclasses import dataclass
from typing import cast

import pytest

from components.errors import PriceListError
from components.numbers import PriceDistribution
from components.pricing import error_band, point_estimates, read_prices
from components.pricing.price_file import MAX_BYTES


@dataclass
class Answers:
    """The four figures of a distribution that estimates read."""

    median: float = 1.0
    mean: float = 2.0
    mode: float = 3.0
    top3: float = 4.0


def test_each_estimate_is_the_figure_that_its_name_says():
    found = point_estimates(cast(PriceDistribution, Answers()))
    assert found == {"median": 1.0, "mean": 2.0, "mode": 3.0, "top3_mean": 4.0}


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


def test_the_largest_and_the_smallest_price_are_read_and_what_is_beyond_is_left_out():
    prices = read_prices(b"price\n0\n99999.49\n99999.5\n-0.01\n")
    assert dict(prices.dollars) == {0: 1, 99_999: 1}
    assert (prices.count, prices.left_out) == (2, 2)


def test_a_file_of_just_the_largest_size_is_read():
    content = b"price\n5\n" + b" " * (MAX_BYTES - 8)
    assert len(content) == MAX_BYTES
    assert read_prices(content).dollars[5] == 1
    with pytest.raises(PriceListError, match=r"The file has 5\.0 MB; at most 5 MB are read"):
        read_prices(content + b" ")


def test_a_column_of_numbers_is_taken_where_most_of_its_cells_are_and_half_are_not_enough():
    prices = read_prices(b"7,a\nx,1\nx,2\n")
    assert (dict(prices.dollars), prices.left_out, prices.column) == ({1: 1, 2: 1}, 1, None)
    with pytest.raises(PriceListError, match="No column of the file holds numbers"):
        read_prices(b"1,a\nx,b\n")


def test_of_several_named_columns_the_one_named_price_comes_first():
    prices = read_prices(b"amount,price\n1,2\n")
    assert (dict(prices.dollars), prices.column) == ({2: 1}, "price")
    assert read_prices(b"id,amount\n1,2\n").column == "amount"


def test_amounts_come_in_order_and_are_counted():
    prices = read_prices(b"price\n9\n3\n9\n1\n")
    assert list(prices.dollars.items()) == [(1, 1), (3, 1), (9, 2)]
    assert prices.count == 4
