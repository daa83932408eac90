"""Charts on a phone: what is said stays, in lines that fit, in panels that do not overlap."""

import itertools
import re
from typing import Any

import plotly.graph_objects as go
import pytest

from components.charts.phone import for_phone, needs_width
from tests.support.example_charts import evaluation_figures, figures

CHARTS = dict([*figures(), *evaluation_figures()])
WIDE = [
    "benchmark_profile",
    "movement_between_vintages",
    "reordering",
    "scores_by_size",
    "twin_dumbbells",
]
FITTING = [name for name in CHARTS if name not in WIDE]
TITLE, SOURCE = 32, 52


def lines(text: str) -> list[str]:
    return [re.sub(r"<[^>]*>", "", line) for line in text.split("<br>")]


def words(text: str) -> str:
    return "".join(" ".join(lines(text)).split())


def layout_of(figure: go.Figure) -> dict[str, Any]:
    return figure.to_dict()["layout"]


def panels(layout: dict[str, Any]) -> list[tuple[float, float]]:
    return [
        tuple(axis.get("domain", (0, 1)))
        for name, axis in layout.items()
        if name.startswith("yaxis")
    ]


def test_charts_that_need_a_pages_width_are_left_as_they_are():
    assert sorted(name for name, figure in CHARTS.items() if needs_width(figure)) == WIDE
    assert for_phone(CHARTS["reordering"]) is CHARTS["reordering"]


@pytest.mark.parametrize("name", FITTING)
def test_title_and_source_say_the_same_in_lines_that_fit(name):
    page, phone = layout_of(CHARTS[name]), layout_of(for_phone(CHARTS[name]))
    before, after = page["title"], phone["title"]
    for wide, narrow, width in (
        (before["text"], after["text"], TITLE),
        (before["subtitle"]["text"], after["subtitle"]["text"], SOURCE),
    ):
        assert words(wide) == words(narrow)
        assert max(map(len, lines(narrow))) <= width
    more = len(lines(after["text"])) + len(lines(after["subtitle"]["text"]))
    more -= len(lines(before["text"])) + len(lines(before["subtitle"]["text"]))
    assert phone["margin"]["t"] >= page["margin"]["t"] + 16 * more


@pytest.mark.parametrize("name", FITTING)
def test_panels_are_below_one_another_and_keep_their_pixels(name):
    page, phone = layout_of(CHARTS[name]), layout_of(for_phone(CHARTS[name]))
    stacked = sorted(panels(phone))
    assert all(0 <= low < high <= 1 + 1e-9 for low, high in stacked)
    assert all(low >= below - 1e-9 for (_, below), (low, _) in itertools.pairwise(stacked))
    for axis in (axis for key, axis in phone.items() if key.startswith("xaxis")):
        assert tuple(axis.get("domain", (0, 1))) == (0, 1)

    def smallest(layout: dict[str, Any]) -> float:
        inner = layout["height"] - layout["margin"]["t"] - layout["margin"]["b"]
        return min(inner * (high - low) for low, high in panels(layout))

    assert smallest(phone) >= smallest(page) - 1


@pytest.mark.parametrize("name", FITTING)
def test_the_chart_of_the_page_is_not_changed(name):
    before = CHARTS[name].to_json()
    for_phone(CHARTS[name])
    assert CHARTS[name].to_json() == before


@pytest.mark.parametrize("name", ["predictor_intervals", "first_token_maps", "coverage_curves"])
def test_the_legend_is_below_with_room_for_each_entry(name):
    phone = for_phone(CHARTS[name]).to_dict()
    layout = phone["layout"]
    entries = [one for one in phone["data"] if one.get("name") and one.get("showlegend", True)]
    assert layout["legend"]["yref"] == "container"
    assert layout["legend"]["yanchor"] == "bottom"
    assert layout["margin"]["b"] >= 20 * len(entries)
