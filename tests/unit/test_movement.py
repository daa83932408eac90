"""What moved between two vintages, and why."""

from collections.abc import Hashable
from typing import Any

import pandas as pd
import pytest

from components.leaderboard import compare_vintages, load_board
from components.ui.leaderboard.labels import why_moved

MODELS = [
    "Qwen/Qwen2.5-7B-Instruct",
    "meta-llama/Llama-3.1-8B-Instruct",
    "google/gemma-2-9b",
    "tiiuae/Falcon3-7B-Base",
    "nobody/nothing",
]


def moved() -> dict[Hashable, dict[Hashable, Any]]:
    rows = compare_vintages(load_board("2024-10-15"), load_board("2025-03-final"), MODELS)
    assert rows["model"].tolist() == MODELS
    return rows.set_index("model").to_dict("index")


def test_scores_and_ranks_of_both_vintages_stand_side_by_side():
    qwen = moved()["Qwen/Qwen2.5-7B-Instruct"]
    assert (qwen["average_before"], qwen["average_after"]) == (26.87, 35.20)
    assert qwen["change"] == pytest.approx(8.33)
    assert qwen["rank_before"] > qwen["rank_after"] >= 1


def test_a_model_whose_math_alone_changed_was_graded_anew():
    for model in ("Qwen/Qwen2.5-7B-Instruct", "google/gemma-2-9b"):
        move = moved()[model]
        assert (move["reason"], move["changed_benchmarks"]) == ("math_regraded", ("math_lvl5",))
        assert why_moved(move) == "MATH graded anew"


def test_llamas_fall_is_another_run_without_chat_template():
    move = moved()["meta-llama/Llama-3.1-8B-Instruct"]
    assert move["reason"] == "another_run"
    assert (move["chat_template_before"], move["chat_template_after"]) == (True, False)
    why = why_moved(move)
    assert why.startswith("another run: meta-llama/Meta-Llama-3.1-8B-Instruct, then")
    assert "then without chat template" in why
    assert "IFEval" in why


def test_what_a_vintage_does_not_list_is_unknown():
    rows = moved()
    assert why_moved(rows["tiiuae/Falcon3-7B-Base"]) == "not in the earlier vintage"
    assert rows["nobody/nothing"]["reason"] == "not_listed"
    assert pd.isna(rows["tiiuae/Falcon3-7B-Base"]["rank_before"])
    assert why_moved(rows["nobody/nothing"]) == "not in the earlier and later vintage"


def test_nothing_moves_between_a_vintage_and_itself():
    board = load_board("2025-02-08")
    rows = compare_vintages(board, board, MODELS[:3])
    assert set(rows["reason"]) == {"unchanged"}
    assert (rows["change"] == 0).all()
