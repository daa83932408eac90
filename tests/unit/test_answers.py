"""What goes along from the live page: estimates, scores and probabilities, as tables."""

import io
import math

import numpy as np
import pandas as pd
import pytest

from components.evaluation import InferenceSettings, Item, Prediction
from components.numbers import FirstToken, PriceDistribution
from components.ui.inference.results import answers_frame, probabilities_frame
from components.ui.kit.exports import csv_bytes
from tests.support.model_ids import unrevised


def token(text: str, numbers: list[int], probability: float) -> FirstToken:
    return FirstToken(0, text, probability, np.array(numbers, dtype=np.intp), 0.0, 0.0)


WHOLE = (token("120", [120], 0.5), token("80", [80], 0.1))
DIGITS = (token("1", [1, *range(10, 20), *range(100, 200)], 0.5), token("8", [8, 80], 0.1))


def prediction(
    repo_id: str,
    prices: dict[int, float],
    actual: float | None = None,
    tokens: tuple[FirstToken, ...] = WHOLE,
) -> Prediction:
    probabilities = np.zeros(1000)
    for price, probability in prices.items():
        probabilities[price] = probability
    rest = (1 - probabilities.sum()) / 4
    distribution = PriceDistribution(
        probabilities, rest, 2 * rest, rest, tokens, 1, 1, 0.0, "plain"
    )
    item = Item("lamp", "A lamp. Price is $", actual)
    return Prediction(
        unrevised(repo_id), item, InferenceSettings(), distribution, "120", finished=True
    )


def test_each_models_probabilities_sum_to_1_with_what_is_no_price_in_rows_of_its_own():
    frame = probabilities_frame([prediction("a/b", {120: 0.6}), prediction("c/d", {7: 0.1})])
    read = pd.read_csv(io.BytesIO(csv_bytes(frame)), dtype={"outcome": str})
    assert read["outcome"].tolist() == [
        *map(str, range(1000)),
        "overflow",
        "not_a_number",
        "unexplored",
    ]
    for model in ("a/b", "c/d"):
        assert math.isclose(read[model].sum(), 1.0, rel_tol=1e-12)
    assert read["a/b"].iloc[-3:].tolist() == pytest.approx([0.1, 0.2, 0.1])


def test_the_top_three_mean_is_not_applicable_where_a_price_is_not_one_token():
    frame = answers_frame(
        [prediction("a/b", {120: 0.5, 80: 0.1}), prediction("c/d", {120: 0.5}, tokens=DIGITS)]
    )
    assert frame["top3_mean"].tolist() == [pytest.approx((60 + 8) / 0.6), "not applicable"]
    assert b"not applicable" in csv_bytes(frame)


@pytest.mark.parametrize("actual", [0.0, -5.0, 1299.0, math.nan, 6.0])
def test_no_score_in_the_table_is_infinite_and_a_missing_one_has_words(actual):
    row = answers_frame([prediction("a/b", {120: 1.0}, actual)]).iloc[0]
    for score, note in [("crps", "crps_note"), ("log_score_nats", "log_score_note")]:
        assert row[note] if pd.isna(row[score]) else math.isfinite(row[score])
    assert pd.isna(row["log_score_nats"])


def test_a_price_that_is_scored_has_figures_and_no_words():
    row = answers_frame([prediction("a/b", {120: 0.5}, 120.99)]).iloc[0]
    assert (row["crps"], row["log_score_nats"]) == (0.0, 0.0)
    assert (row["crps_note"], row["log_score_note"]) == ("", "")
