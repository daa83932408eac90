"""What is taken along is safe to open."""

import csv
import html
import io
import re
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.charts import benchmark_profile
from components.leaderboard import CAVEATS, load_board, one_run_per_model
from components.ui.kit.exports import csv_bytes, html_report
from components.ui.leaderboard.labels import COLUMN_LABELS


def read_back(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.read_csv(io.BytesIO(csv_bytes(frame)), keep_default_na=False)


SIGNS = "=+-@＝＋－＠"
BLANKS = " \t\r\n\x00\u00a0\u2003\u200b\ufeff"


@given(st.text(max_size=20) | st.text(BLANKS + SIGNS + "a1", max_size=8))
def test_no_text_cell_begins_like_a_formula(text):
    content = csv_bytes(pd.DataFrame({"a": [text], "b": ["x"]})).decode()
    (_, (cell, other)) = csv.reader(io.StringIO(content, newline=""))
    assert not cell.lstrip(BLANKS).startswith(tuple(SIGNS))
    assert not cell.startswith(("\t", "\r", "\n"))
    assert other == "x"
    shown = re.sub(r"\r\n?", "\n", text)
    assert cell in (shown, f"'{shown}")


@pytest.mark.parametrize(
    "cell",
    ["=1", " =1", "\n=1", "\r\n+1", "\t@x", "\u00a0-x", "\ufeff=1", "＝1", " ＋1", "－1", "＠x"],
)
def test_a_formula_behind_blanks_or_in_full_width_signs_is_led_by_an_apostrophe(cell):
    content = csv_bytes(pd.DataFrame({"a": [cell], cell: ["x"]})).decode()
    header, row = csv.reader(io.StringIO(content, newline=""))
    assert row[0].startswith("'")
    assert header[1].startswith("'")


def test_a_carriage_return_does_not_begin_another_row():
    assert b"\r" not in csv_bytes(pd.DataFrame({"a": ["x\r=1\r\n=2"]}))


def test_negative_numbers_stay_numbers():
    assert read_back(pd.DataFrame({"uplift": [-1.5, 2.0]}))["uplift"].tolist() == [-1.5, 2.0]


def test_caveats_become_one_cell():
    frame = pd.DataFrame({"caveats": [("math_graded_zero", "several_runs"), ()]})
    assert read_back(frame)["caveats"].tolist() == ["math_graded_zero; several_runs", ""]


def report(**changed: Any) -> str:
    rows = one_run_per_model(load_board("2025-03-final")).head(3)
    names = {model: model for model in rows["model"]}
    figure = benchmark_profile(rows, names, vintage="Final", theme="light")
    parts: dict[str, Any] = {
        "paragraphs": ["a line"],
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
    page = report(paragraphs=[hostile], address=None, figures=[], tables={hostile: table})
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert page.count("<td>–</td>") == 2
    assert "<td>1.23</td>" in page
    assert "<td>x; y</td>" in page


HOSTILE = (
    "<img src=x onerror=alert(1)>",
    '"><script>alert(1)</script>',
    "</title><script>alert(1)</script>",
    "{{ 7 * 7 }}",
    "a & b",
)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_text_stands_in_every_part_of_a_report_to_the_letter(hostile):
    figure = go.Figure(layout={"title": {"text": hostile}})
    table = pd.DataFrame({hostile: [hostile, [hostile]]})
    page = html_report(
        hostile, [hostile], address=hostile, figures=[figure], tables={hostile: table}
    ).decode()
    ours = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert "<img" not in ours
    assert "alert(1)</script" not in page
    shown = [found for found in re.findall(r">([^<>]*)<", ours) if html.unescape(found) == hostile]
    assert len(shown) == 8  # title, heading, line, address, table's heading and column, two cells


def test_an_unknown_whole_number_or_flag_is_a_dash_in_a_report():
    table = pd.DataFrame(
        {
            "rank": pd.array([1, None], dtype="Int64"),
            "chat_template": pd.array([True, None], dtype="boolean"),
            "when": [pd.Timestamp("2025-03-01"), pd.NaT],
        }
    )
    page = report(figures=[], tables={"Ranks": table})
    assert "&lt;NA&gt;" not in page
    assert "NaT" not in page
    assert page.count("<td>–</td>") == 3
    assert "<td>1</td><td>yes</td>" in page


def test_exported_tables_have_machine_names_and_ids():
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in COLUMN_LABELS)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", key) for key in CAVEATS)
