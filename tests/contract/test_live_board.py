"""The live board over HTTP, with the Hub's own client."""

from datetime import date

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from benchmarks.full_board import COMMIT, DATASET, FILE, full_size
from benchmarks.serving import REPOSITORY
from components.control import Control
from components.errors import AssetError, BoardError
from components.leaderboard import load_live_board
from tests.support.live_board import add_board, recorded_layout


@pytest.fixture(autouse=True)
def the_hub_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a Hub that did not answer, the next requests are not held back."""
    monkeypatch.setattr("components.assets.hub._paused_until", 0.0)


def test_the_full_board_loads_with_its_revision(hub, empty_cache):
    add_board(hub, full_size())
    live = load_live_board()
    assert (len(live.board), live.revision) == (4576, COMMIT)


def test_the_cached_board_serves_when_the_hub_is_gone(hub, empty_cache):
    add_board(hub, recorded_layout())
    load_live_board()
    hub.reset()
    assert len(load_live_board().board) == 201


def test_the_newest_submission_dates_the_board(hub, empty_cache):
    add_board(hub, recorded_layout())
    assert load_live_board().newest == date(2025, 2, 7)
    hub.reset()
    add_board(hub, recorded_layout("2024-10"), commit="1" * 40)
    assert load_live_board().newest is None


def test_a_newer_revision_replaces_the_cached_one(hub, empty_cache):
    add_board(hub, recorded_layout("2024-12"))
    load_live_board()
    add_board(hub, recorded_layout().head(50), commit="2" * 40)
    live = load_live_board()
    assert (len(live.board), live.revision, live.hub_away) == (50, "2" * 40, None)


def test_a_hub_too_slow_to_answer_gives_the_cached_board_and_the_reason(hub, empty_cache):
    add_board(hub, recorded_layout())
    load_live_board()
    hub.delay_seconds = 7  # longer than an answer is waited for
    live = load_live_board()
    assert len(live.board) == 201
    assert live.hub_away is not None
    assert "can't be reached" in live.hub_away


def test_a_slow_download_arrives_and_says_what_is_waited_for(hub, empty_cache):
    add_board(hub, full_size())
    hub.delay_seconds = 0.5
    said: list[str] = []
    live = load_live_board(Control(lambda progress: said.append(progress.stage)))
    assert len(live.board) == 4576
    assert len(said) > 1
    assert set(said) == {f"Downloading Hub {DATASET}"}


def test_a_hub_that_dies_half_way_leaves_the_cached_board(hub, empty_cache):
    add_board(hub, recorded_layout())
    load_live_board()
    add_board(hub, full_size(), commit="3" * 40)
    hub.truncate = {FILE}
    live = load_live_board()
    assert (len(live.board), live.revision) == (201, COMMIT)
    assert live.hub_away is not None


def test_a_hub_that_dies_half_way_at_first_is_explained(hub, empty_cache):
    add_board(hub, full_size())
    hub.truncate = {FILE}
    with pytest.raises(AssetError, match="could not be fetched"):
        load_live_board()


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
    said = "".join(caption.value for caption in at.caption).replace("\\", "")
    assert "Live from the Hub, dataset commit 9c09a7ca: 4,576 runs of" in said
    assert "newest submission 07 February 2025" in said


@pytest.mark.usefixtures("nothing_cached_in_memory")
def test_the_page_shows_the_copy_fetched_earlier_and_says_why(hub, empty_cache):
    add_board(hub, full_size())
    load_live_board()
    hub.status = 503
    at = AppTest.from_file(str(REPOSITORY / "app.py"), default_timeout=60)
    at.switch_page("pages/leaderboard.py")
    at.query_params["vintage"] = "live"
    at.run()
    assert not at.exception
    assert "The copy fetched earlier is shown: the Hub answered HTTP 503" in at.warning[
        0
    ].value.replace("\\", "")
    assert "4,576 runs" in "".join(caption.value for caption in at.caption).replace("\\", "")
