"""A visitor's file of prices, read in a process of its own: the same prices, and no harm."""

import os
import time
from typing import Any

import numpy as np
import pytest

from components.errors import PriceListError
from components.pricing import (
    PriceExamination,
    examine_elsewhere,
    examine_price_file,
    uploads,
)
from components.pricing.text_table import MAX_BYTES
from components.ui import services
from tests.support.fuzz import fuzz_cases
from tests.unit.test_price_file import GAME, SEEDS, SHOP_EXPORT, mutated


@pytest.mark.parametrize("text", SEEDS)
def test_the_same_prices_come_back(text):
    here, elsewhere = examine_price_file(text.encode()), examine_elsewhere(text.encode()).found
    assert elsewhere.column_key == here.column_key
    assert elsewhere.candidates == here.candidates
    assert (elsewhere.number_format, elsewhere.decision) == (here.number_format, here.decision)
    assert elsewhere.currencies == here.currencies
    for mine, theirs in zip(here.readings, elsewhere.readings, strict=True):
        assert (theirs.number_format, theirs.left_out) == (mine.number_format, mine.left_out)
        assert theirs.examples == mine.examples
        np.testing.assert_array_equal(theirs.prices, mine.prices)


def test_the_column_and_the_format_are_the_chosen_ones():
    chosen = examine_elsewhere(GAME.encode(), column="item_number", number_format="comma")
    assert chosen.found.column_key == "item_number"
    assert chosen.found.number_format == "comma"
    assert chosen.columns == ("item_price", "item_number")
    assert chosen.likeliest == "item_price"


def test_where_no_column_is_known_to_hold_prices_those_with_numbers_are_told():
    examined = examine_elsewhere(b"id,quantity\n17,3\n3,4\n")
    assert examined.columns == ("id", "quantity")
    assert examined.likeliest is None
    with pytest.raises(PriceListError, match="there are numbers in id, quantity"):
        _ = examined.found


@pytest.mark.slow
def test_what_is_no_table_is_refused_in_the_same_words():
    for content in (b"", b"PK\x03\x04", b"a,b\nx,y\n", SHOP_EXPORT.encode() + b'"'):
        with pytest.raises(PriceListError) as here:
            examine_price_file(content)
        with pytest.raises(PriceListError) as elsewhere:
            _ = examine_elsewhere(content).found
        assert elsewhere.value.problem == here.value.problem


@pytest.mark.parametrize("content", [b"1,", b"1\n", b'"', b"9", b"1;2,3\t", b"\xff\xfe1\x00"])
def test_five_megabytes_of_columns_or_rows_are_answered_soon(content):
    started = time.monotonic()
    examined = examine_elsewhere((content * (MAX_BYTES // len(content)))[:MAX_BYTES])
    seconds = time.monotonic() - started
    print(f"{content!r}: {seconds:.2f} s, {examined.outcome}")
    assert seconds < 20  # against hangs, not a measurement
    if isinstance(examined.outcome, PriceListError):
        assert examined.outcome.way_out
        assert len(examined.outcome.problem) < 600


@pytest.mark.parametrize("content", [b"price\n1\n20\n", b"a,b\nno,price\n"])
def test_the_same_content_is_read_once_whoever_brings_it_and_whatever_comes_of_it(
    monkeypatch, content
):
    read = []

    def counted(content: bytes, **chosen: Any) -> PriceExamination:
        read.append(chosen)
        return examine_elsewhere(content, **chosen)

    monkeypatch.setattr(services, "examine_elsewhere", counted)
    first, second = services.examined_prices(content), services.examined_prices(bytes(content))
    assert second is first
    assert len(read) == 1
    services.examined_prices(content, "price")
    assert len(read) == 2


def crash(payload: bytes) -> None:
    os.abort()


def flood(payload: bytes) -> int:
    return len(bytearray(10**10))


@pytest.mark.parametrize(("harm", "said"), [(crash, "ends in a crash"), (flood, "too much memory")])
def test_a_file_that_harms_its_reader_is_a_message(monkeypatch, harm, said):
    monkeypatch.setattr(uploads, "examine_here", harm)
    with pytest.raises(PriceListError, match=said):
        _ = examine_elsewhere(b"price\n5\n").found


def test_mutated_files_are_examined_or_refused_elsewhere_in_time():
    slowest, refused = 0.0, 0
    for seed in (cases := fuzz_cases(4)):
        content = mutated(SEEDS[seed % len(SEEDS)].encode(), 10_000 + seed)
        started = time.monotonic()
        outcome = examine_elsewhere(content).outcome
        slowest = max(slowest, time.monotonic() - started)
        if isinstance(outcome, PriceListError):
            refused += 1
            assert outcome.way_out
    print(f"{len(cases)} files, {refused} refused: slowest {slowest:.2f} s")
    assert slowest < 10
