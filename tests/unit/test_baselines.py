"""Baselines and linear read-outs: out of fold, nested, and no better than the rows allow."""

import math
from collections.abc import Sequence

import numpy as np
import pytest

from components.control import Control
from components.engines import Engine
from components.evaluation import (
    BASELINES,
    FROZEN_FEATURES,
    OUT_OF_FOLD,
    ItemScores,
    ScoredRow,
    baseline_scores,
    best_read_out,
    bits_per_byte,
    figures,
    linear_read_out,
    log_me,
    prompt_features,
    text_likelihoods,
)
from components.evaluation.cross_validation import FOLDS, REPEATS, out_of_fold, ridge
from components.evaluation.scored import items_frame
from components.pricing import price_prompt
from tests.support.scored_rows import certain, described, made_rows
from tests.unit.test_evaluate import ScriptedEngine


def rows_of(
    texts: Sequence[str], prices: Sequence[float], categories: Sequence[str | None] | None = None
) -> list[ScoredRow]:
    named = categories or [None] * len(texts)
    return [
        ScoredRow(str(n), price_prompt(text), price, category, certain(1), None)
        for n, (text, price, category) in enumerate(zip(texts, prices, named, strict=True))
    ]


def figure_of(scores: ItemScores, figure: str) -> float:
    """A figure of the one read-out."""
    table = figures(scores)
    (value,) = table.loc[table["figure"] == figure, "value"].tolist()
    return value


def mae(scores: ItemScores) -> float:
    return figure_of(scores, "mae")


@pytest.mark.slow
def test_on_the_catalogue_words_beat_the_constant():
    found = baseline_scores(*described(made_rows()))
    assert tuple(found) == BASELINES
    assert {tuple(scores.estimates) for scores in found.values()} == {(OUT_OF_FOLD,)}
    assert all(s.estimates[OUT_OF_FOLD].shape == (107, REPEATS) for s in found.values())
    assert 193 <= mae(found["constant_median"]) <= 199
    assert 174 <= mae(found["tfidf_ridge"]) <= 182


def test_a_category_is_worth_its_median_and_one_of_its_own_the_median_of_all():
    prices = [10.0, 12.0, 500.0, 520.0] * 6 + [77.0]
    categories = ["cable", "cable", "phone", "phone"] * 6 + ["sofa"]
    found = baseline_scores(*described(rows_of(["x"] * 25, prices, categories)))["category_median"]
    estimates = found.estimates[OUT_OF_FOLD]
    assert (np.abs(estimates[:-1] - np.array(prices)[:-1, None]) <= 20).all()
    assert (np.abs(estimates[-1] - np.median(prices)) > 0).any() or np.median(prices) == 12
    assert ((estimates[-1] > 10) & (estimates[-1] < 520)).all()


def test_without_categories_there_is_no_baseline_by_category():
    assert set(
        baseline_scores(*described(rows_of(["a b"] * 12, [5.0 + n for n in range(12)])))
    ) == {
        "constant_median",
        "tfidf_ridge",
    }


def test_too_few_rows_have_no_baselines_and_no_linear_read_out():
    few = made_rows(FOLDS - 1)
    assert baseline_scores(*described(few)) == {}
    assert linear_read_out(items_frame(few), np.zeros((FOLDS - 1, 2, 3))) is None


def test_texts_without_latin_words_have_a_baseline_too():
    texts = ["電話 機", "線", "🙂 !"] * 5
    assert "tfidf_ridge" in baseline_scores(*described(rows_of(texts, [20.0, 30.0, 40.0] * 5)))


def test_no_row_is_predicted_by_itself():
    seen: list[bool] = []

    def predict(train, test):
        seen.append(bool(set(train) & set(test)))
        return np.zeros(len(test))

    predicted = out_of_fold(25, predict)
    assert predicted.shape == (25, REPEATS)
    assert not predicted.any()
    assert len(seen) == FOLDS * REPEATS
    assert not any(seen)


def test_predictions_stay_where_a_models_may_be():
    assert out_of_fold(20, lambda train, test: np.full(len(test), 5e6)).max() == 999
    assert out_of_fold(20, lambda train, test: np.full(len(test), -3.0)).min() == 0


def test_many_rows_choose_their_penalty_by_folds_and_find_about_the_same():
    generator = np.random.default_rng(1)
    inputs = generator.normal(size=(2_500, 5))
    target = inputs @ np.arange(5) + generator.normal(size=2_500)
    few, many = ridge(2_000).fit(inputs, target), ridge(2_500).fit(inputs, target)
    assert type(few) is not type(many)
    assert few.predict(inputs[:50]) == pytest.approx(many.predict(inputs[:50]), abs=0.01)


def featured(rows: list[ScoredRow], noise: float, *, block: int) -> np.ndarray:
    """Features of which one block holds the log price among others."""
    generator = np.random.default_rng(3)
    features = generator.normal(size=(len(rows), 2, 40))
    prices = np.log1p([row.actual for row in rows])
    features[:, block, 7] = prices + generator.normal(0, noise, len(rows))
    return features.astype(np.float16)


@pytest.mark.slow
@pytest.mark.parametrize("block", [0, 1])
def test_what_can_be_read_linearly_is_read_from_the_last_token_or_the_mean(block):
    rows = made_rows()
    found = linear_read_out(items_frame(rows), featured(rows, 0.2, block=block))
    assert found is not None
    assert figure_of(found, "r_log") > 0.8
    assert mae(found) < 130
    best = best_read_out(found)
    assert best is not None
    assert best.read_out == FROZEN_FEATURES


@pytest.mark.slow
def test_features_that_know_nothing_are_not_better_than_the_constant():
    rows = made_rows()
    found = linear_read_out(
        items_frame(rows), np.random.default_rng(4).normal(size=(len(rows), 2, 40))
    )
    assert found is not None
    assert mae(found) > 190


def test_rows_and_features_that_do_not_belong_together_are_refused():
    with pytest.raises(ValueError, match="12 items have 11"):
        linear_read_out(items_frame(made_rows(12)), np.zeros((11, 2, 3)))


def log_me_by_fixed_point(features: np.ndarray, target: np.ndarray) -> float:
    """Algorithm 1 of You et al. 2021: the log evidence per row, alpha and beta by iteration."""
    rows, size = features.shape
    left, singular, _ = np.linalg.svd(features, full_matrices=False)
    projected = left.T @ target
    rest = float(target @ target - projected @ projected)
    alpha, beta = 1.0, 1.0
    for _ in range(5_000):
        kept = beta * singular**2 / (alpha + beta * singular**2)
        weights = kept * projected / singular
        residual = rest + float(((1 - kept) ** 2 * projected**2).sum())
        gamma = float(kept.sum())
        alpha, beta = gamma / float(weights @ weights), (rows - gamma) / residual
    kept = beta * singular**2 / (alpha + beta * singular**2)
    weights = kept * projected / singular
    residual = rest + float(((1 - kept) ** 2 * projected**2).sum())
    spread = np.log(alpha + beta * singular**2).sum() + (size - len(singular)) * math.log(alpha)
    evidence = size * math.log(alpha) + rows * math.log(beta) - rows * math.log(2 * math.pi)
    evidence -= beta * residual + alpha * float(weights @ weights) + spread
    return evidence / 2 / rows


def test_log_me_is_the_evidence_of_its_paper_and_ranks_features_by_what_they_know():
    rows = made_rows()
    target = np.log1p([row.actual for row in rows])
    scaled = (target - target.mean()) / target.std()
    found = []
    for noise in (0.2, 1.0, 5.0):
        features = featured(rows, noise, block=0)[:, 0].astype(float)
        features = (features - features.mean(0)) / features.std(0)
        found.append(log_me(features, target))
        assert found[-1] == pytest.approx(log_me_by_fixed_point(features, scaled), abs=2e-3)
    assert found == sorted(found, reverse=True)


class ReadingEngine(ScriptedEngine):
    """Tells of each text one nat per character, and as features its length."""

    def log_likelihood(self, text: str, control: Control) -> float:
        return -float(len(text))

    def prompt_features(self, prompt: str, control: Control) -> np.ndarray:
        return np.full((2, 3), len(prompt), dtype=np.float16)


def test_features_and_likelihoods_are_asked_of_each_text_and_reported():
    engine = ReadingEngine(1, "")
    reports = []
    control = Control(reports.append)
    features = prompt_features(engine, ["abc", "de"], control)
    assert features is not None
    assert features[:, 0, 0].tolist() == [3, 2]
    assert features.shape == (2, 2, 3)
    likelihoods = text_likelihoods(engine, {"a": "äbc", "b": "", "c": "xy"}, control)
    assert likelihoods is not None
    assert likelihoods.to_numpy().tolist() == [["a", 3, 4], ["c", 2, 2]]
    assert len(reports) == 5
    # Five nats over six bytes, not the mean of each text's own.
    assert bits_per_byte(likelihoods).value == pytest.approx(5 / 6 / math.log(2))


def test_an_engine_that_gives_neither_has_neither():
    engine: Engine = ScriptedEngine(1, "")
    assert prompt_features(engine, ["abc"], Control()) is None
    assert text_likelihoods(engine, {"a": "abc"}, Control()) is None


def test_no_text_has_no_bits_per_byte():
    likelihoods = text_likelihoods(ReadingEngine(1, ""), {"a": ""}, Control())
    assert likelihoods is not None
    assert math.isnan(bits_per_byte(likelihoods).value)
