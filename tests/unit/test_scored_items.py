"""A model's figures over many items: what each means, and who wins."""

import math
import re
from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn import metrics as sklearn_metrics

from components.evaluation import (
    DISTRIBUTION,
    ESTIMATE_METRICS,
    Item,
    ItemScores,
    NoNumber,
    ScoredRow,
    best_read_out,
    figures,
    item_scores,
    scored_row,
    summary,
    tidy_figures,
    tidy_items,
)
from components.evaluation.intervals import share_interval, weighted_mean, with_intervals
from components.evaluation.metrics import loss_statistic, losses
from components.evaluation.scored import TOP_COUNTS
from components.numbers import FirstToken, PriceDistribution
from components.pricing import error_band, point_estimates
from tests.support.scored_rows import (
    certain,
    log_normal,
    made_distribution,
    made_rows,
    one_token_each,
)


def row(
    item: str, actual: float, distribution: PriceDistribution, greedy: float | None = None
) -> ScoredRow:
    return ScoredRow(item, "Price is $", actual, None, distribution, greedy)


def told(
    scores: ItemScores, read_out: str, figure: str, no_number: NoNumber = "left_out"
) -> dict[str, Any]:
    """The one line of the figures that this read-out and figure have."""
    table = figures(scores, no_number)
    wanted = (table["read_out"] == read_out) & (table["figure"] == figure)
    (line,) = table[wanted].to_dict("records")
    return {str(name): entry for name, entry in line.items()}


def value(scores: ItemScores, read_out: str, figure: str) -> float:
    return told(scores, read_out, figure)["value"]


ROWS = made_rows()
SCORES = item_scores(ROWS)


def test_a_scored_row_is_made_of_an_item_and_its_answer():
    item = Item("lamp", "Price is $", 20.5, "home")
    made = scored_row(item, certain(20), 21.0)
    assert (made.item_id, made.actual, made.category, made.greedy) == ("lamp", 20.5, "home", 21.0)


@pytest.mark.parametrize("actual", [None, 0.0, -1.0, 1000.0, math.nan])
def test_only_prices_above_0_and_below_1000_are_scored(actual):
    with pytest.raises(ValueError, match="lamp"):
        scored_row(Item("lamp", "Price is $", actual), certain(20), None)


def test_an_item_is_scored_once():
    with pytest.raises(ValueError, match="once"):
        item_scores([row("lamp", 5, certain(5)), row("lamp", 6, certain(5))])


def test_read_outs_are_those_of_the_distribution_and_the_greedy_text():
    estimates = SCORES.estimates
    assert list(estimates) == ["median", "mean", "mode", "top3_mean", "greedy"]
    for name in ("median", "mean", "mode"):
        expected = [point_estimates(one.distribution)[name] for one in ROWS]
        assert estimates[name][:, 0] == pytest.approx(expected)
    assert math.isnan(estimates["greedy"][0, 0])
    assert estimates["greedy"][1, 0] == ROWS[1].greedy


def test_where_a_price_is_one_token_the_means_of_more_tokens_lead_up_to_the_mean():
    shares = log_normal(100, 1.0)
    scores = item_scores([row("lamp", 90, one_token_each(shares))])
    names = [f"top{count}_mean" for count in (3, *TOP_COUNTS)]
    assert [name for name in scores.estimates if name.startswith("top")] == names
    ranked = np.argsort(-shares, kind="stable")
    for count in (3, *TOP_COUNTS):
        likeliest = ranked[:count]
        expected = likeliest @ shares[likeliest] / shares[likeliest].sum()
        # $0 is no positive number, and left out as the published baseline has it.
        assert scores.estimates[f"top{count}_mean"][0, 0] == pytest.approx(expected, rel=2e-3)
    assert scores.estimates["top1000_mean"][0, 0] == pytest.approx(
        scores.estimates["mean"][0, 0], rel=2e-3
    )


def test_tokens_that_are_no_number_have_no_part_in_the_means_of_the_likeliest():
    shares = np.zeros(1000)
    shares[[20, 40]] = 0.3, 0.1
    tokens = [
        FirstToken(1000, " about", 0.6, np.empty(0, dtype=np.intp), 0.0, 0.0),
        *(token for token in one_token_each(shares).first_tokens if token.probability),
    ]
    distribution = made_distribution(shares, not_a_number=0.6, first_tokens=tokens)
    estimates = item_scores([row("lamp", 90, distribution)]).estimates
    assert estimates["top3_mean"][0, 0] == pytest.approx(25)
    assert estimates["top1000_mean"][0, 0] == pytest.approx(25)


def test_one_row_whose_prices_are_several_tokens_takes_the_larger_means_from_all():
    mixed = [row("a", 90, one_token_each(log_normal(9, 1.0))), row("b", 90, certain(90))]
    assert not any(name.startswith("top10") for name in item_scores(mixed).estimates)


def test_figures_are_scikit_learns():
    actual, estimates = SCORES.actual, SCORES.estimates["median"][:, 0]
    assert value(SCORES, "median", "mae") == pytest.approx(
        sklearn_metrics.mean_absolute_error(actual, estimates)
    )
    assert value(SCORES, "median", "median_absolute_error") == pytest.approx(
        sklearn_metrics.median_absolute_error(actual, estimates)
    )
    assert value(SCORES, "median", "rmsle") == pytest.approx(
        sklearn_metrics.root_mean_squared_log_error(actual, estimates)
    )
    assert value(SCORES, "median", "r2_log") == pytest.approx(
        sklearn_metrics.r2_score(np.log1p(actual), np.log1p(estimates))
    )
    assert value(SCORES, "median", "r_log") == pytest.approx(
        np.corrcoef(np.log1p(actual), np.log1p(estimates))[0, 1]
    )
    bands = [error_band(*pair) for pair in zip(estimates, actual, strict=True)]
    assert value(SCORES, "median", "green_share") == bands.count("green") / len(bands)


def test_figures_of_distributions_are_their_means():
    for figure in ("crps", "log_score"):
        each = [getattr(one.distribution, figure)(one.actual) for one in ROWS]
        assert value(SCORES, DISTRIBUTION, figure) == pytest.approx(np.mean(each))
    inside = [
        one.distribution.interval(0.8)[0] <= int(one.actual) <= one.distribution.interval(0.8)[1]
        for one in ROWS
    ]
    assert value(SCORES, DISTRIBUTION, "coverage_80") == pytest.approx(np.mean(inside))
    for mass, share in (("overflow", 0.04), ("not_a_number", 0.05), ("unexplored", 0.01)):
        assert value(SCORES, DISTRIBUTION, mass) == pytest.approx(share)


def test_nats_per_price_count_what_is_no_price_and_the_log_score_does_not():
    scores = item_scores([row("lamp", 20, certain(20, share=0.5))])
    assert value(scores, DISTRIBUTION, "nats_per_price") == pytest.approx(math.log(2))
    assert value(scores, DISTRIBUTION, "log_score") == 0


def test_a_price_that_may_be_unexplored_has_no_score_and_one_of_no_probability_an_infinite_one():
    explored = item_scores([row("lamp", 20, certain(30))])
    assert value(explored, DISTRIBUTION, "log_score") == math.inf
    assert value(explored, DISTRIBUTION, "nats_per_price") == math.inf
    one = np.zeros(1000)
    one[30] = 0.9
    unexplored = item_scores([row("lamp", 20, made_distribution(one, unexplored=0.1))])
    for figure in ("log_score", "nats_per_price"):
        line = told(unexplored, DISTRIBUTION, figure)
        assert math.isnan(line["value"])
        assert line["left_out"] == 1


def test_rows_without_a_number_are_left_out_and_counted_or_count_as_zero():
    scores = item_scores([row("a", 100, certain(90), 90.0), row("b", 300, certain(90), None)])
    left_out, zero = (told(scores, "greedy", "mae", no_number) for no_number in get_args(NoNumber))
    assert [left_out[name] for name in ("value", "rows", "left_out")] == [10, 1, 1]
    assert [zero[name] for name in ("value", "rows", "left_out")] == [155, 2, 0]
    assert value(scores, "median", "mae") == told(scores, "median", "mae", "zero")["value"]


def test_a_rows_loss_is_that_of_no_dollars_only_where_it_is_asked_for():
    scores = item_scores([row("a", 100, certain(90), 90.0), row("b", 300, certain(90), None)])
    assert scores.losses("mae", "greedy", "zero").tolist() == [10, 300]
    assert np.isnan(scores.losses("mae", "greedy")).tolist() == [False, True]


def test_a_model_that_gives_no_number_at_all_has_no_figures_but_those_of_all_it_may_say():
    empty = item_scores([row("a", 100, made_distribution(np.zeros(1000), not_a_number=1.0))])
    assert told(empty, "median", "mae")["left_out"] == 1
    table = figures(empty).dropna(subset="value")
    assert set(table["read_out"]) == {DISTRIBUTION}
    assert dict(zip(table["figure"], table["value"], strict=True)) == {
        "nats_per_price": math.inf,
        "overflow": 0,
        "not_a_number": 1,
        "unexplored": 0,
    }
    assert best_read_out(empty) is None


def test_every_read_out_has_every_figure_with_an_interval_around_it():
    table = figures(SCORES)
    assert len(table) == len(SCORES.estimates) * len(ESTIMATE_METRICS) + 7
    known = table.dropna(subset="value")
    assert (known["low"] <= known["value"] + 1e-9).all()
    assert (known["high"] >= known["value"] - 1e-9).all()
    assert (known["rows"] + known["left_out"] == len(ROWS)).all()


def test_all_green_still_leaves_room_for_a_row_that_is_not():
    scores = item_scores([row(str(n), 100 + n, certain(100 + n)) for n in range(20)])
    share = told(scores, "median", "green_share")
    assert share["value"] == share["high"] == 1
    assert share["low"] < 0.9


ESTIMATES = arrays(float, (12, 1), elements=st.floats(0, 999))
ACTUAL = arrays(float, 12, elements=st.floats(1, 999))


@given(ESTIMATES, ACTUAL)
def test_no_loss_is_negative_and_the_price_itself_loses_nothing(estimates, actual):
    for metric in ("mae", "median_absolute_error", "rmsle"):
        assert (losses(metric, estimates, actual) >= 0).all()
        assert not losses(metric, actual[:, None], actual).any()
    assert losses("green_share", actual[:, None], actual).all()


@given(ESTIMATES, ACTUAL)
def test_losses_of_repeats_are_averaged(estimates, actual):
    twice = np.hstack([estimates, actual[:, None]])
    half = losses("mae", estimates, actual) / 2
    assert losses("mae", twice, actual) == pytest.approx(half)


def test_the_median_is_best_in_absolute_and_the_mean_in_squared_error():
    generator = np.random.default_rng(2)
    shares = log_normal(80, 0.9)
    distribution = one_token_each(shares)
    drawn = generator.choice(1000, 20_000, p=shares).astype(float)
    read = point_estimates(distribution)
    absolute = {name: np.abs(drawn - price).mean() for name, price in read.items()}
    squared = {name: ((drawn - price) ** 2).mean() for name, price in read.items()}
    assert min(absolute, key=absolute.__getitem__) == "median"
    assert min(squared, key=squared.__getitem__) == "mean"


def test_the_read_out_that_wins_depends_on_the_metric():
    generator = np.random.default_rng(5)
    shares = log_normal(80, 1.1)
    distribution = one_token_each(shares)
    drawn = generator.choice(np.arange(1, 1000), 2_000, p=shares[1:] / shares[1:].sum())
    scores = item_scores([row(str(n), price, distribution) for n, price in enumerate(drawn)])
    by_error = best_read_out(scores, "mae")
    assert by_error is not None
    assert by_error.read_out == "median"
    assert "mean" not in by_error.tied
    assert "greedy" in by_error.left_aside
    assert by_error.interval.value == pytest.approx(value(scores, "median", "mae"))
    assert by_error.rows == len(drawn)


def test_read_outs_that_say_the_same_are_tied():
    scores = item_scores([row(str(n), 100 + n, certain(100), 100.0) for n in range(20)])
    best = best_read_out(scores)
    assert best is not None
    assert {best.read_out, *best.tied} >= {"median", "mean", "mode", "greedy"}


def test_a_read_out_with_few_numbers_does_not_win_by_them():
    rows = [row(str(n), 100.0, certain(150), 100.0 if n == 0 else None) for n in range(20)]
    best = best_read_out(item_scores(rows))
    assert best is not None
    assert best.read_out != "greedy"
    assert "greedy" in best.left_aside


def test_exports_are_tidy_with_machine_readable_names():
    by_name = {"a/b": SCORES, "c/d": item_scores(made_rows(20))}
    table = tidy_figures(by_name)
    assert list(table) == [
        "model",
        "read_out",
        "figure",
        "value",
        "low",
        "high",
        "rows",
        "left_out",
    ]
    assert set(table["model"]) == set(by_name)
    items = tidy_items(by_name)
    assert items.index.tolist() == list(range(len(ROWS) + 20))
    assert all(re.fullmatch("[a-z0-9_]+", str(name)) for name in items)
    first = items.iloc[1]
    assert first["error_median"] == pytest.approx(abs(first["estimate_median"] - first["actual"]))


def test_figures_have_their_columns_and_come_by_read_out_in_order():
    table = figures(SCORES)
    assert list(table) == ["read_out", "figure", "value", "low", "high", "rows", "left_out"]
    assert list(dict.fromkeys(table["read_out"])) == [*SCORES.estimates, DISTRIBUTION]
    assert table.loc[table["read_out"] == "mode", "figure"].tolist() == [*ESTIMATE_METRICS]
    assert table.loc[table["read_out"] == DISTRIBUTION, "figure"].tolist() == [
        *("crps", "log_score", "nats_per_price", "coverage_80"),
        *("overflow", "not_a_number", "unexplored"),
    ]


def test_intervals_are_wilsons_for_shares_and_the_bootstraps_for_means():
    by_figure = {name: told(SCORES, "greedy", name) for name in ("mae", "green_share")}
    errors = SCORES.losses("mae", "greedy")
    expected = with_intervals({"": weighted_mean(errors)}, len(ROWS))[""]
    assert [by_figure["mae"][name] for name in ("value", "low", "high")] == (
        pytest.approx([*expected])
    )
    share = by_figure["green_share"]
    assert (share["low"], share["high"]) == share_interval(share["value"], share["rows"])
    assert share["rows"] == np.count_nonzero(~np.isnan(errors)) == len(ROWS) - share["left_out"]
    covered = told(SCORES, DISTRIBUTION, "coverage_80")
    assert (covered["low"], covered["high"]) == share_interval(covered["value"], len(ROWS))


def test_one_figure_alone_is_the_line_of_the_table_and_none_where_there_is_none():
    for name in (("median", "mae"), (DISTRIBUTION, "crps")):
        assert summary.figure(SCORES, *name) == pytest.approx(told(SCORES, *name))
    assert summary.figure(SCORES, "median", "crps") is None
    assert summary.figure(SCORES, "nothing", "mae") is None


def test_only_figures_that_are_wanted_are_in_the_table():
    table = tidy_figures({"a": SCORES}, "zero", lambda read_out, name: name == "mae")
    assert table["figure"].tolist() == ["mae"] * len(SCORES.estimates)
    greedy = table[table["read_out"] == "greedy"]
    assert greedy["left_out"].tolist() == [0]


def of_read_outs(actual: list[float], **estimates: list[float]) -> ItemScores:
    """Scores of read-outs that are given, of a price each."""
    names = [str(n) for n in range(len(actual))]
    items = pd.DataFrame({"item_id": names, "category": None, "actual": actual})
    columns = {name: np.array(column)[:, None] for name, column in estimates.items()}
    return ItemScores(items, columns, pd.DataFrame(index=items.index))


def test_the_best_read_out_is_judged_on_the_rows_that_all_compared_ones_have():
    actual = [100.0] * 10
    scores = of_read_outs(
        actual,
        off_by_3=[103.0] * 10,
        off_by_2=[math.nan, *[98.0] * 9],  # nine of ten numbers are enough
        exact=[math.nan, math.nan, *actual[2:]],  # eight are not
        off_by_5=[95.0] * 10,
    )
    best = best_read_out(scores)
    assert best is not None
    assert (best.read_out, best.rows, best.interval.value) == ("off_by_2", 9, 2)
    assert (best.tied, best.left_aside) == ((), ("exact",))


def test_a_single_number_is_enough_for_a_best_read_out_and_tells_nobody_apart():
    best = best_read_out(of_read_outs([100.0], near=[90.0], far=[50.0], none=[math.nan]))
    assert best is not None
    assert (best.read_out, best.rows, best.tied) == ("near", 1, ("far",))
    assert best.left_aside == ("none",)


def test_of_a_share_the_best_read_out_has_the_most():
    scores = of_read_outs([100.0] * 10, near=[101.0] * 10, far=[900.0] * 9 + [101.0])
    best = best_read_out(scores, "green_share")
    assert best is not None
    assert (best.read_out, best.interval.value) == ("near", 1)


def test_where_a_metric_has_no_value_no_read_out_is_best():
    assert best_read_out(of_read_outs([100.0] * 10, any=[90.0] * 10), "r_log") is None
    some = of_read_outs([100.0, 50.0] * 5, same=[90.0] * 10, follows=[90.0, 60.0] * 5)
    best = best_read_out(some, "r_log")
    assert best is not None
    assert (best.read_out, best.tied) == ("follows", ())


def test_losses_of_each_metric_by_hand():
    estimates = np.array([[2 * math.e - 1, 7.0], [math.nan, 300.0]])
    actual = np.array([1.0, 260.0])
    squared = (1 + math.log(4) ** 2) / 2
    for metric in ("rmsle", "r2_log", "r_log"):
        assert losses(metric, estimates, actual)[0] == pytest.approx(squared)
    for metric in ("mae", "median_absolute_error"):
        assert losses(metric, estimates, actual)[0] == pytest.approx(math.e + 2)
    assert losses("green_share", estimates, actual)[0] == 1
    for metric in ESTIMATE_METRICS:
        assert math.isnan(losses(metric, estimates, actual)[1])
    with pytest.raises(ValueError, match="crps is no metric of estimates"):
        losses("crps", estimates, actual)
    with pytest.raises(ValueError, match="a correlation is no mean over rows"):
        loss_statistic("r_log", estimates[:, 0], actual)


def test_an_items_frame_has_each_estimate_and_its_error_beside_the_item():
    scores = of_read_outs([100.0, 50.0], one=[90.0, math.nan])
    frame = scores.frame()
    assert list(frame) == ["item_id", "category", "actual", "estimate_one", "error_one"]
    assert frame["estimate_one"][0] == pytest.approx(90)
    assert frame["error_one"].tolist()[0] == 10
    assert frame[["estimate_one", "error_one"]].isna().iloc[1].all()
    repeated = ItemScores(
        scores.items, {"one": np.array([[0.0, 3.0], [7.0, 7.0]])}, scores.distributions
    )
    assert repeated.estimate("one").tolist() == pytest.approx([1.0, 7.0])
    assert repeated.frame()["error_one"].tolist() == [98.5, 43]


def test_a_prices_cents_do_not_count_in_a_distribution_and_a_price_below_1_is_0():
    probabilities = np.zeros(1000)
    probabilities[[0, 20]] = 0.25, 0.75
    scores = item_scores(
        [
            row("a", 20.99, made_distribution(probabilities)),
            row("b", 0.5, made_distribution(probabilities)),
        ]
    )
    kept = scores.distributions
    assert kept["below"].tolist() == [0.25, 0]
    assert kept["up_to"].tolist() == [1, 0.25]
    assert kept["crps"].tolist() == pytest.approx([20 * 0.25**2, 20 * 0.75**2])
    assert kept["log_score"].tolist() == pytest.approx([-math.log(0.75), -math.log(0.25)])
    assert {name: column[0, 0] for name, column in scores.estimates.items()} == pytest.approx(
        {"median": 20, "mean": 15, "mode": 20, "top3_mean": math.nan, "greedy": math.nan},
        nan_ok=True,
    )
