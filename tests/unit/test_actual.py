"""An actual price beside a distribution: a figure where there is one, else words."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.numbers import PriceDistribution
from components.pricing import actual_kind, describe_actual, judge_actual


def distribution(
    prices: dict[int, float], *, overflow: float = 0.0, unexplored: float = 0.0
) -> PriceDistribution:
    probabilities = np.zeros(1000)
    for price, probability in prices.items():
        probabilities[price] = probability
    rest = 1 - probabilities.sum() - overflow - unexplored
    return PriceDistribution(probabilities, overflow, rest, unexplored, (), 1, 1, 0.0, "plain")


def test_an_actual_price_that_is_scored_has_both_scores_and_no_note():
    judged = judge_actual(distribution({5: 0.25, 9: 0.25}), 5.99)
    assert judged.kind == "in_range"
    assert judged.log_score == pytest.approx(math.log(2))
    assert judged.crps == pytest.approx(1.0)
    assert (judged.crps_note, judged.log_score_note) == ("", "")


@pytest.mark.parametrize("actual", [1000.0, 1299.99, 99_999.0])
def test_a_price_above_999_is_judged_by_the_overflow(actual):
    judged = judge_actual(distribution({5: 0.5}, overflow=0.25), actual)
    assert judged.kind == "overflow"
    assert judged.log_score == pytest.approx(math.log(4))
    assert judged.log_score_note == "of $1,000 or more: 25.0 %"
    assert judged.crps is None
    assert "above $999" in judged.crps_note
    assert "judged by the probability that it gives to $1,000 or more" in describe_actual(actual)


def test_a_price_above_999_that_the_model_rules_out_or_that_is_unexplored_is_said_in_words():
    impossible = judge_actual(distribution({5: 1.0}), 1200)
    assert (impossible.log_score, impossible.log_score_note) == (
        None,
        "the model rules out $1,000 or more",
    )
    unknown = judge_actual(distribution({5: 0.9}, unexplored=0.1), 1200)
    assert (unknown.log_score, unknown.log_score_note) == (None, "not scored: unexplored")


@pytest.mark.parametrize("actual", [0.0, -0.01, -5.0, math.nan, math.inf, -math.inf])
def test_zero_below_and_no_number_are_no_price_and_compared_with_nothing(actual):
    judged = judge_actual(distribution({5: 1.0}), actual)
    assert judged.kind == "no_price"
    assert (judged.crps, judged.log_score) == (None, None)
    assert "no price above zero" in describe_actual(actual)
    assert "$-" not in describe_actual(actual)


def test_a_price_that_the_model_rules_out_has_words_instead_of_infinity():
    judged = judge_actual(distribution({5: 1.0}), 6)
    assert (judged.log_score, judged.log_score_note) == (None, "the model rules this price out")
    assert judged.crps == 1.0
    unexplored = judge_actual(distribution({5: 0.9}, unexplored=0.1), 6)
    assert unexplored.log_score_note == "not scored: unexplored"


def test_without_any_price_there_is_nothing_to_judge():
    judged = judge_actual(distribution({}), 6)
    assert (judged.crps, judged.log_score) == (None, None)
    assert judged.crps_note == judged.log_score_note == "no price to $999 was found"


@given(
    st.floats(allow_nan=True, allow_infinity=True),
    st.dictionaries(st.integers(0, 999), st.just(0.01), max_size=20),
    st.sampled_from([0.0, 0.3]),
    st.sampled_from([0.0, 0.3]),
)
def test_every_score_is_finite_or_has_a_note(actual, prices, overflow, unexplored):
    judged = judge_actual(distribution(prices, overflow=overflow, unexplored=unexplored), actual)
    assert judged.kind == actual_kind(actual)
    for score, note in [
        (judged.crps, judged.crps_note),
        (judged.log_score, judged.log_score_note),
    ]:
        assert note if score is None else math.isfinite(score)
