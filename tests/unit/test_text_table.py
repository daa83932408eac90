"""Tables are read out of files of any program and country, within limits."""

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.errors import PriceListError
from components.pricing import TextTable, read_price_table
from components.pricing.text_table import MAX_BYTES, MAX_COLUMNS, MAX_ROWS


def rows_of(text: str, encoding: str = "utf-8") -> TextTable:
    return read_price_table(text.encode(encoding))


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("name,price\nCafé cup,5.99\n", "utf-8"),
        ("name,price\nCafé cup,5.99\n", "utf-8-sig"),
        ("name\tprice\nCafé cup\t5.99\n", "utf-16"),
        ("name\tprice\nCafé cup\t5.99\n", "utf-16-le"),
        ("name\tprice\nCafé cup\t5.99\n", "utf-16-be"),
        ("name,price\nCafé cup,5.99\n", "utf-32"),
        ("name,price\nCafé cup,5.99\n", "cp1252"),
        ("Größe;Preis\nTür “groß”;5,99 €\nAñejo;£3\n", "cp1252"),
        ("Müll;Preis\nö;5,99 €\n" * 50, "cp1252"),
        ("nazwa;cena\nłóżko;5,99 zł\nstół;9,99 zł\n" * 20, "cp1250"),
        ("Товар;цена\nЛампа настольная;599\nСтол;1299\n", "cp1251"),
        ("品名,価格\n机,1299\n電気スタンド,500\n", "shift_jis"),
    ],
)
def test_the_letters_are_those_that_were_written(text, encoding):
    table = rows_of(text, encoding)
    assert table.names is not None
    separator = next(mark for mark in "\t;," if mark in text)
    assert list(table.names) == text.splitlines()[0].split(separator)
    assert table.rows[0] == text.splitlines()[1].split(separator)


@pytest.mark.parametrize(
    ("text", "names", "rows"),
    [
        ("a;price\nx, y;5\n", ("a", "price"), [["x, y", "5"]]),
        ("a|price\nx, y|5\n", ("a", "price"), [["x, y", "5"]]),
        ("sep=;\na;price\nx,1;5\n", ("a", "price"), [["x,1", "5"]]),
        ('"sep=|"\r\na|price\r\nx,1|5\r\n', ("a", "price"), [["x,1", "5"]]),
        (
            '"Kit; two, parts\nRed, new",45\n"Case\nBlue",48\n',
            None,
            [["Kit; two, parts\nRed, new", "45"], ["Case\nBlue", "48"]],
        ),
        ("Sofa, red;12\nTable, blue;13\n", None, [["Sofa, red", "12"], ["Table, blue", "13"]]),
        ("price\n1,50\n2,50\n", ("price",), [["1,50"], ["2,50"]]),
        ("a,price\rx,5\ry,6\r", ("a", "price"), [["x", "5"], ["y", "6"]]),
        ("\n\na,price\n\n,\nx,5\n", ("a", "price"), [["x", "5"]]),
        ("a,price\nx\ny,6,,\n", ("a", "price"), [["x", ""], ["y", "6"]]),
        ('10.6" TV,50\n5" tube,6\n', None, [['10.6" TV', "50"], ['5" tube', "6"]]),
        ("year,2019 price\n1,5\n", ("year", "2019 price"), [["1", "5"]]),
    ],
)
def test_separators_names_and_rows_are_found(text, names, rows):
    table = rows_of(text)
    assert (table.names, table.rows) == (names, rows)


def test_rows_with_more_cells_than_columns_are_left_out_and_counted():
    table = rows_of("a,price\nx,5\ny,1,299\nz,7\n")
    assert table.rows == [["x", "5"], ["z", "7"]]
    assert table.too_long == 1


def test_a_column_is_called_by_its_name_or_by_its_place():
    assert [rows_of("1,2\n3,4\n").key(i) for i in (0, 1)] == ["#1", "#2"]
    table = rows_of("price,,a,a\n1,2,3,4\n")
    assert [table.key(i) for i in range(4)] == ["price", "#2", "#3", "#4"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b" \n\n", "empty"),
        (b"PK\x03\x04....", "Excel workbook"),
        (b"%PDF-1.7", "PDF"),
        (b"PAR1....", "Parquet"),
        (b"name,price\n\x00x,5\n", "zero bytes"),
        (b"\xff\xfe\x00", "letters"),
        (b'a,price\n"x" y,5\n', "after its row 1"),
        (b'a,price\n"x,5\ny,6\n', "quotation mark is never closed"),
        (b"price\n" + b"9" * 200_000, "more than 131,072 characters"),
        (b"1\n" * MAX_BYTES, "at most 5 MB"),
        (b"1\n" * (MAX_ROWS + 1), f"more than {MAX_ROWS:,} rows"),
        (b"1," * MAX_COLUMNS + b"1\n", f"at most {MAX_COLUMNS:,} are read"),
    ],
)
def test_what_is_no_table_is_refused_with_the_true_reason(content, reason):
    with pytest.raises(PriceListError, match=reason) as caught:
        read_price_table(content)
    assert caught.value.way_out


def test_a_file_of_just_the_largest_size_is_read():
    row = b"x" * 90 + b",129.99\n"
    content = b"name,price\n" + row * ((MAX_BYTES - 11) // len(row))
    content += b"\n" * (MAX_BYTES - len(content))
    assert len(content) == MAX_BYTES
    assert read_price_table(content).width == 2
    with pytest.raises(PriceListError, match="at most 5 MB"):
        read_price_table(content + b" ")


@pytest.mark.parametrize("content", [b"1,", b"1\n", b'",', b'"\n', b",\n", b";", b"\xff\n", b"a b"])
def test_five_megabytes_of_anything_end_in_seconds(content):
    started = time.process_time()
    with contextlib.suppress(PriceListError):
        read_price_table(content * (MAX_BYTES // len(content)))
    assert time.process_time() - started < 10  # against hangs, not a measurement


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_any_file_is_a_table_or_refused(content):
    try:
        table = read_price_table(content)
    except PriceListError:
        return
    assert table.rows
    assert all(len(row) == table.width for row in table.rows)


@given(
    st.lists(
        st.tuples(st.text("ab ;,\t|\"'\n€é", max_size=12), st.integers(0, 999)),
        min_size=2,
        max_size=8,
    ),
    st.sampled_from(";,\t|"),
    st.sampled_from(["utf-8", "utf-16", "utf-8-sig"]),
)
def test_a_table_that_is_written_is_read_back(rows, separator, encoding):
    import csv
    import io

    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, quoting=csv.QUOTE_ALL)
    writer.writerow(["title", "price"])
    writer.writerows(rows)
    table = read_price_table(text.getvalue().encode(encoding))
    assert table.rows == [[title.strip(), str(price)] for title, price in rows]
