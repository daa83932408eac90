"""Charts stand alone as pictures, and show text from outside to the letter."""

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from components.charts import (
    NamedAtlas,
    NamedDistribution,
    NamedInformation,
    NamedSeries,
    atlas_heatmaps,
    benchmark_profile,
    coverage_curves,
    errors_by_group,
    first_token_maps,
    first_tokens,
    metric_text,
    movement_between_vintages,
    paired_differences,
    pit_histograms,
    predicted_against_actual,
    predictor_intervals,
    price_distributions,
    price_ranges,
    read_out_errors,
    reordering,
    running_means,
    scores_by_size,
    settled_shares,
    twin_dumbbells,
)
from components.charts.estimates import BAND_COLORS
from components.charts.evaluation import series_styles
from components.charts.placement import Box, box_at, text_size
from components.charts.scores import PROFILE_COLORS
from components.charts.style import CHART_COLORS, Theme
from components.evaluation import (
    BASELINES,
    OUT_OF_FOLD,
    baseline_scores,
    by_group,
    compare,
    coverage_curve,
    item_scores,
    pit_histogram,
    running_mean,
    tidy_figures,
)
from components.leaderboard import (
    BENCHMARKS,
    PREDICTORS,
    before_and_after,
    compare_vintages,
    load_board,
    one_run_per_model,
    pareto_frontier,
    predictors,
    shortlist_scores,
    with_twins,
)
from components.numbers import (
    FirstToken,
    FirstTokenInformation,
    PriceDistribution,
    number_atlas,
    still_possible,
)
from components.pricing import Band, error_band
from tests.support.scored_rows import described, made_rows
from tests.support.small_tokenizer import tokenizer_of_digits
from tests.unit.test_chart_styles import contrast

SHORTLIST = ["meta-llama/Llama-3.1-8B", "Qwen/Qwen2.5-7B", "microsoft/Phi-3-mini-4k-instruct"]
LABELS = {model: f"label of {model}" for model in SHORTLIST}


def named_distribution(model: str, prices: list[int], *, text: str = "1") -> NamedDistribution:
    """Equal probabilities for these prices, nine tenths in all, under one first token."""
    probabilities = np.zeros(1000)
    probabilities[prices] = 0.9 / len(prices)
    distribution = PriceDistribution(
        probabilities=probabilities,
        overflow=0.04,
        not_a_number=0.05,
        unexplored=0.01,
        first_tokens=(FirstToken(7, text, 0.94, np.array(prices), 0.04, 0.01),),
        passes=3,
        tokens=120,
        seconds=0.5,
        method="tree",
    )
    return NamedDistribution(model, f"label of {model}", f"Hub {model}@d04e592b", distribution)


def figures(theme: Theme) -> Iterator[Any]:
    board = load_board("2025-03-final")
    scores = shortlist_scores(board, SHORTLIST)
    rows = with_twins(one_run_per_model(board), board)
    rows = rows.assign(frontier=pareto_frontier(rows))
    atlas = number_atlas(tokenizer_of_digits())
    information = FirstTokenInformation(2.5, 5.0)
    yield twin_dumbbells(scores, LABELS, vintage="Final", theme=theme)
    profile = one_run_per_model(board[board["model"].isin(SHORTLIST)])
    yield benchmark_profile(profile, LABELS, vintage="Final", theme=theme)
    yield scores_by_size(rows, SHORTLIST, LABELS, vintage="Final", theme=theme)
    moves = compare_vintages(load_board("2024-10-15"), board, SHORTLIST)
    yield movement_between_vintages(moves, LABELS, before="October", after="Final", theme=theme)
    trained = before_and_after(SHORTLIST)
    yield reordering(trained, LABELS, of=61, source="LM-Harmony", theme=theme)
    names = {name: name for name in PREDICTORS}
    groups = {"all": "all sizes", "5-15B": "5 to 15B"}
    yield predictor_intervals(predictors(), names, groups, theme)
    named = [NamedAtlas("A", atlas, ["note"])]
    yield atlas_heatmaps(named, where="bare", theme=theme)
    left = [still_possible(atlas, 93)]
    yield first_token_maps(named, 93, left, theme=theme)
    bars = [NamedInformation(SHORTLIST[0], "Llama", information)]
    yield settled_shares(bars, prices="any prices", theme=theme)
    priced = [named_distribution(SHORTLIST[0], [1, 12, 100]), named_distribution("a/b", [999])]
    yield price_distributions(priced, 20, product="A lamp", theme=theme)
    yield price_distributions(priced, None, product="?", theme=theme, log_price=True)
    yield first_tokens(priced, product="A lamp", theme=theme)


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_each_chart_has_title_source_and_explicit_colours(subtests, theme):
    for place, figure in enumerate(figures(theme)):
        layout = figure.to_dict()["layout"]
        with subtests.test(place=place, title=layout["title"]["text"]):
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
    figure = twin_dumbbells(scores, LABELS, vintage="Final", theme="light").to_dict()
    phi = [trace for trace in figure["data"] if trace["y"][0] == SHORTLIST[2]]
    assert [trace["marker"]["symbol"].endswith("-open") for trace in phi] == [True]
    axis = figure["layout"]["yaxis"]
    marked = [text for text in axis["ticktext"] if "no public base" in text]
    assert marked == [axis["ticktext"][axis["tickvals"].index(SHORTLIST[2])]]


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


def test_movement_leaves_out_what_one_vintage_lacks_and_shows_scores_ranks_and_twins():
    models = [SHORTLIST[1], "tiiuae/Falcon3-7B-Base"]
    moves = compare_vintages(load_board("2024-10-15"), load_board("2025-03-final"), models)
    figure = movement_between_vintages(
        moves, LABELS, before="October", after="Final", theme="dark"
    ).to_dict()
    own, twin = figure["data"]
    assert list(own["y"]) == [24.70, 26.02]
    assert list(twin["y"]) == [26.87, 35.20]
    assert twin["marker"]["symbol"].endswith("-open")
    said = [note["text"] for note in figure["layout"]["annotations"]]
    assert f"#{moves['rank_after'][0]} 26.02 {LABELS[SHORTLIST[1]]}" in said
    assert f"{moves['of_both'][0]} models that both list" in figure["layout"]["title"]["subtitle"][
        "text"
    ].replace("<br>", " ")


def test_the_names_at_the_ends_of_lines_do_not_lie_over_each_other():
    board = load_board("2025-03-final")
    models = list(one_run_per_model(board)["model"].head(8))
    moves = compare_vintages(board, board, models).assign(average_after=30.0, average_before=30.0)
    names = {model: model for model in models}
    figure = movement_between_vintages(moves, names, before="a", after="b", theme="light")
    layout = figure.to_dict()["layout"]
    low, high = layout["yaxis"]["range"]
    inside = layout["height"] - layout["margin"]["t"] - layout["margin"]["b"]
    right = sorted(note["y"] for note in layout["annotations"] if note["x"] == 1)
    gaps = np.diff(right) * inside / (high - low)
    assert len(right) >= 8
    assert gaps.min() >= 13


@pytest.mark.parametrize("width", [880, 590])
def test_eight_models_that_score_alike_have_names_that_do_not_lie_over_each_other(width):
    models = [f"org/model-with-a-name-{n}" for n in range(8)]
    rows = pd.DataFrame(
        {
            "model": models,
            "params_b": [7.0 + n / 20 for n in range(8)],
            "average": [25.0 + n / 10 for n in range(8)],
            "frontier": False,
        }
    )
    names = {model: model.split("/")[1] for model in models}
    figure = scores_by_size(rows, models, names, vintage="F", theme="light")
    boxes = label_boxes(figure, width)
    assert len(boxes) == 8
    assert not [1 for one, other in combinations(boxes, 2) if one.overlaps(other)]


def label_boxes(figure: go.Figure, width: float) -> list[Box]:
    """Where the names in a chart of score against size lie, in a plot of this width."""
    layout = figure.to_dict()["layout"]
    x_range, y_range = layout["xaxis"]["range"], layout["yaxis"]["range"]
    return [
        box_at(
            (
                (note["x"] - x_range[0]) / (x_range[1] - x_range[0]) * width + note["ax"],
                (y_range[1] - note["y"]) / (y_range[1] - y_range[0]) * 320 + note["ay"],
            ),
            text_size(note["text"], note["font"]["size"]),
        )
        for note in layout["annotations"]
        if note.get("showarrow")
    ]


@pytest.mark.parametrize("width", [880, 590])
def test_the_name_of_the_smallest_model_does_not_lie_over_the_axis(width):
    board = load_board("2025-03-final")
    rows = one_run_per_model(board)
    rows = with_twins(rows, board).assign(frontier=pareto_frontier(rows))
    names = dict(zip(rows["model"], rows["model"], strict=True))
    boxes = label_boxes(scores_by_size(rows, [], names, vintage="F", theme="light"), width)
    assert boxes
    assert min(box.left for box in boxes) >= 0


def test_the_twins_caveat_stands_at_its_number_and_a_number_known_to_be_bad_is_pale():
    scores = shortlist_scores(load_board("2025-03-final"), SHORTLIST)
    noted = scores.assign(twin_note=["no chat template", "", ""])
    figure = twin_dumbbells(noted, LABELS, vintage="Final", theme="light").to_dict()
    texts = {
        text.strip(): trace.get("opacity")
        for trace in figure["data"]
        for text in trace.get("text", ())
    }
    assert texts["23.76, no chat template"] == 0.5
    assert texts["35.20"] == 1


def test_the_shortlist_is_drawn_beside_the_best():
    board = load_board("2025-03-final")
    rows = with_twins(one_run_per_model(board), board)
    low = rows.dropna(subset="twin_average").sort_values("twin_score")["model"].iloc[0]
    names = {model: model for model in rows["model"]}
    figure = twin_dumbbells(rows, names, vintage="F", theme="light", most=5, always=[low])
    assert low in figure.to_dict()["layout"]["yaxis"]["tickvals"]


def test_a_chart_says_what_it_is_filtered_by_and_carries_the_apps_name_and_the_date():
    board = load_board("2025-03-final")
    rows = with_twins(one_run_per_model(board), board).assign(frontier=False)
    figure = scores_by_size(
        rows, SHORTLIST, LABELS, vintage="F", theme="light", filters="base, at most 9B"
    )
    said = figure.to_dict()["layout"]["title"]["subtitle"]["text"]
    assert "base, at most 9B" in said
    assert f"Basewise, {date.today().day} {date.today():%B %Y}" in " ".join(said.split())


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
    drawn = {model for trace in traces for model in trace["y"] if model is not None}
    assert drawn == {SHORTLIST[0]}


def heatmaps(figure) -> list[Any]:
    return list(figure.select_traces({"type": "heatmap"}))


def cell(heatmap, row: str, column: int) -> tuple[int, int]:
    return list(heatmap["y"]).index(row), list(heatmap["x"]).index(column)


def test_the_atlas_puts_345_in_row_300_column_45():
    atlas = number_atlas(tokenizer_of_digits(merged=["345"]))
    (heatmap,) = heatmaps(atlas_heatmaps([NamedAtlas("A", atlas)], where="", theme="light"))
    row, column = cell(heatmap, "300", 45)
    assert heatmap["z"][row][column] == 1
    assert (heatmap["z"] == 1).sum() == 11  # and the ten single digits
    assert heatmap["text"][row][column] == "345: 1 token<br>345"


def test_a_range_that_begins_within_a_row_leaves_the_cells_before_it_empty():
    atlas = number_atlas(tokenizer_of_digits(), range(12_340, 12_360))
    (heatmap,) = heatmaps(atlas_heatmaps([NamedAtlas("A", atlas)], where="", theme="light"))
    row, column = cell(heatmap, "12,300", 40)
    assert np.isnan(heatmap["z"][row][column - 1])
    assert heatmap["z"][row][column] == 5


def test_all_atlases_of_a_picture_share_one_scale_and_say_where_it_ends():
    per_digit = number_atlas(tokenizer_of_digits(), range(0, 99_999, 7))
    long = number_atlas(tokenizer_of_digits(), range(0, 99_999, 7), "{n:,.2f}")
    names = [NamedAtlas("A", per_digit), NamedAtlas("B", long)]
    figure = atlas_heatmaps(names, where="", theme="dark")
    assert {heatmap["coloraxis"] for heatmap in heatmaps(figure)} == {"coloraxis"}
    ticks = figure.to_dict()["layout"]["coloraxis"]["colorbar"]["ticktext"]
    assert ticks[-1] == "8 or more"


def test_the_first_tokens_picture_marks_the_price_and_what_is_still_possible():
    atlas = number_atlas(tokenizer_of_digits())
    named = [NamedAtlas("A", atlas)]
    figure = first_token_maps(named, 93, [still_possible(atlas, 93)], theme="light")
    (heatmap,) = heatmaps(figure)
    assert (heatmap["z"] == 2).sum() == 1
    assert (heatmap["z"] >= 1).sum() == 111  # 9, 90 to 99, 900 to 999
    assert heatmap["z"][cell(heatmap, "0", 93)] == 2
    assert heatmap["z"][cell(heatmap, "900", 99)] == 1


def test_markup_in_a_vocabulary_entry_is_no_markup_in_the_picture():
    atlas = number_atlas(tokenizer_of_digits(prefix="<b>"), [5], "<b>{n}")
    (heatmap,) = heatmaps(atlas_heatmaps([NamedAtlas("A", atlas)], where="", theme="light"))
    assert "<b>" not in heatmap["text"][0][5]


def test_distributions_share_one_scale_and_say_what_is_no_price():
    named = [named_distribution(SHORTLIST[0], [100]), named_distribution(SHORTLIST[1], [5, 900])]
    figure = price_distributions(named, 349.99, product="A lamp", theme="light").to_dict()
    layout = figure["layout"]
    assert layout["yaxis"]["range"] == layout["yaxis2"]["range"]
    assert layout["xaxis"]["range"] == layout["xaxis2"]["range"]
    titles = [annotation["text"] for annotation in layout["annotations"]]
    assert "median $100, 80 % from $100 to $100" in titles[0]
    assert "$1,000 or more 4.0 %, not a number 5.0 %, unexplored 1.0 %" in titles[1]
    assert "Hub Qwen/Qwen2.5-7B@d04e592b" in titles[1]
    assert "actual $349.99" in layout["title"]["subtitle"]["text"]


@pytest.mark.parametrize(
    ("actual", "lines", "said"),
    [
        (349.99, 1, "(dashed)"),
        (1299.0, 0, "actual $1,299.00 (beyond the axis)"),
        (0.0, 0, ""),
        (-5.0, 0, ""),
        (float("nan"), 0, ""),
    ],
)
def test_an_actual_price_off_the_axis_is_said_and_not_drawn(actual, lines, said):
    named = [named_distribution(SHORTLIST[0], [100])]
    figure = price_distributions(named, actual, product="?", theme="light").to_dict()
    dashed = [trace for trace in figure["data"] if trace["line"].get("dash") == "dash"]
    assert len(dashed) == lines
    subtitle = figure["layout"]["title"]["subtitle"]["text"]
    assert said in subtitle if said else "actual" not in subtitle


def test_a_price_of_zero_has_a_place_on_the_logarithmic_axis():
    named = [named_distribution(SHORTLIST[0], [0, 1])]
    figure = price_distributions(named, 1, product="?", theme="light", log_price=True)
    curve: Any = next(iter(figure.select_traces()))
    assert curve["x"][0] > 0
    assert curve["customdata"][0] == 0
    assert figure.to_dict()["layout"]["xaxis"]["ticktext"][0] == "$0"


def test_the_first_token_chart_says_which_prices_stay_open_and_escapes_the_token():
    nines = [9, *range(90, 100), *range(900, 1000)]
    figure = first_tokens(
        [named_distribution("a/b", nines, text="<b>9")], product="?", theme="dark"
    ).to_dict()
    assert "$9, $90 to $99, $900 to $999" in figure["data"][0]["text"][0]
    assert figure["layout"]["yaxis"]["ticktext"] == ["“&lt;b&gt;9” "]


def test_two_first_tokens_of_one_text_keep_a_bar_each():
    same = named_distribution("a/b", [1], text="1")
    twice = replace(same.distribution, first_tokens=(*same.distribution.first_tokens,) * 2)
    chart = first_tokens([replace(same, distribution=twice)], product="?", theme="light")
    bars: Any = next(iter(chart.select_traces()))
    assert len(set(bars["y"])) == 2


def evaluation_charts(model: str, label: str, rows: str) -> Iterator[Any]:
    """Each chart of many predictions, of one model whose rows are made up, and a baseline."""
    scores = item_scores(made_rows(40))
    (constant, *_) = BASELINES
    of_baseline = {constant: baseline_scores(*described(made_rows(40)))[constant]}
    names = {model: label, constant: "Median of all prices"}
    read_outs = dict.fromkeys((*scores.estimates, OUT_OF_FOLD), label)
    table = tidy_figures({model: scores} | of_baseline)
    yield read_out_errors(table, names, read_outs, metric="mae", rows=rows, theme="light")
    pairs = compare({model: scores} | of_baseline, "mae", {model: "mean", constant: OUT_OF_FOLD})
    yield paired_differences(pairs, names, metric="mae", rows=rows, theme="light")
    estimates = scores.items.assign(estimate=scores.estimate("greedy"))
    estimates["item_id"] = label
    yield predicted_against_actual([NamedSeries(model, label, estimates)], rows=rows, theme="light")
    groups = by_group(scores, "median", "category").assign(group=label).head(1)
    yield errors_by_group([NamedSeries(model, label, groups)], "category", rows=rows, theme="dark")
    running = NamedSeries(model, label, running_mean(scores, "median"))
    yield running_means([running], rows=rows, theme="light")
    curve = NamedSeries(model, label, coverage_curve(scores))
    yield coverage_curves([curve], rows=rows, theme="dark")
    histogram = NamedSeries(model, label, pit_histogram(scores))
    yield pit_histograms([histogram], rows=rows, theme="light")


@pytest.mark.parametrize("figure", evaluation_charts(SHORTLIST[0], "Llama", "40 products"))
def test_each_chart_of_many_predictions_says_on_which_rows(figure):
    layout = figure.to_dict()["layout"]
    assert layout["title"]["text"]
    assert layout["title"]["subtitle"]["text"].startswith("40 products; ")
    theme = "dark" if layout["paper_bgcolor"] == CHART_COLORS["dark"].background else "light"
    assert layout["font"]["color"] == CHART_COLORS[theme].text


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_models_and_baselines_shown_together_differ_in_colour_or_marker(theme):
    styles = series_styles([*SHORTLIST, *BASELINES, "nobody/some-model"], theme)
    assert len(set(styles.values())) == len(styles) == 7
    assert all(
        contrast(color, CHART_COLORS[theme].background) >= 3 for color in BAND_COLORS.values()
    )


def drawn(figure: Any) -> list[Any]:
    return list(figure.select_traces())


def test_points_have_the_colour_of_their_band_and_a_price_of_zero_a_place():
    frame = pd.DataFrame({"item_id": list("abcd"), "actual": [100.0] * 4})
    frame["estimate"] = [0.0, 130.0, 170.0, np.nan]
    series = [NamedSeries(SHORTLIST[0], "Llama", frame)]
    figure = predicted_against_actual(series, rows="", theme="light")
    points = next(trace for trace in drawn(figure) if trace["customdata"] is not None)
    bands: list[Band] = ["red", "green", "orange"]
    assert list(points["marker"]["color"]) == [BAND_COLORS[band] for band in bands]
    assert points["y"][0] > 0
    assert "1 without a number" in figure.to_dict()["layout"]["annotations"][0]["text"]


def test_the_shaded_bands_are_those_of_error_band():
    frame = pd.DataFrame({"item_id": ["a"], "actual": [100.0], "estimate": [100.0]})
    series = [NamedSeries(SHORTLIST[0], "Llama", frame)]
    figure = predicted_against_actual(series, rows="", theme="light")
    ends = [trace for trace in drawn(figure) if trace["line"]["width"] == 0]
    for band, high, low in (("orange", *ends[:2]), ("green", *ends[2:4])):
        for actual, above, below in zip(high["x"], high["y"], low["y"], strict=True):
            assert error_band(above - 1e-6, actual) == band
            assert error_band(above + 1e-6, actual) != band
            assert below <= 0.4 or error_band(below + 1e-6, actual) == band


def test_metrics_are_written_with_their_unit():
    texts = [metric_text("mae", value) for value in (181.4, -12.6, float("nan"))]
    assert texts == ["$181", "−$13", "–"]
    assert (metric_text("green_share", 0.256), metric_text("rmsle", 1.234)) == ("26 %", "1.23")


HOSTILE = "<b>%{x}</b><img src=x onerror=alert(1)> <a href='javascript:alert(1)'>x</a>\n&lt;y&gt;"


def texts_of(value: Any) -> Iterator[str]:
    """Every text in a figure but the ids that its points carry."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key not in ("customdata", "tickvals", "x", "y"):
                yield from texts_of(inner)
    elif isinstance(value, (list, tuple, np.ndarray)):
        for inner in value:
            yield from texts_of(inner)


def hostile_figures() -> Iterator[Any]:
    model = f"nobody/{HOSTILE}"
    names = {model: HOSTILE}
    row = {"model": model, "params_b": 7.0, "average": 20.0, "twin": f"{model}-it"}
    row |= {"twin_average": 21.0, "twin_score": 21.0, "frontier": True} | dict.fromkeys(
        BENCHMARKS, 20.0
    )
    scores = pd.DataFrame([row])
    moves = pd.DataFrame(
        [{"model": model, "average_before": 1.0, "average_after": 2.0, "rank_before": 2}]
    ).assign(rank_after=1)
    atlas = number_atlas(tokenizer_of_digits(prefix="<b>"), range(10), "<b>{n}")
    yield twin_dumbbells(scores, names, vintage=HOSTILE, theme="light")
    yield benchmark_profile(scores, names, vintage=HOSTILE, theme="light")
    yield scores_by_size(scores, [model], names, vintage=HOSTILE, theme="light")
    yield scores_by_size(scores, [], {}, vintage=HOSTILE, theme="light")
    yield movement_between_vintages(moves, names, before=HOSTILE, after="b", theme="light")
    named = [NamedAtlas(HOSTILE, atlas, [HOSTILE, HOSTILE])]
    yield atlas_heatmaps(named, where=HOSTILE, theme="light")
    yield first_token_maps(named, 5, [np.array([5])], theme="light")
    information = NamedInformation(model, HOSTILE, FirstTokenInformation(2.5, 5.0))
    yield settled_shares([information], prices=HOSTILE, theme="light")
    priced = replace(named_distribution(model, [1], text=HOSTILE), label=HOSTILE, weights=HOSTILE)
    yield price_distributions([priced], 20, product=HOSTILE, theme="light")
    yield first_tokens([priced], product=HOSTILE, theme="light")
    yield from evaluation_charts(model, HOSTILE, HOSTILE)


@pytest.mark.slow
def test_names_from_outside_hold_no_markup_and_no_placeholder_in_any_chart(subtests):
    for place, figure in enumerate(hostile_figures()):
        texts = "\n".join(texts_of(figure.to_dict()))
        with subtests.test(place=place):
            assert "&lt;b&gt;" in texts
            assert not re.search(r"<(?:img|a)\b", texts)
            # No placeholder but those of the chart itself stands right behind our own markup or
            # text.
            assert "&gt;%{" not in texts
            assert "<b>%{" not in texts


def test_two_models_of_one_name_keep_a_row_each():
    rows = shortlist_scores(load_board("2025-03-final"), SHORTLIST[:2])
    names = dict.fromkeys(SHORTLIST, "the same")
    figure = twin_dumbbells(rows, names, vintage="F", theme="light").to_dict()
    assert figure["layout"]["yaxis"]["ticktext"] == ["the same", "the same"]
    drawn = [trace["y"][0] for trace in figure["data"] if trace["y"][0] is not None]
    assert set(drawn) == set(SHORTLIST[:2])
    shares = [NamedInformation(model, "the same", FirstTokenInformation(1, 2)) for model in names]
    bars = settled_shares(shares, prices="any", theme="light").to_dict()["data"]
    assert len({bar["y"][0] for bar in bars}) == len(names)


def test_a_vintage_compared_with_itself_has_two_ends():
    board = load_board("2025-03-final")
    moves = compare_vintages(board, board, SHORTLIST[:1])
    figure = movement_between_vintages(moves, LABELS, before="Final", after="Final", theme="light")
    line = figure.to_dict()["data"][0]
    assert list(line["x"]) == [0, 1]


def test_a_long_title_is_cut_before_it_is_escaped():
    atlas = number_atlas(tokenizer_of_digits())
    note = "<" * 500
    figure = atlas_heatmaps([NamedAtlas("A", atlas, [note])], where="", theme="light").to_dict()
    title = figure["layout"]["annotations"][0]["text"]
    assert len(html.unescape(title)) < 200
    assert re.fullmatch(r"<b>A</b><br>(?:&lt;|<br>| ?…)+", title)


def test_titles_of_tiles_side_by_side_fit_over_them_where_a_chart_is_narrow():
    atlas = number_atlas(tokenizer_of_digits())
    long = NamedAtlas("Qwen2.5 7B, Gemma 2 9B and 1 more", atlas, ["per number " * 9, "source"])
    figure = atlas_heatmaps([long, NamedAtlas("B", atlas)], where="", theme="light").to_dict()
    lines = [note["text"].split("<br>") for note in figure["layout"]["annotations"]]
    assert max(len(re.sub("<[^>]+>", "", line)) for title in lines for line in title) <= 38
    assert figure["layout"]["margin"]["t"] >= 62 + 17 * len(lines[0])


@pytest.mark.parametrize("actual", [None, 20, 123456.78])
def test_what_stands_above_a_chart_fits_a_phones_and_has_its_room(actual):
    priced = [named_distribution(SHORTLIST[0], [1, 12, 100])]
    layout = price_distributions(priced, actual, product="A lamp", theme="light").to_dict()[
        "layout"
    ]
    lines = layout["title"]["subtitle"]["text"].split("<br>")
    assert len(lines) == 2
    assert max(map(len, lines)) <= 100
    assert re.search(r"Basewise,\s\d+\s\w+\s\d{4}$", lines[-1])
    assert layout["margin"]["t"] == 140 + 16


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ([7], ["$7"]),
        ([9, *range(90, 100), *range(900, 1000)], ["$9", "$90 to $99", "$900 to $999"]),
        (range(1000), ["$0 to $999"]),
    ],
)
def test_open_prices_are_told_as_ranges(numbers, words):
    assert price_ranges(np.array(numbers)) == words
