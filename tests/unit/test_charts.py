"""Charts stand alone as pictures, and models keep their colour and marker."""

from typing import Any

import pandas as pd
import pytest

from components.charts import (
    NamedAtlas,
    NamedPrice,
    atlas_heatmaps,
    benchmark_profile,
    model_style,
    predicted_prices,
    rank_movement,
    scores_by_size,
    twin_dumbbells,
)
from components.charts.scores import PROFILE_COLORS
from components.charts.style import CHART_COLORS, COLORS
from components.leaderboard import (
    load_board,
    movement,
    one_run_per_model,
    pareto_frontier,
    shortlist_scores,
    with_twins,
)
from components.registry import load_registry

SHORTLIST = ["meta-llama/Llama-3.1-8B", "Qwen/Qwen2.5-7B", "microsoft/Phi-3-mini-4k-instruct"]
LABELS = {model: f"label of {model}" for model in SHORTLIST}


def luminance(color: str) -> float:
    """Relative luminance, WCAG 2.2."""
    channels = [int(color[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    red, green, blue = (
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
        for channel in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_model_colours_reach_three_to_one_on_both_themes(theme):
    background = CHART_COLORS[theme].background
    assert all(contrast(color, background) >= 3 for color in COLORS)
    assert contrast(CHART_COLORS[theme].muted, background) >= 4.5


def test_no_two_listed_models_share_colour_and_marker():
    styles = [model_style(spec.id) for spec in load_registry()]
    assert len(set(styles)) == len(styles)


def test_a_twin_has_its_bases_colour_and_hollow_marker():
    base, twin = (model_style(f"google/gemma-2-9b{end}") for end in ("", "-it"))
    assert twin.color == base.color
    assert twin.marker == f"{base.marker}-open"
    assert (base.symbol, twin.symbol) == ("◆", "◇")


def test_an_unlisted_model_keeps_one_style():
    assert model_style("somebody/some-model") == model_style("somebody/some-model")


def figures():
    board = load_board("2025-03-final")
    scores = shortlist_scores(board, SHORTLIST)
    rows = with_twins(one_run_per_model(board), board)
    rows = rows.assign(frontier=pareto_frontier(rows))
    atlas = pd.DataFrame(
        {"number": range(1000), "pieces": [("9",)] * 1000, "count": [1, 2, 3, 7] * 250}
    )
    for theme in ("light", "dark"):
        yield twin_dumbbells(scores, LABELS, vintage="Final", theme=theme), theme
        profile = one_run_per_model(board[board["model"].isin(SHORTLIST)])
        yield benchmark_profile(profile, LABELS, vintage="Final", theme=theme), theme
        yield scores_by_size(rows, SHORTLIST, LABELS, vintage="Final", theme=theme), theme
        moves = movement(load_board("2024-10-15"), board, SHORTLIST)
        yield rank_movement(moves, LABELS, before="October", after="Final", theme=theme), theme
        yield atlas_heatmaps([NamedAtlas("A", atlas, "note")], prefix="$", theme=theme), theme
        priced = [NamedPrice(SHORTLIST[0], "Llama", "Hub meta-llama/Llama-3.1-8B@d04e592b", 12.5)]
        yield predicted_prices(priced, 20, product="A lamp", theme=theme), theme
        yield predicted_prices(priced, None, product="A lamp", theme=theme), theme


@pytest.mark.parametrize(("figure", "theme"), figures())
def test_each_chart_has_title_source_and_explicit_colours(figure, theme):
    layout = figure.to_dict()["layout"]
    assert layout["title"]["text"]
    assert layout["title"]["subtitle"]["text"]
    assert layout["paper_bgcolor"] == CHART_COLORS[theme].background
    assert layout["font"]["color"] == CHART_COLORS[theme].text


def test_dumbbells_put_the_best_twin_on_top_and_say_each_value():
    scores = shortlist_scores(load_board("2025-03-final"), SHORTLIST)
    figure = twin_dumbbells(scores, LABELS, vintage="Final", theme="light")
    traces = figure.to_dict()["data"]
    texts = [text.strip() for trace in traces for text in trace.get("text", ())]
    assert texts == ["14.42", "23.76", "27.56", "26.02", "35.20"]


def test_dumbbells_mark_an_instruct_model_without_a_public_base():
    scores = shortlist_scores(load_board("2025-03-final"), SHORTLIST)
    traces = twin_dumbbells(scores, LABELS, vintage="Final", theme="light").to_dict()["data"]
    phi = [trace for trace in traces if "no public base" in str(trace["y"][0])]
    assert [trace["marker"]["symbol"].endswith("-open") for trace in phi] == [True]


def test_dumbbells_and_points_by_size_know_which_model_they_are():
    board = load_board("2025-03-final")
    rows = with_twins(one_run_per_model(board), board).assign(frontier=False)
    by_size = scores_by_size(rows, SHORTLIST, LABELS, vintage="F", theme="light")
    clickable = {
        model for trace in by_size.to_dict()["data"] for model in trace.get("customdata", ())
    }
    assert clickable == set(rows.dropna(subset="params_b")["model"])
    names = {model: model for model in rows["model"]}
    dumbbells = twin_dumbbells(rows, names, vintage="F", theme="light", most=400).to_dict()
    assert {m for trace in dumbbells["data"] for m in trace.get("customdata", ())} == set(names)


def test_of_thousands_of_models_the_best_of_each_size_the_frontier_and_the_shortlist_are_drawn():
    board = one_run_per_model(load_board("2025-03-final")).dropna(subset="params_b")
    copies = [
        board.assign(model=board["model"] + f"-{n}", average=board["average"] - n)
        for n in range(1, 20)
    ]
    many = pd.concat([board, *copies], ignore_index=True)
    many = many.assign(frontier=pareto_frontier(many))
    low = many.sort_values("average")["model"].iloc[0]
    figure = scores_by_size(many, [low], {low: "low"}, vintage="F", theme="light").to_dict()
    drawn = [model for trace in figure["data"] for model in trace.get("customdata", ())]
    assert len(drawn) < 400
    assert {low, *many.loc[many["frontier"], "model"]} <= set(drawn)
    assert "of each size class the best" in figure["layout"]["title"]["subtitle"]["text"]


def test_rank_movement_leaves_out_what_one_vintage_lacks_and_says_both_ranks():
    models = [SHORTLIST[1], "tiiuae/Falcon3-7B-Base"]
    moves = movement(load_board("2024-10-15"), load_board("2025-03-final"), models)
    figure = rank_movement(moves, LABELS, before="October", after="Final", theme="dark")
    (line,) = figure.to_dict()["data"]
    assert list(line["y"]) == [int(moves["rank_before"][0]), int(moves["rank_after"][0])]
    assert "24.70" in line["text"][0]
    assert LABELS[SHORTLIST[1]] in line["text"][1]


def test_the_profile_writes_every_figure_and_its_text_reads_on_every_shade():
    board = load_board("2025-03-final")
    rows = one_run_per_model(board[board["model"].isin(SHORTLIST)])
    heatmap: Any = next(
        iter(benchmark_profile(rows, LABELS, vintage="F", theme="dark").select_traces())
    )
    assert heatmap["text"][-1][0] == "27.56"
    assert (heatmap["z"].min(), heatmap["z"].max()) == (0, 1)
    for theme, shades in PROFILE_COLORS.items():
        assert all(contrast(CHART_COLORS[theme].text, shade) >= 4.5 for shade in shades)


def test_only_the_best_twins_are_drawn_and_the_chart_says_so():
    board = load_board("2025-03-final")
    rows = with_twins(one_run_per_model(board), board)
    names = {model: model for model in rows["model"]}
    layout = twin_dumbbells(rows, names, vintage="F", theme="light", most=5).to_dict()["layout"]
    assert "the best 5 of 190 models" in layout["title"]["subtitle"]["text"]


def test_models_without_scores_do_not_break_the_dumbbells():
    scores = shortlist_scores(load_board("2025-03-final"), ["nobody/nothing", SHORTLIST[0]])
    names = {**LABELS, "nobody/nothing": "?"}
    traces = twin_dumbbells(scores, names, vintage="Final", theme="dark").to_dict()["data"]
    drawn = {label for trace in traces for label in trace["y"] if label is not None}
    assert drawn == {LABELS[SHORTLIST[0]]}


def test_the_atlas_puts_345_in_row_300_column_45():
    atlas = pd.DataFrame(
        {"number": range(1000), "pieces": [(str(n),) for n in range(1000)], "count": 1}
    )
    atlas.loc[345, "count"] = 2
    figure = atlas_heatmaps([NamedAtlas("A", atlas, "")], prefix="$", theme="light")
    heatmap: Any = next(iter(figure.select_traces()))
    row, column = list(heatmap["y"]).index("300"), list(heatmap["x"]).index(45)
    assert heatmap["z"][row][column] == 2
    assert (heatmap["z"] == 2).sum() == 1
