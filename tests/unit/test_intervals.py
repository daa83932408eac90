"""Intervals: figures against numpy and scipy, and by simulation that they cover what they say."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from components.evaluation.intervals import (
    DRAWS,
    LEAST_ROWS,
    Statistic,
    _jackknife,
    bca,
    bootstrap,
    correlation,
    drawn_weights,
    explained_share,
    share_interval,
    weighted_mean,
    weighted_median,
    with_intervals,
)
from components.pricing import load_catalogue

PRICES = np.array([product.price_usd for product in load_catalogue().values()])
VALUES = arrays(float, st.integers(1, 30), elements=st.floats(-1000, 1000))


@given(VALUES)
def test_each_row_once_gives_numpys_mean_and_median(values):
    assert weighted_mean(values).at(len(values)) == pytest.approx(values.mean(), abs=1e-9)
    assert weighted_median(values).at(len(values)) == pytest.approx(np.median(values), abs=1e-9)


@given(VALUES, st.data())
def test_a_weight_is_how_often_a_row_is_there(values, data):
    counts = np.array(data.draw(st.lists(st.integers(0, 4), min_size=len(values), max_size=30)))
    counts = counts[: len(values)]
    weights = counts[None, :].astype(float)
    repeated = np.repeat(values, counts)
    mean, median = weighted_mean(values).of(weights)[0], weighted_median(values).of(weights)[0]
    if len(repeated):
        assert mean == pytest.approx(repeated.mean(), abs=1e-9)
        assert median == pytest.approx(np.median(repeated), abs=1e-9)
    else:
        assert math.isnan(mean)
        assert math.isnan(median)


def test_rows_without_a_value_do_not_count():
    values = np.array([1.0, math.nan, 3.0, math.nan])
    for statistic in (weighted_mean(values), weighted_median(values)):
        assert statistic.at(4) == 2
        assert statistic.known == 2
    nothing = np.full(4, math.nan)
    assert math.isnan(weighted_mean(nothing).at(4))
    assert math.isnan(weighted_median(nothing).at(4))


def test_an_infinite_value_makes_the_mean_infinite_where_it_is_drawn():
    statistic = weighted_mean(np.array([1.0, math.inf]))
    assert statistic.of(np.array([[2.0, 0.0], [1.0, 1.0]])).tolist() == [1.0, math.inf]


def test_explained_share_is_scikit_learns_r2_and_correlation_is_numpys():
    from sklearn.metrics import r2_score

    generator = np.random.default_rng(1)
    target = generator.normal(5, 1, 50)
    estimates = target[:, None] + generator.normal(0, 0.7, (50, 3))
    errors = (estimates[:, 0] - target) ** 2
    assert explained_share(errors, target).at(50) == pytest.approx(
        r2_score(target, estimates[:, 0])
    )
    each = [np.corrcoef(column, target)[0, 1] for column in estimates.T]
    assert correlation(estimates, target).at(50) == pytest.approx(np.mean(each))
    weights = next(drawn_weights(50))[:1]
    picked = np.repeat(np.arange(50), weights[0].astype(int))
    drawn = [np.corrcoef(column[picked], target[picked])[0, 1] for column in estimates.T]
    assert correlation(estimates, target).of(weights)[0] == pytest.approx(np.mean(drawn))


def test_neither_r2_nor_a_correlation_is_made_up_where_nothing_varies():
    same = np.full(10, 3.0)
    assert math.isnan(explained_share(np.ones(10), same).at(10))
    assert math.isnan(correlation(same[:, None], np.arange(10.0)).at(10))


def test_draws_are_of_as_many_rows_and_the_same_each_time():
    first, again = (np.concatenate(list(drawn_weights(30))) for _ in range(2))
    assert first.shape == (DRAWS, 30)
    assert (first.sum(axis=1) == 30).all()
    assert np.array_equal(first, again)
    assert first.std(axis=0).mean() == pytest.approx(math.sqrt(1 - 1 / 30), rel=0.02)


def test_many_rows_are_drawn_in_chunks_that_add_up():
    chunks = list(drawn_weights(5_000))
    assert len(chunks) > 1
    assert sum(map(len, chunks)) == DRAWS
    assert max(chunk.size for chunk in chunks) <= 2**21


def test_the_interval_is_close_to_scipys():
    errors = np.random.default_rng(3).exponential(100, 300)
    ours = with_intervals({"mae": weighted_mean(errors)}, 300)["mae"]
    theirs = stats.bootstrap(
        (errors,), np.mean, n_resamples=9_999, method="BCa", rng=np.random.default_rng(4)
    ).confidence_interval
    assert ours.value == pytest.approx(errors.mean())
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), rel=0.02)


def simulated() -> tuple[np.ndarray, np.ndarray]:
    """Catalogue prices and read-outs that miss them by a factor, as whole dollars to 999."""
    generator = np.random.default_rng(11)
    prices = generator.choice(PRICES, (1_000, len(PRICES)))
    off = np.exp(generator.normal(-0.3, 1.2, prices.shape))
    return prices, np.round(np.minimum(prices * off, 999))


SIMULATED = simulated()


def squared_log(prices: np.ndarray, estimates: np.ndarray) -> np.ndarray:
    return (np.log1p(estimates) - np.log1p(prices)) ** 2


FIGURES: dict[str, Callable[[np.ndarray, np.ndarray], Statistic]] = {
    "mae": lambda prices, estimates: weighted_mean(np.abs(estimates - prices)),
    "median": lambda prices, estimates: weighted_median(np.abs(estimates - prices)),
    "rmsle": lambda prices, estimates: weighted_mean(squared_log(prices, estimates)).map(np.sqrt),
    "r2": lambda prices, estimates: explained_share(
        squared_log(prices, estimates), np.log1p(prices)
    ),
    "r": lambda prices, estimates: correlation(np.log1p(estimates)[:, None], np.log1p(prices)),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", FIGURES)
def test_95_percent_intervals_cover_the_truth_93_to_97_times_in_100(name):
    figure, (prices, estimates) = FIGURES[name], SIMULATED
    rows = prices.shape[1]
    truth = figure(prices.ravel(), estimates.ravel()).at(prices.size)
    weights = np.concatenate(list(drawn_weights(rows)))
    covered = 0
    for price, estimate in zip(prices, estimates, strict=True):
        statistic = figure(price, estimate)
        left_out = _jackknife({"": statistic}, rows)[""]
        low, high = bca(statistic.at(rows), statistic.of(weights), left_out, rows)
        covered += low <= truth <= high
    assert 0.93 <= covered / len(prices) <= 0.97


def test_few_rows_have_a_figure_and_no_interval():
    few = with_intervals({"mae": weighted_mean(np.arange(LEAST_ROWS - 1.0))}, LEAST_ROWS - 1)["mae"]
    assert few.value == 3
    assert math.isnan(few.low)
    assert math.isnan(few.high)
    some = np.array([1.0] * (LEAST_ROWS - 1) + [math.nan] * 20)
    assert math.isnan(with_intervals({"mae": weighted_mean(some)}, len(some))["mae"].low)
    assert math.isnan(with_intervals({"mae": weighted_mean(np.array([]))}, 0)["mae"].value)


def test_equal_errors_have_an_interval_of_no_width():
    same = with_intervals({"mae": weighted_mean(np.full(20, 7.0))}, 20)["mae"]
    assert same == pytest.approx((7.0, 7.0, 7.0))


@given(arrays(float, st.integers(LEAST_ROWS, 40), elements=st.floats(0, 999)))
def test_an_interval_of_a_mean_holds_it_and_stays_within_the_errors(errors):
    value, low, high = with_intervals({"": weighted_mean(errors)}, len(errors))[""]
    assert low <= value + 1e-9
    assert value <= high + 1e-9
    assert errors.min() - 1e-9 <= low
    assert high <= errors.max() + 1e-9


def test_the_jackknife_of_many_rows_leaves_out_groups_and_agrees_with_that_of_single_rows():
    errors = np.random.default_rng(5).exponential(1, 2_000)
    drawn = bootstrap({"": weighted_mean(errors)}, 2_000)[""]
    single = (errors.sum() - errors) / 1_999
    grouped = _jackknife({"": weighted_mean(errors)}, 2_000)[""]
    assert len(grouped) == 200
    one, other = (bca(errors.mean(), drawn, left, 2_000) for left in (single, grouped))
    assert one == pytest.approx(other, rel=0.01)


@given(st.integers(0, 50), st.integers(1, 50))
def test_the_interval_of_a_share_is_scipys_wilson(hits, rows):
    hits = min(hits, rows)
    wilson = stats.binomtest(hits, rows).proportion_ci(method="wilson")
    assert share_interval(hits / rows, rows) == pytest.approx((wilson.low, wilson.high), abs=1e-6)


def test_no_rows_have_no_interval_of_a_share():
    assert all(map(math.isnan, share_interval(math.nan, 0)))
