"""What is known to be bad says so wherever its number stands, and names the better run."""

from collections.abc import Hashable
from typing import Any

import pandas as pd
import pytest

from components.leaderboard import (
    BoardQuery,
    answer,
    count_instruct_without_base,
    load_board,
    prepare,
    select,
    shortlist_scores,
)

LLAMA, QWEN = "meta-llama/Llama-3.1-8B", "Qwen/Qwen2.5-7B"


def rows_of(vintage: str, query: BoardQuery | None = None):
    return answer(load_board(vintage), query or BoardQuery()).set_index("model")


def row_of(model: str, vintage: str) -> dict[Hashable, Any]:
    return rows_of(vintage).to_dict("index")[model]


def test_llamas_run_without_template_names_the_one_with_it_from_february():
    row = row_of(f"{LLAMA}-Instruct", "2025-03-final")
    assert row["average"] == pytest.approx(23.76)
    assert row["spoilt"]
    assert (row["better_average"], row["better_vintage"]) == (pytest.approx(28.20), "2025-02-08")


def test_the_twins_caveats_stand_in_the_bases_row():
    row = row_of(LLAMA, "2025-03-final")
    assert row["twin_caveats"] == ("no_chat_template", "type_corrected")
    assert row["twin_spoilt"]
    assert row["twin_better_average"] == pytest.approx(28.20)
    assert row["twin_better_vintage"] == "2025-02-08"
    assert not row["spoilt"]


def test_a_grading_failure_of_the_twin_names_the_run_graded_anew():
    row = row_of(QWEN, "2024-10-15")
    assert "math_graded_zero" in row["twin_caveats"]
    assert row["twin_better_average"] == pytest.approx(35.20)


def test_a_sound_twin_has_no_better_run_and_a_model_without_twin_no_caveats_of_one():
    rows = rows_of("2025-03-final")
    qwen = row_of(QWEN, "2025-03-final")
    assert not qwen["twin_spoilt"]
    assert pd.isna(qwen["twin_better_average"])
    alone = rows[rows["twin"].isna()]
    assert set(alone["twin_caveats"]) == {()}
    assert not alone["twin_spoilt"].any()


def test_a_better_run_is_better_and_of_the_same_model():
    for vintage in ("2024-10-15", "2025-02-08", "2025-03-final"):
        rows = rows_of(vintage)
        named = rows.dropna(subset="better_average")
        assert len(named)
        assert (named["better_average"] > named["average"]).all()
        for model, row in named.iterrows():
            board = load_board(row["better_vintage"])
            assert (board.loc[board["model"] == model, "average"] == row["better_average"]).any()


def test_reviews_rows_carry_them_too():
    row = shortlist_scores(load_board("2025-03-final"), [LLAMA]).iloc[0]
    assert row["twin_caveats"] == ("no_chat_template", "type_corrected")
    assert row["twin_better_average"] == pytest.approx(28.20)
    assert "type_corrected" in row["caveats"]


def test_a_prepared_board_answers_as_the_board_itself():
    board = load_board("2025-03-final")
    query = BoardQuery(kinds=["base"], max_params_b=9, rank_by="bbh")
    assert select(prepare(board), query).equals(answer(board, query))


def test_instruct_models_without_a_base_are_added_by_the_switch_alone_and_counted():
    board = load_board("2025-03-final")
    without = BoardQuery(kinds=["base"], rank_by="twin_score")
    added = BoardQuery(kinds=["base"], rank_by="twin_score", instruct_without_base=True)
    count = count_instruct_without_base(prepare(board), without)
    assert count > 0
    assert len(answer(board, added)) == len(answer(board, without)) + count
    assert set(answer(board, without)["kind"]) == {"base"}
    assert count_instruct_without_base(prepare(board), BoardQuery(kinds=["base"])) == 0


def test_the_first_is_tied_with_itself_and_a_ranking_without_errors_knows_no_ties():
    board = load_board("2025-03-final")
    for ranking in ("average", "twin_score", "weighted", "bbh"):
        tied = answer(board, BoardQuery(kinds=["base"], max_params_b=9, rank_by=ranking))["tied"]
        assert tied.iloc[0]
        assert not tied.fillna(False).all()
    assert answer(board, BoardQuery(rank_by="uplift"))["tied"].isna().all()
