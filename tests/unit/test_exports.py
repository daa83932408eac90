"""What is taken along is safe to open."""

import io
import re
from typing import Any

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from components.charts import benchmark_profile
from components.leaderboard import load_board, one_run_per_model
from components.ui.kit.exports import csv_bytes, html_report


def read_back(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.read_csv(io.BytesIO(csv_bytes(frame)), keep_default_na=False)


@given(st.text(max_size=20))
def test_no_text_cell_begins_like_a_formula(text):
    cell = read_back(pd.DataFrame({"a": [text], "b": ["x"]}))["a"].astype(str)[0]
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))


def test_negative_numbers_stay_numbers():
    assert read_back(pd.DataFrame({"uplift": [-1.5, 2.0]}))["uplift"].tolist() == [-1.5, 2.0]


def test_badges_become_one_cell():
    frame = pd.DataFrame({"badges": [["MATH zero", "several runs"], []]})
    assert read_back(frame)["badges"].tolist() == ["MATH zero; several runs", ""]


def report(**changed: Any) -> str:
    rows = one_run_per_model(load_board("2025-03-final")).head(3)
    names = {model: model for model in rows["model"]}
    figure = benchmark_profile(rows, names, vintage="Final", theme="light")
    parts: dict[str, Any] = {
        "said": ["a line"],
        "address": "http://localhost/leaderboard?kind=base",
        "figures": [figure, figure],
        "tables": {"Models": rows[["model_id", "average"]]},
    }
    return html_report("Report", **parts | changed).decode()


def test_a_report_carries_plotly_once_and_asks_no_network_for_anything():
    page = report()
    assert page.count("plotly.js v") == 1
    assert page.count('class="plotly-graph-div"') == 2
    markup = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert not re.findall(r"<(?:link|img|iframe)|src=", markup)
    assert not re.findall(r"<script[^>]*\ssrc=", page)


def test_a_report_shows_every_row_and_links_to_the_live_view():
    page = report()
    assert page.count("<tr") == 4
    assert 'href="http://localhost/leaderboard?kind=base"' in page


def test_texts_in_a_report_are_escaped_and_unknown_values_are_dashes():
    hostile = "<script>alert(1)</script>"
    table = pd.DataFrame(
        {hostile: [hostile, None], "b": [1.234, float("nan")], "c": [["x", "y"], []]}
    )
    page = report(said=[hostile], address=None, figures=[], tables={hostile: table})
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert page.count("<td>–</td>") == 2
    assert "<td>1.23</td>" in page
    assert "<td>x; y</td>" in page
