"""A visitor's file of prices: what was read of it, and the choices to read it otherwise."""

from dataclasses import dataclass, field

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from components.errors import PriceListError
from components.pricing import (
    NUMBER_FORMATS,
    NumberFormat,
    PriceFile,
    PriceReading,
    TextTable,
    describe_left_out,
    examine_prices,
    rank_price_columns,
    read_price_table,
)
from components.ui.kit import permalinks
from components.ui.kit.feedback import show_error
from components.ui.kit.permalinks import bound
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


@dataclass
class _Upload:
    """The file of this visit: its table, and what was read of it by column and format."""

    file_id: str
    table: TextTable
    read: dict[tuple[str | None, NumberFormat | None], PriceFile] = field(default_factory=dict)

    def examine(self, column: str | None, number_format: NumberFormat | None) -> PriceFile:
        if (column, number_format) not in self.read:
            self.read[column, number_format] = examine_prices(
                self.table, column=column, number_format=number_format
            )
        return self.read[column, number_format]


def read_upload(file: UploadedFile) -> PriceFile | None:
    """Read a file of prices, show what was read and let it be changed; None while it can't be.

    The column and the number format are in the address, as `price_column` and `number_format`.
    """
    try:
        upload = _take(file)
        column_place, format_place = st.columns([2, 3], vertical_alignment="bottom")
        with column_place:
            column = _pick_column(upload.table)
        with format_place:
            number_format = _pick_format(upload.examine(column, None))
        read = upload.examine(column, number_format)
    except PriceListError as error:
        show_error(error)
        return None
    if read.reading is None:
        st.warning(_question(read), icon=":material/help:")
        return None
    st.caption(_description(read, read.reading))
    return read


def _take(file: UploadedFile) -> _Upload:
    """The file as it was read before in this visit, else read now."""
    before: _Upload | None = st.session_state.get(_UPLOAD)
    if before is not None and before.file_id == file.file_id:
        return before
    st.session_state.pop(_UPLOAD, None)
    if before is not None:  # what was chosen for another file says nothing about this one
        _COLUMN.choose(_FOUND_OUT)
        _FORMAT.choose(_FOUND_OUT)
    upload = _Upload(file.file_id, read_price_table(file.getvalue()))
    st.session_state[_UPLOAD] = upload
    return upload


def _pick_column(table: TextTable) -> str | None:
    candidates = rank_price_columns(table)
    keys = [table.key(candidate.place) for candidate in candidates]
    if _COLUMN.value() not in ["", *keys]:
        st.caption(plain(f"The file has no column of numbers called {_COLUMN.value()}."))
        _COLUMN.choose(_FOUND_OUT)
    likeliest = keys[0] if candidates and candidates[0].likely else None
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
