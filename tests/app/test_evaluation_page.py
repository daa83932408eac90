"""The evaluation page in Streamlit's own test harness, on the run that comes with Basewise."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from components.evaluation import RunStore
from components.evaluation.host import host_store_path
from tests.app.test_pages import TIMEOUT, everything_said, open_page
from tests.support.loopback_hub import LoopbackHub

PAGE = "pages/evaluation.py"
VIEWS = ("figures", "actual", "pairs", "groups", "calibration", "running", "rows", "texts")


@pytest.fixture(autouse=True)
def own_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test starts with the bundled run alone."""
    monkeypatch.setenv("BASEWISE_RUNS_FILE", str(tmp_path / "runs.sqlite"))
    st.cache_resource.clear()
    yield
    st.cache_resource.clear()


def bundled_run() -> str:
    store = RunStore(host_store_path())
    (run,) = [run for run in store.runs() if run.origin == "bundled"]
    store.close()
    return run.id


def test_a_fresh_visitor_sees_a_computed_run_with_what_its_rows_tell_apart():
    at = open_page(PAGE)
    assert not at.exception
    said = everything_said(at)
    assert "107 rows" in said
    assert ("tell these apart" in said) or ("do not tell these apart" in said)
    figures = at.dataframe[0].value
    assert {"Gemma 3 270M", "SmolLM2 135M Instruct", "Always the median price"} <= set(
        figures["model"]
    )
    assert figures["Mean absolute error"].str.match(r"\$\d+ \(\$\d+ to \$\d+\)").all()


@pytest.mark.parametrize("view", VIEWS)
def test_each_view_of_a_run_opens_by_its_address(view):
    at = open_page(PAGE, view=view)
    assert not at.exception
    assert not at.error
    assert at.session_state["view_chosen"] == view


@pytest.mark.parametrize("metric", ["rmsle", "green_share", "r2_log", "crps", "nats_per_price"])
def test_each_metric_compares_the_models(metric):
    at = open_page(PAGE, metric=metric, view="pairs")
    assert not at.exception


def test_the_address_of_a_run_opens_it_and_one_that_is_not_here_is_said():
    at = open_page(PAGE, evaluation="0123456789abcdef0123")
    assert not at.exception
    assert "There is no run 0123456789abcdef0123 here" in everything_said(at)
    at = open_page(PAGE, evaluation=bundled_run())
    assert not at.warning


def test_an_uploaded_table_shows_its_columns_and_what_is_left_out():
    at = open_page(PAGE, rows="file")
    table = pd.DataFrame(
        {
            "product_name": [f"Lamp {n}" for n in range(12)],
            "details": [f"A desk lamp of {n} watts with a long arm" for n in range(12)],
            "selling_price": ["1200", "0", *[f"{n + 10}.50" for n in range(10)]],
        }
    )
    upload(at, "lamps.csv", table.to_csv(index=False).encode())
    assert not at.exception
    picked = {box.label: box.value for box in at.selectbox}
    assert picked["Price"] == "selling_price"
    said = everything_said(at)
    assert "10 of 10 rows" in said
    assert "above $999" in said


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("prices.csv", b"\x00\x01\x02"),
        ("prices.jsonl", b"[1, 2"),
        ("prices.parquet", b"PAR1 but not really"),
        ("prices.csv", b"a,b\n"),
    ],
)
def test_a_table_that_can_not_be_read_is_refused_in_words(name, content):
    at = open_page(PAGE, rows="file")
    upload(at, name, content)
    assert not at.exception
    assert at.error
    assert start(at).disabled


def test_a_dataset_of_the_hub_is_read_by_its_id(hub: LoopbackHub):
    lines = "\n".join(
        f'{{"summary": "Desk lamp number {n}", "price": {n + 5}, "category": "Lamps"}}'
        for n in range(20)
    )
    hub.add_repo("somebody/lamps", {"data/test.jsonl": lines.encode()}, repo_type="dataset")
    at = open_page(PAGE, rows="hub", dataset="somebody/lamps", sample="10")
    assert not at.exception
    assert "10 of 20 rows" in everything_said(at)
    assert not start(at).disabled


def test_a_dataset_that_is_not_there_is_said(hub: LoopbackHub):
    at = open_page(PAGE, rows="hub", dataset="nobody/nothing")
    assert not at.exception
    assert "could not be fetched" in everything_said(at)


def test_a_row_opens_its_product_on_live_inference():
    at = open_page(PAGE, view="rows")
    table = at.dataframe[0].value
    assert len(table) == 107
    assert {"product", "actual"} <= set(table.columns)


def test_prices_that_can_be_read_in_two_ways_are_asked_about_before_they_are_used():
    at = open_page(PAGE, rows="file")
    table = pd.DataFrame(
        {"description": ["a lamp", "a desk", "a chair"], "price": ["1.299", "1.499", "2.150"]}
    )
    upload(at, "moebel.csv", table.to_csv(index=False).encode())
    assert not at.exception
    assert "can be read in two ways" in " ".join(one.value for one in at.warning).replace("\\", "")
    assert start(at).disabled
    ask = next(one for one in at.button_group if one.label == "Numbers are written as")
    ask.set_value("point").run(timeout=TIMEOUT)
    assert not at.exception
    assert not start(at).disabled


def upload(at: AppTest, name: str, content: bytes) -> None:
    uploader = next(one for one in at.file_uploader if one.label == "Products with prices")
    uploader.upload(name, content).run(timeout=TIMEOUT)


def start(at: AppTest) -> Any:
    return next(button for button in at.button if button.label == "Start")
