"""Serve the app as a visitor meets it, and the browser to meet it with."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

REPOSITORY = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Server:
    """A running app."""

    url: str
    process: subprocess.Popen[bytes]

    def address(self, page: str = "", **query: object) -> str:
        """The address of a page with its query parameters."""
        return f"{self.url}/{page}" + (f"?{urlencode(query, doseq=True)}" if query else "")


@contextmanager
def running_server(
    log: Path,
    script: Path = REPOSITORY / "app.py",
    environment: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Server]:
    """A script as `streamlit run` serves it, on a port of its own, once it answers.

    `environment` is set for the server on top of this process's own.
    """
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", str(script), f"--server.port={port}"]
    command += ["--server.headless=true", "--server.address=127.0.0.1"]
    with serving(command, port, "/_stcore/health", log, script.parent, environment) as server:
        yield server


@contextmanager
def hosted_server(
    log: Path,
    environment: Mapping[str, str] = MappingProxyType({}),
    *,
    command: Sequence[str] = (sys.executable, "-m", "deploy.serve"),
    seconds: float = 60,
) -> Iterator[Server]:
    """The app as `deploy/serve.py` serves it, on a port of its own, once all is well with it."""
    port = free_port()
    told = {"STREAMLIT_SERVER_PORT": str(port), "STREAMLIT_SERVER_ADDRESS": "127.0.0.1"}
    with serving(
        list(command), port, "/healthz", log, REPOSITORY, {**told, **environment}, seconds=seconds
    ) as server:
        yield server


def free_port() -> int:
    """A port of this machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def serving(
    command: list[str],
    port: int,
    health: str,
    log: Path,
    folder: Path,
    environment: Mapping[str, str],
    *,
    seconds: float = 60,
) -> Iterator[Server]:
    """A command run in `folder`, once its server on `port` answers at the path `health`.

    AssertionError with its log if it does not within so many seconds.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
        )
        try:
            _wait_until_healthy(f"http://127.0.0.1:{port}{health}", process, log, seconds)
            yield Server(f"http://127.0.0.1:{port}", process)
        finally:
            process.terminate()
            process.wait(timeout=20)


def _wait_until_healthy(
    url: str, process: subprocess.Popen[bytes], log: Path, seconds: float
) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"the server did not start:\n{log.read_text(errors='replace')}")


def browser_launch_arguments() -> dict[str, Any]:
    """The machine's own Chromium or Chrome where there is one, else Playwright's."""
    arguments: dict[str, Any] = {
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
