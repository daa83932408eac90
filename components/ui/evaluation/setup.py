"""What a new run of the evaluation page is: which rows, which models, how they are asked."""

from __future__ import annotations

import streamlit as st

from components.errors import BasewiseError
from components.evaluation import Plan, RowSet
from components.evaluation.columns import Columns, find_columns, needs_number_format
from components.evaluation.row_sources import (
    CATALOGUE,
    HUB,
    SUFFIXES,
    Table,
    catalogue_rows,
    table_rows,
)
from components.pricing import NUMBER_FORMATS, NumberFormat
from components.settings import MAX_UPLOAD_MB
from components.ui import run_services
from components.ui.kit import permalinks
from components.ui.kit.binding import bound
from components.ui.kit.endpoint_states import show_endpoints
from components.ui.kit.feedback import show_error
from components.ui.kit.inference_settings import pick_settings
from components.ui.kit.model_ids import clean_ids, label, options, say_refused, served
from components.ui.kit.price_upload import FORMAT_LABELS
from components.ui.kit.text import duration, plain

_FILE, _HUB = "file", "hub"
_SOURCES = {CATALOGUE: "Catalogue", _FILE: "Your file", _HUB: "Hub dataset"}
_MODELS_DEFAULT = ("google/gemma-3-270m", "HuggingFaceTB/SmolLM2-135M-Instruct")
_MODELS_LIMIT = 6
_MOST_ROWS = 100_000
_SEED = 0  # the same rows and size are the same sample, for everybody

_SOURCE = permalinks.one_of("rows", list(_SOURCES), CATALOGUE)
_DATASET = permalinks.text("dataset", longest=200)
_SAMPLE = permalinks.whole_number("sample", 200, low=1, high=_MOST_ROWS)
_MODELS = permalinks.models(
    "evaluate",
    _MODELS_DEFAULT,
    lambda repo_ids: clean_ids(repo_ids, limit=_MODELS_LIMIT, where="evaluate"),
)


def pick_plan(on_shortlist: list[str]) -> Plan | None:
    """The plan that the visitor describes; None, and what is missing, until it is whole."""
    source = bound(
        st.segmented_control,
        _SOURCE,
        "Rows",
        list(_SOURCES),
        format_func=_SOURCES.__getitem__,
        required=True,
    )
    rows = catalogue_rows() if source == CATALOGUE else _own_rows(source)
    if rows is not None:
        rows = _sample(rows)
    chosen = bound(
        st.multiselect,
        _MODELS,
        "Models to evaluate",
        options([*_MODELS.value(), *served(), *_MODELS_DEFAULT, *on_shortlist]),
        format_func=label,
        accept_new_options=True,
        max_selections=_MODELS_LIMIT,
        select_all=False,
        placeholder="Pick a model or type a Hub id",
        help="One after the other. Any model on the Hub with safetensors weights can be typed in.",
    )
    say_refused(_MODELS.name)
    show_endpoints()
    settings = pick_settings()
    if rows is None or not rows.rows or not chosen:
        return None
    plan = Plan(tuple(chosen), rows.rows, settings, rows.label, rows.left_out)
    st.caption(plain(_extent(plan)))
    return plan


def _own_rows(source: str) -> RowSet | None:
    """The rows of a file or dataset by the columns that the visitor confirms."""
    try:
        table = _uploaded() if source == _FILE else _dataset()
        if table is None:
            return None
        columns = _columns(table)
        return None if columns is None else table_rows(table, columns)
    except BasewiseError as error:
        show_error(error)
        return None


def _uploaded() -> Table | None:
    file = st.file_uploader(
        "Products with prices",
        type=[suffix.removeprefix(".") for suffix in SUFFIXES],
        max_upload_size=MAX_UPLOAD_MB,
        help="CSV, JSON Lines or Parquet: a column of descriptions and one of prices in dollars."
        " It is read here and not kept; the run keeps the rows that it uses.",
    )
    if file is None:
        st.info(
            "Upload a table with descriptions and prices: CSV, JSON Lines or Parquet.",
            icon=":material/upload_file:",
        )
        return None
    return run_services.uploaded_table(file.name, file.getvalue())


def _dataset() -> Table | None:
    name = bound(
        st.text_input,
        _DATASET,
        "Dataset",
        placeholder="ed-donner/items_lite",
        help="organization/name, or organization/name:split. Without a split the test rows are"
        " taken where there are some: a model may have been trained on the others.",
    ).strip()
    if not name:
        st.info("Type a dataset's id on the Hub: organization/name.", icon=":material/edit:")
        return None
    return run_services.hub_table(name.removeprefix(HUB))


def _columns(table: Table) -> Columns | None:
    """The columns as found, each to be changed; None while it is unclear how prices are written."""
    names = [str(name) for name in table.cells.columns]
    found = find_columns(table.cells)
    key = f"{table.label} {names}"  # another table starts with its own columns
    text, price, category = st.columns(3)
    with text:
        text_name = st.selectbox("Text", names, names.index(found.text), key=f"text {key}")
    with price:
        price_name = st.selectbox("Price", names, names.index(found.price), key=f"price {key}")
    with category:
        category_name = st.selectbox(
            "Category",
            [None, *names],
            0 if found.category is None else 1 + names.index(found.category),
            format_func=lambda name: "none" if name is None else name,
            key=f"category {key}",
        )
    number_format: NumberFormat | None = None
    if needs_number_format(table.cells[price_name]):
        number_format = st.segmented_control(
            "Numbers are written as",
            NUMBER_FORMATS,
            format_func=FORMAT_LABELS.__getitem__,
            key=f"number format {price_name} {key}",
        )
        if number_format is None:
            st.warning(
                plain(
                    f"Column {price_name} can be read in two ways, choose one above: a point may"
                    " be decimal, or group thousands."
                ),
                icon=":material/help:",
            )
            return None
    return Columns(text_name, price_name, category_name, number_format)


def _sample(rows: RowSet) -> RowSet:
    size = bound(
        st.number_input,
        _SAMPLE,
        "At most so many rows",
        min_value=1,
        max_value=_MOST_ROWS,
        step=50,
        help="A sample spread over the prices, the same one for the same rows and size.",
    )
    everything = len(rows.rows)
    sample = rows.sample(size, _SEED)
    parts = [f"{len(sample.rows):,} of {everything:,} rows that can be priced and scored"]
    parts += [f"{count:,} left out: {reason}" for reason, count in rows.left_out.items()]
    st.caption(plain("; ".join(parts) + "."))
    if sample.rows:
        with st.expander("The first three rows", icon=":material/visibility:"):
            for row in sample.rows[:3]:
                st.code(f"{row.prompt}{row.price:,.2f}", language=None, wrap_lines=True)
    return sample


def _extent(plan: Plan) -> str:
    """How many predictions a plan has, and how long they take where that is known."""
    told = f"{len(plan.models)} × {len(plan.rows):,} = {plan.predictions:,} predictions"
    seconds = [run_services.store().seconds_per_prediction(model) for model in plan.models]
    known = [one * len(plan.rows) for one in seconds if one is not None]
    if len(known) < len(seconds):
        return f"{told}; how long they take shows once a few are done."
    return f"{told}, about {duration(sum(known))} at the pace of earlier ones."
