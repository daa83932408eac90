"""Of a visitor's file the prices are read, with the column, the format and what is left out."""

import random
import resource
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.errors import PriceListError
from components.pricing import (
    PriceFile,
    PriceReading,
    describe_left_out,
    examine_price_file,
    name_parts,
    names_a_price,
)
from tests.support.fuzz import fuzz_cases


def examined(text: str, encoding: str = "utf-8", **chosen) -> PriceFile:
    return examine_price_file(text.encode(encoding), **chosen)


def reading(text: str, encoding: str = "utf-8", **chosen) -> PriceReading:
    found = examined(text, encoding, **chosen).reading
    assert found is not None
    return found


# After the files that people upload: exports of shops and spreadsheets of several countries.
SHOP_EXPORT = 'Title,Price,Link\nPhone,"EUR 310,00",a\nTablet,"EUR 205,99",b\nWatch,,c\n'
THOUSANDS = "Artikel;price\nSofa;1.299\nTisch;2.450\nLampe;899\n"
GAME = "item_name,item_number,item_price\nBow,2,5000\nPotion,3,500\nShield,4,9000\n"
CARS = (
    "name,year,selling_price,km_driven\nA,2007,60000,70000\nB,2012,61000,100000\n"
    "C,2017,25000,46000\n"
)
LONG_TITLES = '"Kit; two, parts\nKind: Tools, more",45\n"Case\nKind: Cameras",48\n'
NO_NAMES = '"Pedal  \nKind: Music, loud.",120\n"TV 10.6""  \nKind: TV",50\n"Bit 1/4"" a",45\n'


@pytest.mark.parametrize(
    ("text", "encoding", "column", "dollars", "left_out"),
    [
        (SHOP_EXPORT, "utf-8", "Price", {206: 1, 310: 1}, ["1 empty"]),
        (THOUSANDS, "utf-8", "price", {899: 1, 1299: 1, 2450: 1}, []),
        (GAME, "utf-8", "item_price", {500: 1, 5000: 1, 9000: 1}, []),
        (CARS, "utf-8", "selling_price", {25000: 1, 60000: 1, 61000: 1}, []),
        ("name\tprice\r\nCup\t5.99\r\nLamp\t12.00\r\n", "utf-16", "price", {6: 1, 12: 1}, []),
        ("name,price\nCafé cup,5.99\nLamp,12.00\n", "cp1252", "price", {6: 1, 12: 1}, []),
        (LONG_TITLES, "utf-8", "#2", {45: 1, 48: 1}, []),
        (NO_NAMES, "utf-8", "#2", {45: 1, 50: 1, 120: 1}, []),
        ("price\n1\n2\n3.5\n3.49\n", "utf-8", "price", {1: 1, 2: 1, 3: 1, 4: 1}, []),
        ("1\n2\n2\n", "utf-8", "#1", {1: 1, 2: 2}, []),
        (
            "title;price\nA;$1,299.99\nB;9\nC;sold\n",
            "utf-8",
            "price",
            {9: 1, 1300: 1},
            ["1 no amount (“sold”)"],
        ),
        (
            "a,price\nx,5\ny,-4\nz,100000\n",
            "utf-8",
            "price",
            {5: 1},
            ["1 below zero (“-4”)", "1 above 99,999 (“100000”)"],
        ),
        (
            "a,price\nx,5\ny,1,299\n",
            "utf-8",
            "price",
            {5: 1},
            ["1 in rows with more cells than the first"],
        ),
    ],
)
def test_prices_are_read_to_the_nearest_dollar(text, encoding, column, dollars, left_out):
    found = examined(text, encoding)
    assert found.column_key == column
    assert found.reading is not None
    assert dict(found.reading.dollars) == dollars
    assert [*map(describe_left_out, found.reading.left_out)] == left_out
    assert found.reading.count == sum(dollars.values())


def test_where_two_readings_are_possible_nothing_is_read_until_one_is_chosen():
    text = "name;price\nSofa;1.299\nLamp;899\n"
    found = examined(text)
    assert (found.reading, found.number_format, found.decision) == (None, None, None)
    assert {one.number_format: dict(one.dollars) for one in found.readings} == {
        "point": {1: 1, 899: 1},
        "comma": {899: 1, 1299: 1},
    }
    assert all(one.examples[0][0] == "1.299" for one in found.readings)
    assert dict(reading(text, number_format="comma").dollars) == {899: 1, 1299: 1}
    assert dict(reading(text, number_format="point").dollars) == {1: 1, 899: 1}
    assert examined(text, number_format="point").decision == "chosen"


def test_a_chosen_format_that_reads_no_cell_is_not_taken():
    assert examined("price\n5.99\n", number_format="comma").number_format == "point"


def test_another_column_can_be_taken_by_its_name_or_place():
    assert dict(reading(GAME, column="item_number").dollars) == {2: 1, 3: 1, 4: 1}
    assert dict(reading(NO_NAMES, column="#2").dollars) == {45: 1, 50: 1, 120: 1}
    with pytest.raises(PriceListError, match="no column cost"):
        examined(GAME, column="cost")


@pytest.mark.parametrize(
    ("names", "taken"),
    [
        ("id,price,amount", "price"),
        ("amount,price,cost", "price"),
        ("year,Betrag,menge", "Betrag"),
        ("sku,SellingPrice,stock", "SellingPrice"),
        ("shipping price,price,old price", "price"),
        ("list_price,sale price,price_id", "sale price"),
        ("price_id,unit cost,price_year", "unit cost"),
        ("rating,prix,quantity", "prix"),
        ("weight,price_per_kg,rating", "price_per_kg"),
        ("a,discount_price,b", "discount_price"),
    ],
)
def test_the_column_is_told_by_the_parts_of_its_name(names, taken):
    assert examined(f"{names}\n3,7,9\n5,5,5\n8,2,2\n").column_key == taken


def test_of_columns_without_names_the_one_with_cents_or_currency_is_taken():
    assert examined("1,5.99,7\n2,3.50,9\n3,4.00,3\n").column_key == "#2"
    assert examined("x,17,$5\ny,23,$9\nz,20,$4\n").column_key == "#3"


@pytest.mark.parametrize(
    "text",
    [
        ",title\n0,a\n1,b\n2,c\n",
        "year,title\n2001,a\n2003,b\n2002,c\n",
        "id,quantity\n17,3\n3,4\n",
        "title,made\nx,1999\ny,2004\nz,2001\n",
    ],
)
def test_an_index_year_id_or_quantity_is_never_taken_unasked(text):
    with pytest.raises(PriceListError, match="known to hold prices; there are numbers in"):
        examined(text)


def test_candidates_come_in_order_and_say_which_are_likely():
    found = examined("id,cost,price\n3,7,9\n5,5,5\n8,2,2\n")
    assert [(found.table.key(c.place), c.likely) for c in found.candidates] == [
        ("price", True),
        ("cost", True),
        ("id", False),
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a,b\nx,y\n", "No column of the file holds numbers"),
        ("name,price\nx,sold\ny,on request\n", r"column price: 2 no amount \(“sold”, “on request”"),
        ("name,price\nx,\ny,n/a\n", "column price: 2 empty"),
        ("price\n-1\n", "column price: 1 below zero"),
        ("price\n100000\n", "column price: 1 above 99,999"),
    ],
)
def test_a_file_without_prices_is_refused_with_the_true_reason(text, reason):
    with pytest.raises(PriceListError, match=reason) as caught:
        examined(text)
    assert "column named price" in caught.value.way_out


def test_a_sentence_is_no_name_of_a_price_column():
    assert name_parts("sellingPrice_USD") == ["selling", "price", "usd"]
    assert names_a_price("item_price")
    assert not names_a_price("How much does this cost to the nearest dollar?")
    assert not names_a_price("price_id")


def test_the_largest_and_the_smallest_price_are_read():
    assert dict(reading("price\n0\n99999.49\n99999.5\n-0.01\n").dollars) == {0: 1, 99_999: 1}


def test_amounts_come_in_order_and_are_counted():
    assert list(reading("price\n9\n3\n9\n1\n").dollars.items()) == [(1, 1), (3, 1), (9, 2)]


def test_currencies_are_told():
    assert examined(SHOP_EXPORT).currencies == ("EUR",)


@given(
    st.binary(max_size=200)
    | st.text(max_size=200).map(str.encode)
    | st.text("0123456789.,;\n\t €$'\"aprice", max_size=80).map(str.encode)
)
def test_any_file_is_read_asked_about_or_refused(content):
    try:
        found = examine_price_file(content)
    except PriceListError:
        return
    assert found.readings
    for one in found.readings:
        assert one.count > 0
        assert all(0 <= dollars <= 99_999 for dollars in one.dollars)
        assert len(one.prices) == len(found.table.rows)


def mutated(content: bytes, seed: int) -> bytes:
    """A file with parts of it repeated, cut, swapped, turned into another encoding or noise."""
    rng = random.Random(seed)
    data = bytearray(content)
    for _ in range(rng.randrange(1, 6)):
        at, length = rng.randrange(len(data) + 1), rng.randrange(1, 40)
        change = rng.randrange(7)
        if change == 0:
            del data[at : at + length]
        elif change == 1:
            data[at:at] = data[at : at + length] * rng.choice([2, 50, 20_000])
        elif change == 2:
            data[at:at] = rng.choice([b'"', b",", b";", b"\n", b"\t", b"\0", b"\xff", b"9"]) * (
                rng.choice([1, 3, 100_000])
            )
        elif change == 3:
            data[at : at + length] = rng.randbytes(length)
        elif change == 4:
            data[:0] = rng.choice([b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"sep=,\n", b"PK"])
        elif change == 5:
            data = bytearray(data.decode("latin-1").encode(rng.choice(["utf-16", "utf-8"])))
        else:
            data = data * rng.choice([2, 30])
        data = data[:5_100_000] or bytearray(b"x")
    return bytes(data)


FUZZ = fuzz_cases(30)
SEEDS = [SHOP_EXPORT, THOUSANDS, GAME, CARS, LONG_TITLES, NO_NAMES]


def refusal(content: bytes) -> PriceListError | None:
    try:
        examine_price_file(content)
    except PriceListError as error:
        return error
    return None


def test_mutated_files_are_read_or_refused_in_seconds_and_in_bounded_memory():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    slowest, refused = 0.0, 0
    for seed in FUZZ:
        content = mutated(SEEDS[seed % len(SEEDS)].encode(), seed)
        started = time.process_time()
        error = refusal(content)
        slowest = max(slowest, time.process_time() - started)
        if error is not None:
            refused += 1
            assert error.way_out
            assert len(error.problem) < 600
    grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"{len(FUZZ)} files, {refused} refused: slowest {slowest:.2f} s, {grown_mb:.0f} MB more")
    assert slowest < 10
    assert grown_mb < 1000
