"""The bundled board: the published figures, corrected kinds, sizes, runs and twins."""

import pandas as pd
import pytest

from components.errors import BoardError
from components.leaderboard import (
    BENCHMARKS,
    VINTAGES,
    filter_board,
    instruct_twins,
    load_board,
    one_run_per_model,
    read_corrections,
    shortlist_scores,
    with_twins,
)
from components.leaderboard.board import DATA
from components.registry import load_registry

COLUMNS = [
    *["model_id", "kind", "params_b", "average", *BENCHMARKS],
    *["precision", "chat_template", "license"],
]


def base_up_to_9b(vintage: str) -> pd.DataFrame:
    board = load_board(vintage)
    return one_run_per_model(filter_board(board, kinds=["base"], max_params_b=9))


@pytest.mark.parametrize(
    ("vintage", "figures"),
    [
        (
            "2024-10-15",
            {
                "Qwen/Qwen2.5-7B": 24.70,
                "google/gemma-2-9b": 20.93,
                "microsoft/phi-2": 15.45,
                "mistralai/Mistral-7B-v0.1": 14.52,
                "meta-llama/Meta-Llama-3.1-8B": 13.78,
            },
        ),
        (
            "2025-03-final",
            {
                "Qwen/Qwen2.5-7B": 26.02,
                "google/gemma-2-9b": 21.21,
                "meta-llama/Llama-3.1-8B": 14.42,
            },
        ),
    ],
)
def test_base_models_up_to_9b_have_the_published_averages_in_this_order(vintage, figures):
    rows = base_up_to_9b(vintage)
    found = rows[rows["model_id"].isin(figures)]
    assert dict(zip(found["model_id"], found["average"], strict=True)) == figures
    assert list(found["model_id"]) == list(figures)
    assert rows["model_id"].iloc[0] == "Qwen/Qwen2.5-7B"


@pytest.mark.parametrize(
    ("vintage", "model_id", "average"),
    [
        ("2024-10-15", "microsoft/Phi-3-small-8k-instruct", 29.64),
        ("2024-10-15", "google/gemma-2-9b-it", 28.86),
        ("2024-10-15", "meta-llama/Meta-Llama-3.1-8B-Instruct", 27.91),
        ("2025-03-final", "Qwen/Qwen2.5-7B-Instruct", 35.20),
        ("2025-03-final", "google/gemma-2-9b-it", 32.07),
        ("2025-03-final", "meta-llama/Llama-3.1-8B-Instruct", 23.76),
    ],
)
def test_instruct_twins_have_the_published_averages(vintage, model_id, average):
    board = load_board(vintage)
    row = board[board["model_id"] == model_id].iloc[0]
    assert (row["average"], row["kind"]) == (average, "instruct")


@pytest.mark.parametrize("vintage", VINTAGES)
def test_the_average_is_the_mean_of_the_six_benchmarks(vintage):
    board = load_board(vintage)
    assert (board[list(BENCHMARKS)].mean(axis=1) - board["average"]).abs().max() < 0.02


@pytest.mark.parametrize("vintage", VINTAGES)
def test_the_board_is_one_row_per_run_with_the_promised_columns(vintage):
    board = load_board(vintage)
    assert set(COLUMNS) <= set(board.columns)
    assert not board.duplicated(["model_id", "precision", "chat_template"]).any()
    assert board["average"].is_monotonic_decreasing
    assert board["average"].between(0, 100).all()
    assert set(board["kind"]) == {"base", "instruct"}


def test_a_naive_filter_by_recorded_type_would_drop_llama_and_ours_does_not():
    board = load_board("2025-03-final")
    recorded = board[board["recorded_type"] == "pretrained"]
    assert "meta-llama/Llama-3.1-8B" not in set(recorded["model_id"])
    assert "meta-llama/Llama-3.1-8B-Instruct" in set(recorded["model_id"])
    assert "meta-llama/Llama-3.1-8B" in set(base_up_to_9b("2025-03-final")["model_id"])
    assert "meta-llama/Llama-3.1-8B-Instruct" not in set(base_up_to_9b("2025-03-final")["model_id"])


def test_every_correction_has_a_reason_and_changes_something():
    corrections = read_corrections()
    assert corrections["reason"].str.len().gt(10).all()
    boards = pd.concat(load_board(vintage) for vintage in VINTAGES)
    plain_kind = {"pretrained": "base", "chat models": "instruct"}
    for model_id, kind in corrections[["model_id", "kind"]].itertuples(index=False):
        runs = boards[boards["model_id"] == model_id]
        assert (runs["kind"] == kind).all()
        assert (runs["recorded_type"].map(plain_kind) != kind).any()


def test_sizes_floored_by_the_early_board_come_from_a_later_one():
    sizes = load_board("2024-10-15").set_index("model_id")["params_b"]
    assert sizes["microsoft/phi-2"] == 2.78
    assert 0.1 < sizes["EleutherAI/pythia-160m"] < 0.3


def test_the_pairs_of_twins_agree_with_the_registry():
    registry = load_registry()
    pairs = pd.read_csv(DATA / "twins.csv").map(registry.canonical_id)
    for base, twin in pairs.itertuples(index=False, name=None):
        if base in registry:
            assert registry.get(base).instruct_twin == twin


def test_a_size_limit_leaves_out_unknown_sizes_and_keeps_the_limit_itself():
    runs = pd.DataFrame(
        {"kind": ["base"] * 3, "params_b": [9.0, 9.01, None], "model": ["a", "b", "c"]}
    )
    assert list(filter_board(runs, kinds=[], max_params_b=9)["model"]) == ["a"]
    assert len(filter_board(runs, kinds=[])) == 3


def test_one_run_per_model_joins_the_two_ids_of_llama_and_keeps_the_best():
    rows = one_run_per_model(load_board("2025-02-08")).set_index("model")
    assert rows.loc["meta-llama/Llama-3.1-8B", "average"] == 14.22
    assert rows.loc["meta-llama/Llama-3.1-8B-Instruct", "average"] == 28.20
    assert rows.index.is_unique


def test_twins_pair_listed_ids_and_join_the_best_run():
    board = load_board("2025-03-final")
    rows = with_twins(base_up_to_9b("2025-03-final"), board).set_index("model")
    assert rows.loc["meta-llama/Llama-3.1-8B", "twin_average"] == 23.76
    assert rows.loc["Qwen/Qwen2.5-7B", "twin"] == "Qwen/Qwen2.5-7B-Instruct"
    assert "meta-llama/Meta-Llama-3.1-8B" not in instruct_twins()


def test_the_shortlist_keeps_its_order_and_unknown_models_stay_unknown():
    wanted = ["nobody/nothing", "google/gemma-2-9b", "microsoft/Phi-3-mini-4k-instruct"]
    scores = shortlist_scores(load_board("2025-03-final"), wanted)
    assert list(scores["model"]) == wanted
    assert scores["average"].isna().tolist() == [True, False, False]
    assert scores["params_b"].isna().tolist() == [True, False, False]
    assert scores["twin"].isna().tolist() == [True, False, True]
    assert scores["twin_average"][1] == 32.07


def test_an_unknown_vintage_is_refused_with_the_known_ones():
    with pytest.raises(BoardError, match="2024-10-15"):
        load_board("2023")


def test_changing_a_loaded_board_does_not_change_the_next_one():
    board = load_board("2025-03-final")
    board["average"] = 0
    assert load_board("2025-03-final")["average"].max() > 40
