"""A fresh server of the app, and a real browser."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import REPOSITORY

expect.set_options(timeout=30_000)


@dataclass(frozen=True)
class Server:
    """A running app."""

    url: str
    process: subprocess.Popen[bytes]

    def address(self, page: str = "", **query: object) -> str:
        """The address of a page with its query parameters."""
        return f"{self.url}/{page}" + (f"?{urlencode(query, doseq=True)}" if query else "")


@contextmanager
def running_server(log: Path) -> Iterator[Server]:
    """The app as `streamlit run` serves it, on a port of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}"]
    command += ["--server.headless=true", "--server.address=127.0.0.1"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=REPOSITORY, stdout=output, stderr=subprocess.STDOUT, env=dict(os.environ)
        )
        try:
            _wait_until_healthy(f"http://127.0.0.1:{port}", process, log)
            yield Server(f"http://127.0.0.1:{port}", process)
        finally:
            process.terminate()
            process.wait(timeout=20)


def _wait_until_healthy(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"the server did not start:\n{log.read_text(errors='replace')}")


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
def browser_type_launch_args() -> dict[str, object]:
    """The machine's own Chromium or Chrome where there is one, else Playwright's."""
    arguments: dict[str, object] = {
        "args": [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ]
    }
    installed = shutil.which("chromium") or shutil.which("google-chrome")
    return arguments | ({"executable_path": installed} if installed else {})


@pytest.fixture(scope="session")
def browser_context_args() -> dict[str, object]:
    """A laptop's screen."""
    return {"viewport": {"width": 1366, "height": 900}}


def expect_no_error(page: Page) -> None:
    """No traceback on the page."""
    expect(page.get_by_test_id("stException")).to_have_count(0)
