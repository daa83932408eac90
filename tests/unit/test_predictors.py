"""How well figures known beforehand predict the result after fine-tuning."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.leaderboard import (
    BENCHMARKS,
    PREDICTORS,
    predictor_differences,
    predictor_values,
    predictors,
)
from components.leaderboard.prediction import _spearman

ROUNDED = 0.006  # the published table has two decimals

# predictor: Spearman and n, for all sizes with a twin and for 5 to 15 billion parameters
TABLE = {
    "bits_per_byte": ((0.94, 20), (0.85, 11)),
    "bbh": ((0.93, 24), (0.72, 13)),
    "params_b": ((0.94, 24), (0.44, 13)),
    "mmlu_pro": ((0.91, 24), (0.69, 13)),
    "average": ((0.89, 24), (0.66, 13)),
    "math_lvl5": ((0.75, 24), (0.75, 13)),
    "twin_average": ((0.79, 24), (0.55, 12)),
    "ifeval": ((0.52, 24), (0.31, 13)),
}


@pytest.mark.parametrize("predictor", TABLE)
def test_the_correlations_are_the_published_ones(predictor):
    rows = predictors().set_index(["predictor", "group"]).to_dict("index")
    for group, (spearman, n) in zip(("all", "5-15B"), TABLE[predictor], strict=True):
        row = rows[predictor, group]
        assert row["n"] == n
        assert row["spearman"] == pytest.approx(spearman, abs=ROUNDED)


def test_there_is_one_row_per_predictor_and_group_named_as_the_boards_columns():
    rows = predictors()
    assert list(rows.columns) == ["predictor", "group", "n", "spearman", "low", "high"]
    assert set(rows["predictor"]) == {
        *("average", "twin_average", "params_b", "bits_per_byte"),
        *BENCHMARKS,
    }
    assert not rows.duplicated(["predictor", "group"]).any()
    assert set(rows["group"]) == {"all", "5-15B"}
    assert len(rows) == 2 * len(PREDICTORS)


def test_every_interval_holds_its_correlation():
    rows = predictors()
    assert (rows["low"] <= rows["spearman"]).all()
    assert (rows["spearman"] <= rows["high"]).all()
    assert rows["high"].max() <= 1 + 1e-9


def test_the_twin_against_the_models_own_figures_is_within_noise_but_for_bbh():
    rows = predictor_differences().set_index("predictor").to_dict("index")
    average, bbh = rows["average"], rows["bbh"]
    assert average["difference"] == pytest.approx(0.09, abs=0.01)
    assert (average["low"], average["high"]) == pytest.approx((-0.05, 0.32), abs=0.015)
    assert average["within_noise"]
    assert bbh["difference"] == pytest.approx(0.14, abs=0.01)
    assert (bbh["low"], bbh["high"]) == pytest.approx((0.01, 0.35), abs=0.015)
    assert not bbh["within_noise"]


def test_at_5_to_15b_no_predictor_is_clearly_better_than_the_twin():
    assert predictor_differences(group="5-15B")["within_noise"].all()


def test_groups_have_the_models_that_they_name():
    assert predictor_values("all")["twin_average"].notna().all()
    assert predictor_values("5-15B")["params_b"].between(5, 15).all()
    assert "meta-llama/Llama-3.1-8B" in predictor_values("5-15B").index


def test_the_same_call_gives_the_same_intervals_and_a_copy():
    first = predictors()
    first["low"] = 0.0
    assert (predictors()["low"] != 0).any()
    pd.testing.assert_frame_equal(predictor_differences(), predictor_differences())


FIGURES = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=3, max_size=12).filter(
    lambda pairs: all(len(set(column)) > 1 for column in zip(*pairs, strict=True))
)


@given(FIGURES)
def test_the_vectorised_correlation_is_that_of_pandas(pairs):
    values = pd.DataFrame(pairs, columns=["figure", "after"], dtype=float)
    everyone = np.arange(len(values))[None, :]
    ours = _spearman(values, ["figure"], everyone)[0, 0]
    ranked = values.rank()
    assert ours == pytest.approx(ranked["figure"].corr(ranked["after"]))


@given(FIGURES, st.integers(0, 2**32 - 1))
def test_the_correlation_of_a_draw_is_that_of_the_models_drawn(pairs, seed):
    values = pd.DataFrame(pairs, columns=["figure", "after"], dtype=float)
    picks = np.random.default_rng(seed).integers(len(values), size=(4, len(values)))
    drawn = _spearman(values, ["figure"], picks)[:, 0]
    for pick, ours in zip(picks, drawn, strict=True):
        ranked = values.iloc[pick].rank()
        expected = ranked["figure"].corr(ranked["after"])
        assert ours == pytest.approx(expected, nan_ok=True)
