"""Striking out, weighing, ties and flips, on made-up evidence of every shape."""

import pytest
from hypothesis import example, given
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


EQUAL = {one.key: [0.0] * 4 for one in CRITERIA}


@example(
    EQUAL | {"twin@2025-03-final": [1.0, 0.0, 0.0, 0.0]}, dict.fromkeys(EQUAL, 0.0) | {"bits": 1}
)
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


def test_must_haves_are_met_at_the_limit_itself_and_say_figure_and_limit_beyond_it():
    found = matrix(
        {
            "size": [9.0, 9.5, 9.0, 9.0],
            "context": [8192.0, 8192.0, 4096.0, 8192.0],
            "full": [24.0, 24.0, 24.0, 1024.5],
        }
    )
    must = MustHaves(max_params_b=9, min_context=8192, memory_gb=24.0, way="full")
    verdicts = strike_out(found, {}, must)
    assert {model: verdict.reasons for model, verdict in verdicts.items()} == {
        "a/one": (),
        "b/two": ("parameters 9.5, above 9B",),
        "c/three": ("context length 4096.0, below 8,192 tokens",),
        "d/four": ("memory to fine-tune in full 1024.5, above 24.0 GB",),
    }
    assert not any(verdict.open for verdict in verdicts.values())


def test_what_is_not_asked_for_strikes_nothing_out_and_leaves_nothing_open():
    unknown_of_all = strike_out(matrix({"size": [None] * 4}), {}, MustHaves())
    assert not any(verdict.reasons or verdict.open for verdict in unknown_of_all.values())
    only_memory = strike_out(matrix({"qlora": [20.0] * 4}), {}, MustHaves(memory_gb=10))
    assert only_memory["a/one"].reasons == ("memory to fine-tune, QLoRA 20.0, above 10.0 GB",)


def test_licences_are_held_against_what_is_asked_for():
    licences = {"a/one": "mit", "b/two": "gemma", "c/three": "cc-by-nc-4.0", "d/four": "other"}
    permissive = strike_out(matrix({}), licences, MustHaves(licence="permissive"))
    assert {model: (one.reasons, one.open) for model, one in permissive.items()} == {
        "a/one": ((), ()),
        "b/two": (("the licence has conditions",), ()),
        "c/three": (("the licence forbids commercial use",), ()),
        "d/four": ((), ("licence unknown",)),
    }
    conditions = strike_out(matrix({}), licences, MustHaves(licence="conditions"))
    assert [one.struck_out for one in conditions.values()] == [False, False, True, False]


def test_a_lower_bound_below_the_limit_is_left_open_in_its_own_words():
    facts = {model: Fact("at least 3 GB", value=3.0, at_least=True) for model in MODELS}
    found = Matrix(MODELS, NAMES, (Row("qlora", "m", "g", facts),))
    verdict = strike_out(found, {}, MustHaves(memory_gb=24.0))["a/one"]
    assert verdict.open == ("memory to fine-tune, QLoRA at least 3 GB",)


THREE = MODELS[:3]
ONE, TWO, THIRD = THREE


def flips_of(found) -> list[tuple[str, float, str]]:
    return [(flip.criterion.key, round(flip.weight, 9), flip.model) for flip in found.flips]


def test_scores_are_the_weighted_means_of_the_scaled_figures_and_flips_where_they_cross():
    # Scaled: 0, 1, 1/2 after fine-tuning; 0, 1/2, 1 in the price error.
    rows = matrix({"after": [10, 20, 15], "price_error": [100, 50, 0]}, models=THREE)
    found = rank(rows, THREE, {"after": 3.0, "price_error": 1.0})
    assert list(found.scores) == [TWO, THIRD, ONE]
    assert found.scores == pytest.approx({TWO: 0.875, THIRD: 0.625, ONE: 0.0})
    assert found.leader == TWO
    assert flips_of(found) == [("after", 1.0, THIRD), ("price_error", 3.0, THIRD)]
    assert found.left_out == {}


def test_the_flip_named_is_the_one_nearest_to_the_present_weight():
    # With less than 1 the second leads, with more than 4 the third.
    rows = matrix({"after": [5, 0, 10], "price_error": [20, 0, 100]}, models=THREE)
    found = rank(rows, THREE, {"after": 3.0, "price_error": 2.5})
    assert found.leader == ONE
    assert ("after", 4.0, THIRD) in flips_of(found)
    found = rank(rows, THREE, {"after": 2.0, "price_error": 2.5})
    assert ("after", 1.0, TWO) in flips_of(found)


def test_a_flip_may_be_at_the_largest_weight_or_at_0_where_others_weigh():
    rows = matrix({"after": [1, 0], "price_error": [1, 0], "bits": [3, 3]}, models=MODELS[:2])
    found = rank(rows, MODELS[:2], {"after": MOST_WEIGHT})
    assert flips_of(found) == [("price_error", MOST_WEIGHT, TWO)]
    found = rank(rows, MODELS[:2], {"after": MOST_WEIGHT, "bits": 0.5})
    assert flips_of(found) == [("after", 0.0, TWO), ("price_error", MOST_WEIGHT, TWO)]
    # At 10 the price error would win.
    heavier = rank(
        matrix({"after": [1, 0], "price_error": [1, 0.5], "qlora": [0.0, 1.0]}, models=MODELS[:2]),
        MODELS[:2],
        {"after": MOST_WEIGHT, "qlora": MOST_WEIGHT},
    )
    assert flips_of(heavier) == []


@pytest.mark.parametrize(("stderr", "tied"), [(1.2, ()), (1.25, (THIRD,))])
def test_who_is_tied_is_told_by_both_errors_at_95_percent_of_the_weighted_figures(stderr, tied):
    # The lead is 1. Errors are a tenth of these, thrice: 1.96 · √2 · 3 · 0.12 is 0.998.
    rows = matrix({"after": [10, 20, 15]}, stderr=stderr, models=THREE)
    exact = matrix({"price_error": [100, 50, 0]}, models=THREE)
    both = Matrix(THREE, NAMES, rows.rows + exact.rows)
    assert rank(both, THREE, {"after": 3.0, "price_error": 1.0}).tied == tied


def test_of_figures_that_are_better_lower_the_errors_count_as_they_are():
    # The lead is 1 and the error of the difference √2 · 0.4, or √2 · 0.3.
    for stderr, tied in ((40.0, (ONE,)), (30.0, ())):
        rows = matrix({"price_error": [100, 0]}, stderr=stderr, models=MODELS[:2])
        assert rank(rows, MODELS[:2], {"price_error": 1.0}).tied == tied


def test_differences_below_1_are_scaled_too():
    rows = matrix({"bits": [0.75, 0.5, 0.625]}, stderr=0.01, models=THREE)
    found = rank(rows, THREE, {"bits": 2.0})
    assert found.scores == pytest.approx({TWO: 1.0, THIRD: 0.5, ONE: 0.0})
    assert found.tied == ()


def test_a_figure_that_all_share_ties_nobody_whatever_its_error():
    apart = matrix({"after": [10, 0]}, stderr=0.1, models=MODELS[:2])
    shared = matrix({"bits": [0.7, 0.7]}, stderr=50.0, models=MODELS[:2])
    both = Matrix(MODELS[:2], NAMES, apart.rows + shared.rows)
    assert rank(both, MODELS[:2], {"after": 1.0, "bits": 5.0}).tied == ()


def test_equal_scores_keep_the_models_order_and_are_tied():
    rows = matrix({"after": [7, 9, 9]}, models=THREE)
    found = rank(rows, THREE, {"after": 1.0})
    assert list(found.scores) == [TWO, THIRD, ONE]
    assert found.tied == (THIRD,)


def test_nothing_weighed_nothing_known_or_no_model_ranks_nothing():
    rows = matrix({"after": [1, 2, 3]}, models=THREE)
    for models, weights in ((THREE, {}), (THREE, {"bits": 1.0}), ((), {"after": 1.0})):
        found = rank(rows, models, weights)
        assert (found.scores, found.tied, found.flips, found.leader) == ({}, (), (), None)
    assert rank(rows, THREE, {"bits": 1.0}).left_out == {"bits": THREE}
    partly = matrix({"after": [1, 2, 3], "bits": [1, None, 2]}, models=THREE)
    assert rank(partly, THREE, {"after": 1.0, "bits": 0.1}).left_out == {"bits": (TWO,)}
    assert rank(partly, THREE, {"after": 1.0}).left_out == {}


def test_a_lower_bound_does_not_count():
    facts = {ONE: Fact("at least 3 GB", value=3.0, at_least=True), TWO: Fact("9 GB", value=9.0)}
    rows = Matrix(MODELS[:2], NAMES, (Row("qlora", "m", "g", facts),))
    assert rank(rows, MODELS[:2], {"qlora": 1.0}).left_out == {"qlora": (ONE,)}
