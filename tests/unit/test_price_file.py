"""A visitor's own prices are read from CSV as people write it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.errors import PriceListError
from components.pricing import read_prices
from components.pricing.price_file import MAX_BYTES


@pytest.mark.parametrize(
    ("content", "dollars", "left_out", "column"),
    [
        (b"price\n1\n2\n3.5\n3.49\n", {1: 1, 2: 1, 3: 1, 4: 1}, 0, "price"),
        (b"1\n2\n2\n", {1: 1, 2: 2}, 0, None),
        (b"title;price\nA;$1,299.99\nB;9\nC;none\n", {9: 1, 1300: 1}, 1, "price"),
        (b'id,Price\n7,"1,299"\n8,-4\n9,1e9\n10,nan\n', {1299: 1}, 3, "Price"),
        (b"\xef\xbb\xbftitle\tprice_usd\nA\tUS$5\n", {5: 1}, 0, "price_usd"),
    ],
)
def test_prices_are_read_to_the_nearest_dollar(content, dollars, left_out, column):
    prices = read_prices(content)
    assert dict(prices.dollars) == dollars
    assert (prices.left_out, prices.column) == (left_out, column)


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe\x00", b"a,b\nx,y\n", b'a\n1\n"2', b"1,2\n3\n4,5,6\n", b"price\n-1\n"],
)
def test_a_file_without_prices_gets_a_message_with_the_way_out(content):
    with pytest.raises(PriceListError) as caught:
        read_prices(content)
    assert "column named price" in caught.value.way_out


def test_a_file_that_is_too_large_is_refused_before_it_is_read():
    with pytest.raises(PriceListError, match="at most 5 MB"):
        read_prices(b"1\n" * MAX_BYTES)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_file_is_read_or_refused(content):
    try:
        prices = read_prices(content)
    except PriceListError:
        return
    assert prices.count > 0
    assert all(0 <= dollars <= 99_999 for dollars in prices.dollars)
