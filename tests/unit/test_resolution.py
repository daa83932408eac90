"""What is noise: intervals that cover what they say, ties with the best, pairs told apart."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.leaderboard import (
    BENCHMARKS,
    SOURCES,
    board_stderr,
    filter_board,
    load_board,
    load_scores,
    noise_counts,
    one_run_per_model,
    pairwise,
    resolution_of,
    tied_with_best,
    with_twins,
)
from components.leaderboard.sources import Part, score_stderr

FINAL = "2025-03-final"
QWEN, GEMMA, LLAMA = "Qwen/Qwen2.5-7B", "google/gemma-2-9b", "meta-llama/Llama-3.1-8B"


def base_with_twins() -> pd.DataFrame:
    board = load_board(FINAL)
    base = one_run_per_model(filter_board(board, kinds=["base"], max_params_b=9.5))
    rows = with_twins(base, board)
    return rows[rows["twin_average"].notna()]


def simulated(generator, skills: list[float], parts: tuple[Part, ...], runs: int) -> np.ndarray:
    """Normalised scores (runs,) of a model that has `skills` in the parts of a benchmark."""
    shares = []
    for skill, part in zip(skills, parts, strict=True):
        right = generator.binomial(part.items, part.chance + skill * (1 - part.chance), size=runs)
        shares.append(np.maximum(0, (right / part.items - part.chance) / (1 - part.chance)))
    return 100 * np.mean(shares, axis=0)


@pytest.mark.parametrize("benchmark", BENCHMARKS)
@pytest.mark.parametrize(("skill", "other"), [(0.3, 0.3), (0.3, 0.4), (0.55, 0.6)])
def test_intervals_of_simulated_differences_cover_the_truth(benchmark, skill, other):
    parts = SOURCES["ollm-v2"].column(benchmark).parts
    generator = np.random.default_rng(20_250_313)
    sides = [simulated(generator, [level] * len(parts), parts, 4_000) for level in (skill, other)]
    margin = 1.96 * np.sqrt(sum(score_stderr(side, parts) ** 2 for side in sides))
    covered = np.abs(sides[0] - sides[1] - 100 * (skill - other)) <= margin
    assert 0.94 <= covered.mean() <= 0.96


def test_intervals_of_the_simulated_average_cover_the_truth():
    generator = np.random.default_rng(1)
    columns = {
        name: simulated(generator, [0.4] * len(parts), parts, 4_000)
        for name in BENCHMARKS
        for parts in [SOURCES["ollm-v2"].column(name).parts]
    }
    board = pd.DataFrame(columns)
    stderr = board_stderr(board)["average"]
    covered = (board.mean(axis=1) - 40).abs() <= 1.96 * stderr
    assert 0.94 <= covered.mean() <= 0.96


def test_a_model_unequal_in_the_parts_is_on_the_safe_side():
    parts = tuple(Part(250, 1 / 2) for _ in range(4))
    generator = np.random.default_rng(2)
    scores = simulated(generator, [0.1, 0.3, 0.6, 0.95], parts, 4_000)
    assert score_stderr(scores, parts).mean() >= scores.std()


@pytest.mark.slow
def test_two_equal_models_are_told_apart_one_time_in_twenty():
    parts = (Part(500),)
    generator = np.random.default_rng(3)
    scores = simulated(generator, [0.6], parts, 2_000)
    apart = [
        not tied_with_best(pd.Series(pair), pd.Series(score_stderr(pair, parts))).all()
        for pair in scores.reshape(-1, 2)
    ]
    assert 0.03 <= np.mean(apart) <= 0.07


def test_no_neighbours_in_the_ranking_of_base_models_up_to_9b_are_told_apart():
    rows = base_with_twins()
    found = resolution_of(rows["average"], board_stderr(rows)["average"])
    assert (found.models, found.adjacent, found.pairs) == (48, 47, 1_128)
    assert found.adjacent_told_apart == 0
    assert found.pairs_told_apart == 895


def test_with_gpqas_answers_counted_as_independent_a_few_more_pairs_are_told_apart():
    # The harness counts 1,192 answers to 546 questions. 920 pairs is a count that was made so; what
    # is left of the difference depends on the chance levels assumed for the parts.
    rows = base_with_twins()
    errors = board_stderr(rows)[list(BENCHMARKS)]
    errors["gpqa"] = score_stderr(rows["gpqa"], [Part(1_192, 1 / 4)])
    found = resolution_of(rows["average"], (errors**2).sum(axis=1) ** 0.5 / 6)
    assert found.adjacent_told_apart == 0
    assert found.pairs_told_apart == pytest.approx(920, abs=4)


def test_qwen_and_gemma_are_within_noise_on_three_of_six():
    scores = load_scores("ollm-v2")
    pairs = pairwise(scores[scores["vintage"] == FINAL], [QWEN, GEMMA, LLAMA])
    first = noise_counts(pairs)[0]
    assert (first.first, first.second) == (QWEN, GEMMA)
    assert (first.within_noise, first.compared, first.unknown) == (3, 6, 0)
    assert len(pairs) == 3 * 6


def test_a_pair_is_compared_only_on_what_both_were_measured_on():
    scores = load_scores("euroeval-english")
    pairs = pairwise(scores, [GEMMA, LLAMA])
    measured = [set(scores[scores["model"] == model]["benchmark"]) for model in (GEMMA, LLAMA)]
    assert set(pairs["benchmark"]) == measured[0] & measured[1]


def test_models_that_are_not_measured_make_no_pair():
    assert pairwise(load_scores("swallow"), [QWEN, "nobody/nothing"]).empty
    assert noise_counts(pairwise(load_scores("swallow"), [])) == []


def test_scores_without_errors_are_neither_within_noise_nor_beyond():
    scores = load_scores("swallow").assign(stderr=np.nan)
    pairs = pairwise(scores, [QWEN, GEMMA])
    count = noise_counts(pairs)[0]
    assert (count.within_noise, count.compared, count.unknown) == (0, 0, 10)
    assert pairs[["low", "high"]].isna().all(axis=None)


def test_the_best_of_a_view_is_tied_with_itself_and_unknown_stays_unknown():
    scores = pd.Series([10.0, 50.0, 49.5, np.nan, 20.0], index=list("abcde"))
    stderr = pd.Series([1.0, 1.0, 1.0, np.nan, np.nan], index=list("abcde"))
    tied = tied_with_best(scores, stderr)
    assert tied.tolist() == [False, True, True, pd.NA, pd.NA]
    assert tied_with_best(scores[["d"]], stderr[["d"]]).isna().all()
    assert tied_with_best(scores[["d", "b"]], stderr * np.nan)["b"]


def test_where_lower_is_better_the_lowest_is_the_best():
    scores = pd.Series([0.7, 0.71, 0.9])
    stderr = pd.Series([0.02, 0.02, 0.02])
    assert tied_with_best(scores, stderr, higher_is_better=False).tolist() == [True, True, False]


def test_the_errors_of_a_board_keep_its_index_and_its_unknowns():
    board = load_board(FINAL).tail(5)
    board.loc[board.index[0], "gpqa"] = np.nan
    errors = board_stderr(board)
    assert errors.index.equals(board.index)
    assert errors.isna().sum().to_dict() == {
        **dict.fromkeys(BENCHMARKS, 0),
        "gpqa": 1,
        "average": 1,
    }


def test_the_top_of_base_models_up_to_9b_is_shared():
    board = load_board(FINAL)
    rows = one_run_per_model(filter_board(board, kinds=["base"], max_params_b=9.5))
    tied = tied_with_best(rows["average"], board_stderr(rows)["average"])
    assert tied.iloc[0]
    assert 1 < tied.sum() < 6
    assert not rows[tied.astype(bool)]["model"].isin([GEMMA, LLAMA]).any()


RANKING = st.lists(st.tuples(st.floats(0, 100), st.floats(0.01, 5)), min_size=1, max_size=15)


@given(RANKING)
def test_ties_with_the_best_agree_with_the_resolution(rows):
    scores = pd.Series([score for score, _ in rows])
    stderr = pd.Series([error for _, error in rows])
    found = resolution_of(scores, stderr)
    tied = tied_with_best(scores, stderr)
    assert tied[int(scores.to_numpy().argmax())]
    assert 0 <= found.adjacent_told_apart <= found.adjacent
    assert found.pairs_told_apart >= (~tied.astype(bool)).sum()
    assert found.pairs_told_apart <= found.pairs
    wider = resolution_of(scores, stderr * 2)
    assert wider.pairs_told_apart <= found.pairs_told_apart
