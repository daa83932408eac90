"""The live board over HTTP, with the Hub's own client."""

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from components.errors import AssetError, BoardError
from components.leaderboard import load_live_board
from tests.live_board import COMMIT, add_board, full_size, recorded_layout
from tests.serving import REPOSITORY


def test_the_full_board_loads_with_its_revision(hub, empty_cache):
    add_board(hub, full_size())
    live = load_live_board()
    assert (len(live.board), live.revision) == (4576, COMMIT)


def test_the_cached_board_serves_when_the_hub_is_gone(hub, empty_cache):
    add_board(hub, recorded_layout())
    load_live_board()
    hub.reset()
    assert len(load_live_board().board) == 201


def test_without_hub_and_cache_the_reason_is_given(hub, empty_cache):
    with pytest.raises(AssetError, match="could not be fetched"):
        load_live_board()


def test_a_changed_layout_is_refused_with_the_missing_names(hub, empty_cache):
    add_board(hub, recorded_layout().drop(columns=["IFEval", "Average ⬆️"]))
    with pytest.raises(BoardError, match="Average ⬆️, IFEval"):
        load_live_board()


@pytest.fixture
def nothing_cached_in_memory():
    """The app keeps a live board for an hour: not for the next test."""
    st.cache_resource.clear()
    yield
    st.cache_resource.clear()


@pytest.mark.usefixtures("nothing_cached_in_memory")
def test_the_page_says_that_it_shows_the_live_board(hub, empty_cache):
    add_board(hub, full_size())
    at = AppTest.from_file(str(REPOSITORY / "app.py"), default_timeout=60)
    at.switch_page("pages/leaderboard.py")
    at.query_params["vintage"] = "live"
    at.run()
    assert not at.exception
    assert any("Live from the Hub, dataset commit 9c09a7ca" in c.value for c in at.caption)
