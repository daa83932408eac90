"""What fine-tuning all models alike shows: the published figures, recomputed."""

from collections.abc import Hashable
from typing import Any

import numpy as np
import pytest

from components.leaderboard import (
    base_and_instruct,
    before_and_after,
    compare_starts,
    load_board,
    load_scores,
    one_run_per_model,
    pair_records,
    rank_agreement,
)
from components.leaderboard.finetuning import bits_per_byte, task_scores
from components.registry import load_registry

GEMMA, QWEN, LLAMA = "google/gemma-2-9b", "Qwen/Qwen2.5-7B", "meta-llama/Llama-3.1-8B"


def record(first: str, second: str) -> dict[Hashable, Any]:
    pairs = pair_records([GEMMA, QWEN, LLAMA]).set_index(["first", "second"])
    return pairs.to_dict("index")[first, second]


def test_models_agree_more_on_who_is_best_once_all_are_trained_alike():
    assert rank_agreement("before") == pytest.approx(0.517, abs=0.0005)
    assert rank_agreement() == pytest.approx(0.755, abs=0.0005)


def test_there_are_61_models_on_24_tasks():
    scores = task_scores()
    assert (scores["model_id"].nunique(), scores["benchmark"].nunique()) == (61, 24)
    assert len(scores) == 61 * 24


def test_25_models_of_the_registry_are_in_it():
    measured = set(task_scores()["model"])
    assert sum(spec.id in measured for spec in load_registry()) == 25


@pytest.mark.parametrize(
    ("model", "mean"),
    [(GEMMA, 77.5), (QWEN, 74.8), (LLAMA, 74.2), ("Qwen/Qwen2.5-14B", 78.4)],
)
def test_the_mean_over_the_tasks_after_fine_tuning(model, mean):
    assert before_and_after([model])["after"].item() == pytest.approx(mean, abs=0.05)


def test_qwen_14b_leads():
    leader = before_and_after().iloc[0]
    assert (leader["model"], leader["after_rank"]) == ("Qwen/Qwen2.5-14B", 1)


def test_gemma_beats_llama_on_every_task_and_qwen_and_llama_are_level():
    gemma, qwen = record(GEMMA, LLAMA), record(QWEN, LLAMA)
    assert (gemma["won"], gemma["lost"], gemma["tied"]) == (24, 0, 0)
    assert (qwen["won"], qwen["lost"], qwen["tied"]) == (11, 12, 1)
    assert not gemma["within_noise"]
    assert qwen["within_noise"]


def test_eleven_points_on_the_board_are_less_than_one_after_fine_tuning():
    board = one_run_per_model(load_board("2025-03-final")).set_index("model")["average"]
    assert board[QWEN] - board[LLAMA] == pytest.approx(11.6, abs=0.05)
    assert record(QWEN, LLAMA)["difference"] == pytest.approx(0.6, abs=0.05)


def test_instruct_models_start_better_and_base_models_end_better():
    starts = compare_starts()
    assert (starts.pairs, starts.comparisons) == (24, 576)
    assert (starts.before_instruct_better, starts.before_base_better) == (374, 197)
    assert (starts.after_base_better, starts.after_instruct_better) == (357, 201)
    assert starts.after_tied == 18
    assert starts.gain == pytest.approx(0.34, abs=0.005)
    assert starts.within_noise == 494


def test_every_pair_of_base_and_instruct_is_compared_on_every_task():
    rows = base_and_instruct()
    assert not rows.duplicated(["base", "benchmark"]).any()
    assert (rows.groupby("base").size() == 24).all()
    assert (rows["low"] <= rows["after"]).all()


def test_the_interval_of_a_mean_is_that_of_24_independent_tasks():
    row = before_and_after([LLAMA]).iloc[0]
    errors = task_scores().query("model == @LLAMA")["stderr"]
    assert len(errors) == 24
    half_width = 1.96 * np.sqrt((errors**2).sum()) / 24
    assert row["after_high"] - row["after"] == pytest.approx(half_width)
    assert row["after"] - row["after_low"] == pytest.approx(half_width)


def test_what_the_source_did_not_measure_is_unknown_and_the_order_is_kept():
    table = before_and_after(["nobody/nothing", LLAMA])
    assert table["model"].tolist() == ["nobody/nothing", LLAMA]
    assert table["after"].isna().tolist() == [True, False]
    assert table["after_rank"].isna().tolist() == [True, False]


def test_a_pair_seen_from_the_other_side_is_the_opposite():
    forth = pair_records([QWEN, LLAMA]).iloc[0]
    back = pair_records([LLAMA, QWEN]).iloc[0]
    assert (forth["won"], forth["lost"], forth["tied"]) == (back["lost"], back["won"], back["tied"])
    assert forth["difference"] == pytest.approx(-back["difference"])
    assert forth["low"] == pytest.approx(-back["high"])


@pytest.mark.parametrize("models", [[], [LLAMA], [LLAMA, LLAMA], ["nobody/nothing", LLAMA]])
def test_fewer_than_two_measured_models_make_no_pair(models):
    pairs = pair_records(models)
    assert pairs.empty
    assert {"won", "lost", "tied", "difference", "low", "high"} <= set(pairs.columns)


def test_what_is_clearly_won_is_won():
    models = before_and_after()["model"].head(8).tolist()
    pairs = pair_records(models)
    assert len(pairs) == 28
    assert (pairs["clearly_won"] <= pairs["won"]).all()
    assert (pairs["clearly_lost"] <= pairs["lost"]).all()
    assert (pairs[["won", "lost", "tied"]].sum(axis=1) == 24).all()


def test_bits_per_byte_are_of_the_untouched_models_measured_on_all_three_corpora():
    bits = bits_per_byte()
    assert len(bits) == 53
    assert GEMMA not in bits.index
    scores = load_scores("after-finetuning")
    llama = scores[(scores["model"] == LLAMA) & scores["benchmark"].str.endswith("_2025")]
    assert bits[LLAMA] == pytest.approx(llama["before"].mean())
