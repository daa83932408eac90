"""Amounts are read as they are written the world over, and a column's format is not guessed."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from price_parser import parser

from components.pricing import NUMBER_FORMATS, NumberFormat, is_amount
from components.pricing.amounts import amount_column, read_amount


@pytest.mark.parametrize(
    ("cell", "number_format", "value"),
    [
        ("129", "point", 129),
        ("129", "comma", 129),
        ("EUR 310,00", "comma", 310),
        ("310,00 EUR", "comma", 310),
        ("1.299 €", "comma", 1299),
        ("1.299 €", "point", 1.299),
        ("$1,299.00", "point", 1299),
        ("US $1,299.00", "point", 1299),
        ("US$5", "point", 5),
        ("$5 USD", "point", 5),
        ("1 299,00", "comma", 1299),
        ("1\u00a0299,50 kr", "comma", 1299.5),
        ("1\u202f299,00\u00a0€", "comma", 1299),
        ("CHF 1'299.50", "point", 1299.5),
        ("1’299.50 Fr.", "point", 1299.5),
        ("12,-", "comma", 12),
        ("Fr. 12.–", "point", 12),
        ("1.299,– €", "comma", 1299),
        ("$.99", "point", 0.99),
        ("899.", "point", 899),
        ("Rs. 1,29,900.00", "point", 129_900),
        ("₹500", "point", 500),
        ("599 руб.", "comma", 599),
        ("5,99 zł", "comma", 5.99),
        ("-5.00", "point", -5),
        ("-$5", "point", -5),
        ("$-5", "point", -5),
        ("\u22125", "point", -5),
        ("１２９", "point", 129),
        ("5 dollars", "point", 5),
        ("Euro 3,50", "comma", 3.5),
    ],
)
def test_an_amount_is_read_with_its_currency_before_or_after_it(cell, number_format, value):
    amount = read_amount(cell, number_format)
    assert amount is not None
    assert amount.value == pytest.approx(value)


@pytest.mark.parametrize(
    "cell",
    [
        "",
        "n/a",
        "free",
        "5 %",
        "2 cup",
        "1 pen",
        "5 kg",
        "10-20",
        "$10/$12",
        "12.5.3",
        "1,29,9",
        "299⁹⁹",
        "½",
        "1e9",
        "0x10",
        "٣٤",
        "approx 5",
        "3 x 5",
        "5" * 70,
        "1 29",
        "€",
        "--5",
    ],
)
def test_what_is_not_one_amount_is_not_read(cell):
    assert not is_amount(cell)


@pytest.mark.parametrize(
    ("cell", "number_format"),
    [
        ("1.299,00", "point"),
        ("1,299.00", "comma"),
        ("5.99", "comma"),
        ("5,99", "point"),
        ("0.500", "comma"),
        ("1.299,-", "point"),
    ],
)
def test_an_amount_of_one_format_is_none_in_the_other(cell, number_format):
    assert is_amount(cell)
    assert read_amount(cell, number_format) is None


MARKS = ["", "$", "€", "EUR ", "US $", "CHF ", "£ ", "Rs. "]
GROUPS = {"point": [",", " ", "\u00a0", "\u202f", "'", "’", ""], "comma": [".", " ", "\u202f", ""]}


@given(
    st.integers(0, 10**8),
    st.integers(0, 99),
    st.sampled_from(NUMBER_FORMATS),
    st.sampled_from(MARKS),
    st.booleans(),
    st.data(),
)
def test_an_amount_written_in_a_format_is_read_back(whole, cents, name, mark, before, data):
    group = data.draw(st.sampled_from(GROUPS[name]))
    decimal = "." if name == "point" else ","
    digits = f"{whole:,}".replace(",", group) + f"{decimal}{cents:02}"
    cell = f"{mark}{digits}" if before else f"{digits} {mark}"
    amount = read_amount(cell, name)
    assert amount is not None
    assert math.isclose(amount.value, whole + cents / 100, rel_tol=1e-12)
    assert amount.currency == mark.strip()


@pytest.mark.slow
@given(st.text(max_size=80) | st.text("0123456789.,' €$-", max_size=30))
def test_reading_never_fails_and_what_is_read_is_a_number(cell):
    for name in NUMBER_FORMATS:
        amount = read_amount(cell, name)
        assert amount is None or math.isfinite(amount.value)


@pytest.mark.parametrize(
    ("cells", "decided"),
    [
        (["5.99", "12"], ("point", "only_reading")),
        (["5,99", "1.299,00"], ("comma", "only_reading")),
        (["5", "12", "none"], ("point", "all_alike")),
        (["1.299", "2.450", "899"], ("comma", "uneven_decimals")),
        (["1,299", "2,450", "899"], ("point", "uneven_decimals")),
        (["1.299"], None),
        (["1.299", "899"], None),
        (["1,299", "5"], None),
        (["5.99", "5,99"], None),
        (["5.99"] * 20 + ["1.299,00"], ("point", "only_reading")),
        (["5.99"] * 20 + ["1.299,00", "1.299"], None),
        (["0.500", "1.299"], ("point", "only_reading")),
    ],
)
def test_a_format_is_taken_where_the_column_shows_it_and_asked_for_where_not(cells, decided):
    assert amount_column(cells).decide() == decided


@given(
    st.lists(st.decimals(0, 10**6, places=2), min_size=1, max_size=20),
    st.sampled_from(NUMBER_FORMATS),
)
def test_a_column_written_with_cents_is_read_back_whatever_its_format(
    prices, number_format: NumberFormat
):
    swap = str.maketrans(".,", ",." if number_format == "comma" else ".,")
    column = amount_column([f"{price:,.2f}".translate(swap) for price in prices])
    assert column.decide() == (number_format, "only_reading")
    assert column.values[number_format].tolist() == [float(price) for price in prices]


def test_currencies_are_listed_as_written():
    assert amount_column(["$5", "EUR 6", "7"]).currencies == ("$", "EUR")


def test_price_parser_has_the_lists_that_are_read():
    assert {"$", "€", "US$", "CHF"} <= set(parser.SAFE_CURRENCY_SYMBOLS)
    assert {"USD", "GBP", "PLN"} <= set(parser.OTHER_CURRENCY_SYMBOLS)
