"""Prompts, the catalogue, and prices read out of continuations."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.pricing import (
    PROMPTS,
    clean_description,
    error_band,
    load_catalogue,
    price_prompt,
    read_price,
)


def test_the_prompt_is_question_description_and_the_opening_of_the_price():
    prompt = price_prompt("  A lamp.\n")
    assert prompt == "What does this cost to the nearest dollar?\n\nA lamp.\n\nPrice is $"
    assert all(price_prompt("x", question).endswith("Price is $") for question in PROMPTS.values())


@pytest.mark.parametrize(
    ("continuation", "price"),
    [
        ("129.00", 129.0),
        ("1,299.99 or so", 1299.99),
        ("199.99.\n\nThe tablet", 199.99),
        ("49", 49.0),
        (" 7.5 each", 7.5),
        ("12,5", 12.0),
        ("3.1415", 3.0),
        ("0", 0.0),
    ],
)
def test_the_price_is_the_number_that_the_continuation_begins_with(continuation, price):
    assert read_price(continuation) == price


@pytest.mark.parametrize("continuation", ["", "about 20", "-5", ".99", "N/A", "٣٤"])
def test_a_continuation_that_begins_with_no_number_has_no_price(continuation):
    assert read_price(continuation) is None


@pytest.mark.parametrize(
    ("continuation", "price"), [("1", None), ("19.", None), ("19.9", None), ("19.99 or", 19.99)]
)
def test_a_stopped_continuation_has_no_price_while_its_number_may_go_on(continuation, price):
    assert read_price(continuation, finished=False) == price


@given(st.text())
def test_reading_a_price_never_fails_and_never_gives_a_negative(continuation):
    price = read_price(continuation)
    assert price is None or (price >= 0 and not math.isnan(price))


@given(st.integers(0, 10**7), st.integers(0, 99))
def test_a_written_price_is_read_back(dollars, cents):
    assert read_price(f"{dollars:,}.{cents:02}") == pytest.approx(dollars + cents / 100)


@pytest.mark.parametrize(
    ("estimate", "actual", "band"),
    [
        (139, 100, "green"),
        (140, 100, "orange"),
        (1190, 1000, "green"),
        (1200, 1000, "orange"),
        (179, 100, "orange"),
        (180, 100, "red"),
        (600, 1000, "red"),
    ],
)
def test_error_bands_are_the_courses(estimate, actual, band):
    assert error_band(estimate, actual) == band


def test_the_catalogue_is_wide_enough_and_keeps_its_rules():
    products = list(load_catalogue().values())
    assert len(products) >= 40
    prices = sorted(product.price_usd for product in products)
    assert prices[0] <= 5
    assert prices[-1] >= 950
    for product in products:
        assert 30 <= len(product.description.split()) <= 120, product.id
        assert "$" not in product.description, product.id
        assert 1950 <= product.year <= 2026, product.id
    assert len({product.title for product in products}) == len(products)
    assert len({product.category for product in products}) >= 10


def test_an_own_question_stands_before_the_description():
    assert price_prompt("A lamp.", " How dear? ") == "How dear?\n\nA lamp.\n\nPrice is $"


PASTED = "How much does this cost to the nearest dollar?\n\nPadded cover\nKeeps warm.\n\nPrice is $"


@pytest.mark.parametrize("question", [*PROMPTS.values(), "How dear?"])
def test_a_whole_prompt_pasted_as_description_is_not_doubled(question):
    prompt = price_prompt(PASTED, question)
    assert prompt == f"{question}\n\nPadded cover\nKeeps warm.\n\nPrice is $"


@pytest.mark.parametrize(
    ("pasted", "description"),
    [
        (PASTED, "Padded cover\nKeeps warm."),
        (PASTED.replace("\n", "\r\n"), "Padded cover\r\nKeeps warm."),
        (f"{PASTED}129.00\n", "Padded cover\nKeeps warm."),
        ("What does this cost?\nA lamp.", "A lamp."),
        ("A lamp.\n\nPrice is $1,299.00", "A lamp."),
        ("How dear?\n\nA lamp.", "A lamp."),
        ("Price is $", ""),
        ("A lamp. What does this cost? Much.", "A lamp. What does this cost? Much."),
        ("The price is $5 per piece.", "The price is $5 per piece."),
        ("How much does this costume weigh?", "How much does this costume weigh?"),
    ],
)
def test_the_description_alone_is_left_of_a_pasted_prompt(pasted, description):
    assert clean_description(pasted, "How dear?") == description


@given(st.text("lamp .$5\n", max_size=60), st.sampled_from([*PROMPTS.values(), "How dear?"]))
def test_a_prompt_pasted_again_stays_the_same(description, question):
    prompt = price_prompt(description, question)
    assert price_prompt(prompt, question) == prompt
