"""Rows of an evaluation: what can be used of a table, samples, columns, files."""

import io
import json
import os
import resource
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.errors import RowsError
from components.evaluation import Row, RowSet, row_sources
from components.evaluation.columns import Columns, find_columns
from components.evaluation.row_sources import (
    open_rows,
    read_strangers_table,
    read_table,
    table_rows,
)
from components.evaluation.rows import ABOVE_999, NO_PRICE, NO_TEXT, REPEATED, usable
from components.pricing import load_catalogue, price_prompt


def priced(*prices: float) -> list[Row]:
    return [Row(str(i), f"prompt {i}", f"text {i}", price) for i, price in enumerate(prices)]


def test_prices_from_1000_on_are_left_out_and_counted():
    found = usable(priced(999.99, 1000, 5_000, 0.01), "x")
    assert [row.price for row in found.rows] == [999.99, 0.01]
    assert found.left_out == {ABOVE_999: 2}


def test_rows_without_text_or_price_and_repeated_ones_are_counted_by_reason():
    rows = [*priced(1, float("nan"), 0, -1), Row("e", "p", " ", 5), Row("0", "prompt 0", "t", 9)]
    found = usable(rows, "x", {"before": 3})
    assert len(found.rows) == 1
    assert found.left_out == {"before": 3, NO_PRICE: 3, NO_TEXT: 1, REPEATED: 1}


@given(st.integers(1, 60), st.integers(1, 80), st.randoms())
def test_a_sample_has_no_row_twice_and_does_not_depend_on_the_rows_order(count, size, random):
    rows = priced(*range(1, count + 1))
    sample = RowSet(tuple(rows), "x").sample(size).rows
    random.shuffle(rows)
    assert RowSet(tuple(rows), "x").sample(size).rows == sample
    assert len(set(sample)) == len(sample) == min(size, count)


def test_a_sample_is_spread_over_the_prices_as_all_rows_are():
    rows = priced(*np.random.default_rng(1).gamma(1, 80, 1000).clip(0.01, 999))
    every = np.sort([row.price for row in rows])
    for seed in range(20):
        sample = np.sort([row.price for row in RowSet(tuple(rows), "x").sample(100, seed).rows])
        assert (sample >= every[::10]).all()
        assert (sample <= every[9::10]).all()


def test_another_seed_draws_another_sample():
    rows = RowSet(tuple(priced(*range(1, 101))), "x")
    assert rows.sample(10, 0) != rows.sample(10, 1)
    assert rows.sample(10, 0) == rows.sample(10, 0)


def test_a_samples_order_is_not_that_of_the_prices():
    prices = [row.price for row in RowSet(tuple(priced(*range(1, 101))), "x").sample(50).rows]
    assert prices not in (sorted(prices), sorted(prices, reverse=True))


def test_the_catalogues_rows_are_its_products_with_the_live_pages_prompt():
    rows = {row.id: row for row in open_rows("catalogue").rows}
    assert rows.keys() == load_catalogue().keys()
    switch = load_catalogue()["nintendo-switch-2017"]
    assert rows[switch.id].prompt == price_prompt(switch.description)
    assert rows[switch.id].price == switch.price_usd
    assert rows[switch.id].category == switch.category


ITEMS_LITE = pd.DataFrame(
    {
        "title": ["Brass lamp", "Chair"],
        "category": ["Home", "Furniture"],
        "price": [42.5, 129.0],
        "full": ["Brass lamp with a shade, very long " * 5, "Chair " * 40],
        "weight": [1.5, 4.0],
        "summary": ["Title: Brass lamp. A lamp.", "Title: Chair. A chair."],
        "prompt": [None, None],
        "id": [1, 2],
    }
)
PROMPTS_LITE = pd.DataFrame(
    {
        "prompt": [
            "What does this cost to the nearest dollar?\n\nA brass lamp.\n\nPrice is $",
            "What does this cost to the nearest dollar?\n\nA chair.\n\nPrice is $",
        ],
        "completion": ["42.00", "129.00<|endoftext|>"],
    }
)


def test_items_with_summaries_are_read_as_they_are():
    columns = find_columns(ITEMS_LITE)
    assert columns == Columns("summary", "price", "category")
    rows = table_rows(read_table("t.parquet", parquet(ITEMS_LITE)), columns).rows
    assert {(row.text, row.price, row.category) for row in rows} == {
        ("Title: Brass lamp. A lamp.", 42.5, "Home"),
        ("Title: Chair. A chair.", 129.0, "Furniture"),
    }
    assert all(row.prompt == price_prompt(row.text) for row in rows)


def test_prompts_with_completions_are_read_as_they_are():
    columns = find_columns(PROMPTS_LITE)
    assert columns == Columns("prompt", "completion")
    rows = table_rows(read_table("t.parquet", parquet(PROMPTS_LITE)), columns).rows
    assert {row.prompt for row in rows} == set(PROMPTS_LITE["prompt"])
    assert {(row.text, row.price) for row in rows} == {("A brass lamp.", 42.0), ("A chair.", 129.0)}


def test_no_model_reads_the_price_that_follows_in_the_text():
    table = pd.DataFrame({"text": ["How much?\n\nA lamp\n\nPrice is $42.00"], "price": ["42"]})
    (row,) = table_rows(read_table("t.csv", table.to_csv().encode()), find_columns(table)).rows
    assert row.prompt == "How much?\n\nA lamp\n\nPrice is $"


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["name", "item_price", "year"], Columns("name", "item_price")),
        (["productTitle", "sellingPrice", "id"], Columns("productTitle", "sellingPrice")),
        (["Description", "Cost (USD)", "rank"], Columns("Description", "Cost (USD)")),
    ],
)
def test_columns_are_found_by_the_parts_of_their_names(names, found):
    cells = pd.DataFrame([["a lamp", "$1,042.50", "2017"], ["a chair", "9", "2019"]], columns=names)
    assert find_columns(cells) == found


@pytest.mark.parametrize(
    "cells",
    [
        pd.DataFrame({"a": ["x"], "b": ["y"]}),
        pd.DataFrame({"a": [1], "b": [2]}),
        pd.DataFrame({"text": ["x"], "year": ["1"], "item_id": ["2"]}),
        pd.DataFrame(),
    ],
)
def test_a_table_without_text_or_with_no_one_price_column_names_those_there_are(cells):
    with pytest.raises(RowsError, match=r"among (a, b|text, year, item_id|no columns)"):
        find_columns(cells)


def test_prices_with_decimal_commas_are_read_and_what_can_be_either_is_asked_for():
    table = read_table("t.csv", "text;price\nlamp;EUR 310,00\nchair;€ 42,50\n".encode("cp1252"))
    assert {row.price for row in table_rows(table, find_columns(table.cells)).rows} == {310, 42.5}
    either = read_table("t.csv", b"text;price\nlamp;1.299\nchair;2.450\n")
    columns = find_columns(either.cells)
    with pytest.raises(RowsError, match="two ways"):
        table_rows(either, columns)
    as_decimals = table_rows(either, replace(columns, number_format="point"))
    assert {row.price for row in as_decimals.rows} == {1.299, 2.45}


def test_a_column_that_is_not_there_is_said():
    table = read_table("t.csv", b"text,price\nlamp,5\n")
    with pytest.raises(RowsError, match="no column cost"):
        table_rows(table, Columns("text", "cost"))


def test_a_table_of_unusable_rows_says_why():
    table = read_table("t.csv", b"text,price\nlamp,5000\nchair,none\n")
    with pytest.raises(RowsError, match=r"1 with above \$999, 1 with no price"):
        table_rows(table, Columns("text", "price"))


def parquet(table: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    table.to_parquet(buffer)
    return buffer.getvalue()


def test_csv_json_lines_and_parquet_give_the_same_rows(tmp_path):
    table = ITEMS_LITE[["summary", "price", "category"]]
    lines = "\n".join(json.dumps(record) for record in table.to_dict("records"))
    files = {
        "rows.csv": table.to_csv(index=False).encode(),
        "rows.jsonl": lines.encode(),
        "rows.json": json.dumps(table.to_dict("records")).encode(),
        "rows.parquet": parquet(table),
    }
    found = []
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
        found.append(open_rows(str(tmp_path / name)).rows)
    assert found[0]
    assert all(rows == found[0] for rows in found)


def test_a_line_separator_inside_a_json_text_ends_no_line():
    line = json.dumps({"text": "one\u2028two", "price": 5}, ensure_ascii=False)
    assert len(read_table("x.jsonl", f"{line}\n".encode()).cells) == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.parquet", b"PAR1 no parquet"),
        ("x.jsonl", b"{]"),
        ("x.jsonl", b"[1, 2]"),
        ("x.csv", b"PK\x03\x04"),
        ("x.csv", b""),
        ("x.xlsx", b""),
    ],
)
def test_files_that_are_no_tables_are_refused_by_name(name, content):
    with pytest.raises(RowsError, match=name):
        read_table(name, content)


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(RowsError, match="No such file"):
        open_rows(str(tmp_path / "none.csv"))


MIXED = [
    {"text": "a lamp", "price": 5, "more": {"a": [1]}, "kind": None},
    {"text": None, "price": 7.5, "more": [1, 2], "kind": True},
    {"text": "a desk", "price": None, "more": "x", "kind": "\u2028"},
]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", ITEMS_LITE.to_csv(index=False).encode()),
        ("t.parquet", parquet(ITEMS_LITE)),
        ("t.jsonl", "\n".join(map(json.dumps, MIXED)).encode()),
        ("t.csv", "text;price\nlamp;1.299\nchair;2.450\n".encode("utf-16")),
    ],
)
def test_a_strangers_table_that_is_read_elsewhere_gives_the_same_rows(name, content):
    here, elsewhere = read_table(name, content), read_strangers_table(name, content)
    columns = replace(find_columns(here.cells), number_format="point")
    assert replace(find_columns(elsewhere.cells), number_format="point") == columns
    assert table_rows(elsewhere, columns) == table_rows(here, columns)
    assert list(elsewhere.cells.columns) == list(here.cells.columns)


def test_what_is_no_table_is_refused_elsewhere_in_the_same_words():
    for name, content in (("x.csv", b"PK\x03\x04"), ("x.jsonl", b"[1, 2]"), ("x.exe", b"MZ")):
        with pytest.raises(RowsError) as here:
            read_table(name, content)
        with pytest.raises(RowsError) as elsewhere:
            read_strangers_table(name, content)
        assert elsewhere.value.problem == here.value.problem


@pytest.mark.slow
def test_a_parquet_file_that_unpacks_to_gigabytes_is_not_felt_here():
    bomb = io.BytesIO()
    pd.DataFrame({"text": ["x" * 1000] * 900_000, "price": 5.0}).to_parquet(bomb)
    assert len(bomb.getvalue()) < 5_000_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(RowsError, match=r"t\.parquet can't be read"):
        read_strangers_table("t.parquet", bomb.getvalue())
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


def crash(payload: bytes) -> bytes:
    os.abort()


def test_a_table_that_crashes_its_reader_is_a_message(monkeypatch):
    monkeypatch.setattr(row_sources, "read_table_here", crash)
    with pytest.raises(RowsError, match="ends in a crash"):
        read_strangers_table("t.parquet", b"PAR1")
