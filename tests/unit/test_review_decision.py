"""Striking out, weighing, ties and flips, on made-up evidence of every shape."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.review import CRITERIA, MOST_WEIGHT, Fact, Matrix, MustHaves, Row, rank, strike_out
from components.review.facts import unknown

MODELS = ("a/one", "b/two", "c/three", "d/four")
NAMES = {model: model for model in MODELS}
_values = st.one_of(st.none(), st.floats(-50, 100).map(lambda value: round(value, 3)))


def matrix(values, stderr=None, models=MODELS):
    """Rows by key, of each model's figure in order; None is unknown."""
    rows = []
    for key, figures in values.items():
        facts = {
            model: unknown("measure it")
            if figure is None
            else Fact(str(figure), "test", figure, stderr)
            for model, figure in zip(models, figures, strict=True)
        }
        rows.append(Row(key, key, "g", facts))
    return Matrix(models, NAMES, tuple(rows))


evidence = st.fixed_dictionaries(
    {one.key: st.lists(_values, min_size=4, max_size=4) for one in CRITERIA}
)
all_weights = st.fixed_dictionaries(
    {one.key: st.floats(0, MOST_WEIGHT).map(lambda value: round(value, 2)) for one in CRITERIA}
)


@given(evidence, all_weights)
def test_scores_are_0_to_1_best_first_and_of_every_model_or_of_none(values, weights):
    found = rank(matrix(values), MODELS, weights)
    assert list(found.scores.values()) == sorted(found.scores.values(), reverse=True)
    assert all(0 <= score <= 1 + 1e-9 for score in found.scores.values())
    assert set(found.scores) in (set(), set(MODELS))


@given(evidence, all_weights)
def test_what_is_unknown_of_one_model_changes_nothing(values, weights):
    known = {key: row for key, row in values.items() if None not in row}
    whole, without = rank(matrix(values), MODELS, weights), rank(matrix(known), MODELS, weights)
    assert whole.scores == without.scores
    weighed = {key for key, weight in weights.items() if weight > 0}
    assert set(whole.left_out) == weighed - set(known)


@given(evidence, all_weights)
def test_at_a_flip_and_not_before_it_another_model_leads(values, weights):
    given_ = matrix(values)
    found = rank(given_, MODELS, weights)
    for flip in found.flips:
        key, present = flip.criterion.key, weights[flip.criterion.key]
        # Half way there the leader still leads, beyond the flip the other one is ahead of it.
        before = rank(given_, MODELS, {**weights, key: (flip.weight + present) / 2})
        if before.scores and found.leader is not None:
            assert before.scores[found.leader] >= max(before.scores.values()) - 1e-6
        beyond = flip.weight + (0.01 if flip.weight >= present else -0.01)
        if beyond < 0:
            continue
        after = rank(given_, MODELS, {**weights, key: beyond})
        if after.scores:
            assert after.scores[flip.model] >= after.scores[found.leader or ""] - 1e-6


@given(evidence, all_weights)
def test_with_errors_as_large_as_the_figures_all_are_tied_and_without_none_but_equals(
    values, weights
):
    found = rank(matrix(values, stderr=1e6), MODELS, weights)
    if found.leader is not None:
        spread = [row for row in values.values() if None not in row and len(set(row)) > 1]
        weighed = any(
            weights[key] > 0.01 for key, row in values.items() if None not in row and row in spread
        )
        assert len(found.tied) == 3 or not weighed
    exact = rank(matrix(values), MODELS, weights)
    for model in exact.tied:
        assert exact.scores[model] == pytest.approx(max(exact.scores.values()), abs=1e-6)


@given(
    st.lists(_values, min_size=4, max_size=4),
    st.floats(0.1, 90),
)
def test_only_what_is_known_and_too_large_is_struck_out(sizes, limit):
    verdicts = strike_out(matrix({"size": sizes}), {}, MustHaves(max_params_b=limit))
    for size, verdict in zip(sizes, verdicts.values(), strict=True):
        assert verdict.struck_out == (size is not None and size > limit)
        assert bool(verdict.open) == (size is None)


def test_must_haves_strike_out_with_the_reason_and_leave_open_what_is_unknown():
    found = matrix(
        {
            "size": [8.0, 70.0, None, 3.0],
            "context": [4096.0, 131072.0, 131072.0, None],
            "qlora": [14.0, 80.0, 20.0, 9.0],
        }
    )
    licences = {"a/one": "apache-2.0", "b/two": "llama3.1", "c/three": None, "d/four": "mit"}
    verdicts = strike_out(found, licences, MustHaves(9, "permissive", 8192, 24.0))
    assert verdicts["a/one"].reasons == ("context length 4096.0, below 8,192 tokens",)
    assert len(verdicts["b/two"].reasons) == 3
    assert verdicts["c/three"].reasons == ()
    assert verdicts["c/three"].open == ("parameters unknown", "licence unknown")
    assert verdicts["d/four"].open == ("context length unknown",)


def test_a_lower_bound_above_the_limit_strikes_out_and_one_below_it_is_open():
    facts = {
        "a/one": Fact("at least 30 GB", value=30.0, at_least=True),
        "b/two": Fact("at least 3 GB", value=3.0, at_least=True),
    }
    found = Matrix(("a/one", "b/two"), NAMES, (Row("qlora", "m", "g", facts),))
    verdicts = strike_out(found, {}, MustHaves(memory_gb=24.0))
    assert verdicts["a/one"].struck_out
    assert not verdicts["b/two"].struck_out
    assert verdicts["b/two"].open


def test_a_figure_that_is_known_to_be_bad_does_not_count():
    key = "twin@2025-03-final"
    facts = {
        "a/one": Fact("23.76", value=23.76, caveat="no chat template", spoilt=True),
        "b/two": Fact("35.20", value=35.20),
    }
    found = rank(
        Matrix(("a/one", "b/two"), NAMES, (Row(key, "t", "g", facts),)),
        ("a/one", "b/two"),
        {key: 1.0},
    )
    assert found.scores == {}
    assert found.left_out == {key: ("a/one",)}
