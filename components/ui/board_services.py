"""The boards that all visitors share, loaded once."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from components.errors import BasewiseError
from components.leaderboard import (
    LIVE,
    VINTAGES,
    LiveBoard,
    as_recorded,
    load_board,
    load_live_board,
    prepare,
)
from components.ui.kit.feedback import shown_progress, usable_settings
from components.ui.kit.shared import SharedTable
from components.ui.leaderboard.labels import with_texts

_SETTINGS = usable_settings()


@dataclass(frozen=True)
class Board:
    """A board, what it is, and why it is not the live one if that was asked for."""

    runs: pd.DataFrame
    vintage: str
    live: LiveBoard | None = None
    instead_of_live: BasewiseError | None = None

    @property
    def key(self) -> tuple[str, str]:
        """The same for the same runs."""
        return self.vintage, self.live.revision if self.live else ""


def board(vintage: str) -> Board:
    """The board of a vintage; for LIVE the newest snapshot with the reason if the Hub is away."""
    if vintage != LIVE:
        return Board(_snapshot(vintage), vintage)
    try:
        live = _live()
        return Board(live.board, LIVE, live=live)
    except BasewiseError as error:
        return Board(_snapshot(VINTAGES[-1]), VINTAGES[-1], instead_of_live=error)


@st.cache_resource(
    max_entries=10, show_spinner=False, hash_funcs={Board: lambda board: str(board.key)}
)
def prepared(board: Board, *, recorded: bool = False) -> pd.DataFrame:
    """The board's runs as `prepare` and `with_texts` give them; not to be changed."""
    return with_texts(prepare(as_recorded(board.runs) if recorded else board.runs))


def live_runs() -> pd.DataFrame | None:
    """The runs of the live board if it is in memory; it is not fetched for this."""
    board = _fetched_boards().get(LIVE) or _recent_copies().get(LIVE)
    return None if board is None else board.board


def _live() -> LiveBoard:
    if (failure := _recent_failures().get(LIVE)) is not None:
        raise failure
    board = _fetched_boards().get(LIVE) or _recent_copies().get(LIVE)
    if board is None:
        try:
            with shown_progress() as control:
                board = load_live_board(control)
        except BasewiseError as error:
            _recent_failures().put(LIVE, error)
            raise
        # A copy fetched earlier stands in for a while only: the Hub may come back.
        boards = _fetched_boards() if board.hub_away is None else _recent_copies()
        boards.put(LIVE, board)
    return board


@st.cache_resource(ttl=_SETTINGS.retry_seconds, show_spinner=False)
def _recent_failures() -> SharedTable[str, BasewiseError]:
    # The page asks on every rerun: without this, each click would try and fail again.
    return SharedTable()


@st.cache_resource(ttl="1h", show_spinner=False)
def _fetched_boards() -> SharedTable[str, LiveBoard]:
    return SharedTable()


@st.cache_resource(ttl=_SETTINGS.retry_seconds, show_spinner=False)
def _recent_copies() -> SharedTable[str, LiveBoard]:
    return SharedTable()


@st.cache_resource(show_spinner=False)
def _snapshot(vintage: str) -> pd.DataFrame:
    return load_board(vintage)
