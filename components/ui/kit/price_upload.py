"""A visitor's file of prices: what was read of it, and the choices to read it otherwise."""

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from components.errors import PriceListError
from components.pricing import (
    NUMBER_FORMATS,
    NumberFormat,
    PriceExamination,
    PriceFile,
    PriceReading,
    describe_left_out,
)
from components.ui import services
from components.ui.kit import permalinks
from components.ui.kit.binding import bound
from components.ui.kit.feedback import show_error
from components.ui.kit.text import plain

_FOUND_OUT = ""
_COLUMN = permalinks.text("price_column", longest=200)
_FORMAT = permalinks.one_of("number_format", [_FOUND_OUT, *NUMBER_FORMATS], _FOUND_OUT)
FORMAT_LABELS = {"point": "1,299.00", "comma": "1.299,00"}
_WHY = {
    "only_reading": "the only way to read it",
    "all_alike": "either way reads it alike",
    "uneven_decimals": "otherwise some cells would have three decimals and others none",
    "chosen": "as you chose",
}
_UPLOAD = "price_upload"


def read_upload(file: UploadedFile) -> PriceFile | None:
    """Read a file of prices, show what was read and let it be changed; None while it can't be.

    The column and the number format are in the address, as `price_column` and `number_format`.
    """
    _start_anew(file)
    content = file.getvalue()
    examined = services.examined_prices(content)
    try:
        if not examined.columns:
            _ = examined.found
        column_place, format_place = st.columns([2, 3], vertical_alignment="bottom")
        with column_place:
            column = _pick_column(examined)
        with format_place:
            number_format = _pick_format(services.examined_prices(content, column).found)
        read = services.examined_prices(content, column, number_format).found
    except PriceListError as error:
        show_error(error)
        return None
    if read.reading is None:
        st.warning(_question(read), icon=":material/help:")
        return None
    st.caption(_description(read, read.reading))
    return read


def _start_anew(file: UploadedFile) -> None:
    """Forget what was chosen for another file of this visit: it says nothing about this one."""
    before = st.session_state.get(_UPLOAD)
    st.session_state[_UPLOAD] = file.file_id
    if before not in (None, file.file_id):
        _COLUMN.choose(_FOUND_OUT)
        _FORMAT.choose(_FOUND_OUT)


def _pick_column(examined: PriceExamination) -> str | None:
    keys = list(examined.columns)
    if _COLUMN.value() not in ["", *keys]:
        st.caption(plain(f"The file has no column of numbers called {_COLUMN.value()}."))
        _COLUMN.choose(_FOUND_OUT)
    likeliest = examined.likeliest
    return (
        bound(
            st.selectbox,
            _COLUMN,
            "Column of prices",
            [_FOUND_OUT, *keys],
            format_func=lambda key: key or (f"{likeliest} (found)" if likeliest else "choose one"),
        )
        or None
    )


def _pick_format(found: PriceFile) -> NumberFormat | None:
    """The visitor's choice; none where there is nothing to choose, or it is left to the column."""
    usable = [reading.number_format for reading in found.readings]
    if len(usable) == 1 or found.decision == "all_alike":
        return None
    taken = found.number_format
    automatic = f"{FORMAT_LABELS[taken]} (found)" if taken else "choose"
    chosen = bound(
        st.segmented_control,
        _FORMAT,
        "Numbers are written as",
        [_FOUND_OUT, *NUMBER_FORMATS],
        format_func=lambda name: FORMAT_LABELS.get(name, automatic),
        required=True,
    )
    return next((name for name in NUMBER_FORMATS if name == chosen), None)


def _question(read: PriceFile) -> str:
    """Which of the readings is meant, with what each makes of the cells."""
    readings = " Or ".join(
        f"written as {FORMAT_LABELS[reading.number_format]}: {_examples(reading)}."
        for reading in read.readings
    )
    return plain(
        f"Column {read.column_key} can be read in two ways, choose one above."
        f" {readings[0].upper()}{readings[1:]}"
    )


def _description(read: PriceFile, reading: PriceReading) -> str:
    assert read.decision is not None
    written = f"numbers as {FORMAT_LABELS[reading.number_format]} ({_WHY[read.decision]})"
    left_out = "; ".join(map(describe_left_out, reading.left_out))
    parts = [
        f"column {read.column_key}, {reading.count:,} prices in whole dollars; {written}.",
        f"For example {_examples(reading)}.",
        f"Left out: {left_out}." if left_out else "No cell is left out.",
    ]
    if read.currencies:
        currencies = ", ".join(read.currencies[:5])
        parts.append(f"Written with {currencies}; amounts are taken as they are.")
    return plain(" ".join(parts))


def _examples(reading: PriceReading) -> str:
    return ", ".join(f"“{cell}” is ${price:,.2f}" for cell, price in reading.examples)
