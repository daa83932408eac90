"""Models against each other on the same rows."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from components.evaluation import ItemScores, Metric, best_first, compare, item_scores
from components.evaluation.comparison import holm
from tests.support.scored_rows import made_rows

GOOD, POOR = item_scores(made_rows(noise=0.3)), item_scores(made_rows(noise=1.0, seed=1))


def scores(estimates: np.ndarray, actual: np.ndarray, start: int = 0) -> ItemScores:
    """Scores of one read-out, `x`."""
    names = [f"item-{start + n}" for n in range(len(actual))]
    items = pd.DataFrame({"item_id": names, "category": None, "actual": actual})
    return ItemScores(items, {"x": estimates[:, None]}, pd.DataFrame(index=items.index))


def pair(
    first: ItemScores, second: ItemScores, metric: Metric = "mae", read_out: str = "x"
) -> pd.Series:
    table = compare({"a": first, "b": second}, metric, {"a": read_out, "b": read_out})
    assert len(table) == 1
    return table.iloc[0]


def test_a_better_model_is_told_apart_with_its_difference_and_the_rows_won():
    found = pair(GOOD, POOR, read_out="median")
    errors = [one.losses("mae", "median") for one in (GOOD, POOR)]
    assert found["difference"] == pytest.approx(errors[0].mean() - errors[1].mean())
    assert found["high"] < 0
    assert found["told_apart"]
    assert found["first_won"] == pytest.approx((errors[0] < errors[1]).mean())
    assert found[["first_won", "second_won", "tied"]].sum() == pytest.approx(1)
    assert found["rows_needed"] < found["rows"]


def test_turned_round_the_difference_changes_its_sign_alone():
    there, back = pair(GOOD, POOR, read_out="median"), pair(POOR, GOOD, read_out="median")
    assert there["difference"] == -back["difference"]
    assert there["p"] == back["p"]
    assert there["first_won"] == back["second_won"]
    assert there["low"] == pytest.approx(-back["high"], rel=0.05)


def test_on_a_share_of_good_rows_more_is_won():
    found = pair(GOOD, POOR, "green_share", "median")
    assert found["difference"] > 0
    assert found["first_won"] > found["second_won"]


@pytest.mark.parametrize("metric", ["median_absolute_error", "rmsle", "r2_log", "r_log"])
def test_metrics_that_are_no_means_are_compared_too(metric):
    found = pair(GOOD, POOR, metric, "median")
    better = found["difference"] > 0 if metric in ("r2_log", "r_log") else found["difference"] < 0
    assert better
    assert found["low"] < found["difference"] < found["high"]


def test_distributions_are_compared_by_their_scores():
    for metric in ("crps", "log_score", "nats_per_price"):
        found = pair(GOOD, POOR, metric, "median")
        assert found["difference"] == pytest.approx(found["first_value"] - found["second_value"])


def test_only_rows_that_both_have_count():
    actual = np.linspace(10, 500, 20)
    first = scores(actual + 5, actual)
    second = scores(np.append(np.full(9, math.nan), actual[9:] - 7), actual, start=5)
    found = pair(first, second)
    assert found["rows"] == 6
    assert found["first_value"] == pytest.approx(5)
    assert math.isnan(found["p"])
    assert pd.isna(found["told_apart"])
    nothing = pair(first, scores(actual, actual, start=100))
    assert nothing["rows"] == 0
    assert math.isnan(nothing["difference"])


def test_a_model_against_itself_is_never_told_apart():
    found = pair(GOOD, GOOD, read_out="median")
    assert found["difference"] == 0
    assert found["p"] == 1
    assert found["tied"] == 1
    assert math.isnan(found["rows_needed"])


def test_pairing_tells_models_apart_that_each_alone_would_not():
    generator = np.random.default_rng(3)
    actual = np.full(100, 500.0)
    errors = generator.exponential(100, 100)
    first, second = scores(500 - errors, actual), scores(500 - errors - 3, actual)
    found = pair(first, second)
    alone = errors.std() / 10 * 1.96
    assert abs(found["difference"]) < alone
    assert found["told_apart"]


@pytest.mark.slow
def test_equal_models_are_told_apart_about_one_time_in_twenty():
    def noisy(generator: np.random.Generator) -> ItemScores:
        return scores(500 - generator.exponential(100, 60), np.full(60, 500.0))

    generator = np.random.default_rng(7)
    p_values = [pair(noisy(generator), noisy(generator))["p"] for _ in range(250)]
    assert 0.03 <= np.mean(np.array(p_values) < 0.05) <= 0.08


def test_p_is_close_to_that_of_the_t_test_for_many_rows():
    generator = np.random.default_rng(9)
    actual = np.full(400, 500.0)
    first, second = generator.exponential(100, 400), generator.exponential(112, 400)
    found = pair(scores(500 - first, actual), scores(500 - second, actual))
    _, p_value = stats.ttest_rel(first, second)
    assert found["p"] == pytest.approx(p_value, abs=0.02)


def test_so_many_rows_as_said_tell_the_difference_apart_in_four_of_five_samples():
    generator = np.random.default_rng(13)
    few = generator.normal(6, 60, 200)
    few += 6 - few.mean()
    actual = np.full(200, 500.0)
    found = pair(scores(100 - few, actual), scores(np.full(200, 100.0), actual))
    rows = int(found["rows_needed"])
    assert rows > 200
    samples = generator.normal(6, few.std(), (2_000, rows))
    _, p_values = stats.ttest_1samp(samples, 0, axis=1)
    apart = np.asarray(p_values) < 0.05
    assert apart.mean() == pytest.approx(0.8, abs=0.04)


def test_holm_multiplies_the_smallest_by_how_many_there_are_and_never_falls():
    corrected = holm(np.array([0.01, math.nan, 0.04, 0.03]))
    assert corrected[[0, 2, 3]] == pytest.approx([0.03, 0.06, 0.06])
    assert math.isnan(corrected[1])


@given(st.lists(st.floats(0.0001, 1), min_size=1, max_size=8))
def test_holm_keeps_the_order_and_is_between_each_p_and_bonferronis(p_values):
    given_p = np.array(p_values)
    corrected = holm(given_p)
    order = np.argsort(given_p, kind="stable")
    assert (np.diff(corrected[order]) >= 0).all()
    assert (corrected >= given_p).all()
    assert (corrected <= np.minimum(given_p * len(given_p), 1) + 1e-12).all()


def test_three_models_make_three_pairs_corrected_together():
    by_name = {"a": GOOD, "b": POOR, "c": item_scores(made_rows(noise=1.0, seed=2))}
    table = compare(by_name, "mae", dict.fromkeys(by_name, "median"))
    assert list(zip(table["first"], table["second"], strict=True)) == [
        ("a", "b"),
        ("a", "c"),
        ("b", "c"),
    ]
    assert table["p_holm"].tolist() == holm(table["p"].to_numpy()).tolist()
    assert table["told_apart"].tolist() == [True, True, False]


def test_the_best_comes_first_and_what_has_no_value_last():
    values = {"a": 3.0, "b": math.nan, "c": 1.0}
    assert best_first(values, "mae") == ["c", "a", "b"]
    assert best_first(values, "green_share") == ["a", "c", "b"]
