"""What is taken along is safe to open."""

import io

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from components.ui.exports import csv_bytes


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
