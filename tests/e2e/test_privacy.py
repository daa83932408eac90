"""Whom a visit makes known: this machine and the Hub that the host named, nobody else."""

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Request, expect

from benchmarks.serving import REPOSITORY, Server, running_server
from tests.e2e.test_app import GPT2, PAGES, QWEN, expect_no_error
from tests.e2e.test_review import settle

GUARD = REPOSITORY / "tests" / "support" / "socket_guard"
WIDE = {
    "": {},
    "leaderboard": {"vintage": "live", "panel": "predicts"},
    "tokenizer_inspector": {"ids": "true"},
    "live_inference": {"product": "own", "description": "A lamp"},
    "evaluation": {"view": "rows"},
}


def visit_all(page: Page, server: Server) -> None:
    """Every page, with models that the registry has and one that only the Hub may have."""
    for path, query in WIDE.items():
        page.goto(server.address(path, models=[GPT2, QWEN, "nobody/nothing"], **query))
        settle(page)
        expect(page.get_by_role("heading", name=PAGES[path], exact=True)).to_be_visible()
        expect_no_error(page)


def test_no_request_of_a_visitors_browser_leaves_for_another_host(server: Server, page: Page):
    asked: list[str] = []

    def note(request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob"):
            asked.append(f"{parts.scheme}://{parts.netloc}")

    page.on("request", note)
    page.on("websocket", lambda socket: asked.append(socket.url.split("/_stcore")[0]))
    visit_all(page, server)
    own = urlsplit(server.url).netloc
    assert set(asked) == {f"http://{own}", f"ws://{own}"}


@pytest.mark.parametrize(
    "hub",
    [
        {"HF_ENDPOINT": os.environ.get("HF_ENDPOINT", "")},
        {"HF_ENDPOINT": "https://huggingface.co", "HF_HUB_OFFLINE": "1"},
    ],
    ids=["a Hub of the host's", "no Hub"],
)
def test_no_address_is_asked_but_this_machines(page: Page, tmp_path: Path, hub):
    said = tmp_path / "asked.txt"
    said.touch()
    guard = {"PYTHONPATH": str(GUARD), "SOCKET_GUARD": str(said)}
    with running_server(tmp_path / "server.log", environment={**guard, **hub}) as server:
        visit_all(page, server)
    assert said.read_text(encoding="utf-8") == ""


def test_the_guard_sees_who_is_asked(tmp_path: Path):
    said = tmp_path / "asked.txt"
    code = """
import socket
for ask in (
    lambda: socket.create_connection(("elsewhere.invalid", 80)),
    lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(("192.0.2.1", 1)),
    lambda: socket.create_connection(("127.0.0.1", 1)),
):
    try:
        ask()
    except OSError:
        pass
"""
    environment = {**os.environ, "PYTHONPATH": str(GUARD), "SOCKET_GUARD": str(said)}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    lines = said.read_text(encoding="utf-8").splitlines()
    assert [line.split()[1] for line in lines] == ["elsewhere.invalid", "192.0.2.1"]
