"""The search box's grammar."""

from contextlib import suppress

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.errors import BoardError
from components.leaderboard import load_board, search_board

BOARD = load_board("2025-03-final")


def found(query: str) -> set[str]:
    return set(search_board(BOARD, query)["model_id"])


def test_an_empty_query_keeps_everything():
    assert len(search_board(BOARD, " ; ")) == len(BOARD)


def test_plain_text_finds_ids_in_either_case():
    assert found("GEMMA-2-9B") == {"google/gemma-2-9b", "google/gemma-2-9b-it"}


def test_several_plain_terms_find_what_any_of_them_finds():
    assert found("gemma-2-9b$; phi-2$") == {"google/gemma-2-9b", "microsoft/phi-2"}


def test_fields_narrow_down_and_join_with_text():
    assert found("8B$; @org:meta-llama; @kind:base") == {
        "meta-llama/Llama-3.1-8B",
        "meta-llama/Meta-Llama-3-8B",
    }
    assert set(search_board(BOARD, "@license:^mit$")["license"]) == {"mit"}


def test_unknown_values_match_no_field():
    assert search_board(BOARD, "@license:.*")["license"].notna().all()


@pytest.mark.parametrize("query", ["(", "[a", "*", "@nofield:x", "@kind", "a; @license:("])
def test_an_invalid_expression_or_field_is_explained(query):
    with pytest.raises(BoardError, match=r"regular expression|can't be searched") as caught:
        search_board(BOARD, query)
    assert "@field:value" in caught.value.way_out


def test_an_expression_made_to_explode_ends_at_once():
    bomb = pd.DataFrame({"model_id": ["org/" + "a" * 90] * 5000})
    assert search_board(bomb, "(a+)+!").empty


@given(st.text(max_size=40) | st.text("@:;()[]*+?|\\.^$ab", max_size=30))
def test_any_query_gives_rows_of_the_board_or_says_what_is_wrong(query):
    with suppress(BoardError):
        assert found(query) <= set(BOARD["model_id"])
