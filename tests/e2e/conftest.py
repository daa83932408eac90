"""A fresh server of the app, and a real browser."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from benchmarks.serving import Server, browser_launch_arguments, running_server
from tests.support.gated_server import HeldServer, held_server

expect.set_options(timeout=30_000)


@pytest.fixture
def fresh_server(tmp_path: Path) -> Iterator[Server]:
    """A server that nobody has visited yet."""
    with running_server(tmp_path / "server.log") as server:
        yield server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server shared by tests that do not need it cold."""
    with running_server(tmp_path_factory.mktemp("server") / "server.log") as server:
        yield server


@pytest.fixture(scope="session")
def _held_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HeldServer]:
    with held_server(tmp_path_factory.mktemp("held")) as held:
        yield held


@pytest.fixture
def held(_held_server: HeldServer) -> Iterator[HeldServer]:
    """A server whose models a test can hold at work; they go on when it is over."""
    yield _held_server
    _held_server.let_go()


@pytest.fixture
def fresh_held(tmp_path: Path) -> Iterator[HeldServer]:
    """One that nobody has visited yet."""
    with held_server(tmp_path) as held:
        yield held
        held.let_go()


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    return browser_launch_arguments()


@pytest.fixture(scope="session")
def browser_context_args() -> dict[str, Any]:
    """A laptop's screen."""
    return {"viewport": {"width": 1366, "height": 900}}
