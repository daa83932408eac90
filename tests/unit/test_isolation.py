"""A function in a process of its own: what it returns, and each way in which it can end badly."""

import os
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from benchmarks.serving import REPOSITORY
from components.control import Control
from components.errors import Attempt, StoppedError, TokenizerError
from components.isolation import (
    IsolatedFaultError,
    IsolationError,
    Limits,
    allow_memory,
    allow_processor_time,
    run_isolated,
)
from components.isolation import run as isolation
from components.isolation.fork_server import ForkServers

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="forks and limits as Linux has them")
LIMITS = Limits(memory_mb=200, cpu_seconds=20, seconds=30)


def echo(payload: bytes) -> dict[str, object]:
    print("what a library prints is no result")
    return {
        "length": len(payload),
        "begins": payload[:3].decode(),
        "home": os.environ.get("HF_TOKEN"),
    }


def refuse(payload: bytes) -> None:
    error = TokenizerError("No tokenizer.", way_out="Take another.")
    error.attempts = (Attempt("reading", "nothing there"),)
    error.details = "what a library said"
    raise error


def err(payload: bytes) -> None:
    raise KeyError("a slip of ours")


def abort(payload: bytes) -> None:
    os.abort()


def flood(payload: bytes) -> int:
    return len(bytearray(10**9))


def flood_after_imports(payload: bytes) -> int:
    allow_memory(100)
    return flood(payload)


def take_little_after_imports(payload: bytes) -> int:
    held = bytearray(300 * 10**6)
    allow_memory(100)
    return len(held) + len(bytearray(50 * 10**6))


def return_bytes(payload: bytes) -> bytes:
    return b"\x00\n" + payload


def spin(payload: bytes) -> None:
    allow_processor_time(0)
    while True:
        pass


def sleep(payload: bytes) -> None:
    time.sleep(60)


def babble(payload: bytes) -> str:
    return "x" * 3_000_000


def test_a_functions_result_comes_back_and_its_prints_and_the_hosts_secrets_do_not(monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "secret")
    told = run_isolated(echo, b"abc" * 1_000_000, LIMITS)
    assert told == {"length": 3_000_000, "begins": "abc", "home": None}


def test_what_the_function_refuses_is_refused_here_in_the_same_words():
    with pytest.raises(TokenizerError, match=r"No tokenizer\.") as caught:
        run_isolated(refuse, b"", LIMITS)
    assert caught.value.way_out == "Take another."
    assert caught.value.attempts == (Attempt("reading", "nothing there"),)
    assert caught.value.details == "what a library said"


def test_a_programming_error_stays_loud_with_its_traceback():
    with pytest.raises(IsolatedFaultError, match="a slip of ours"):
        run_isolated(err, b"", LIMITS)


@LINUX
@pytest.mark.parametrize(
    ("function", "limits", "reason"),
    [
        (abort, LIMITS, "crash"),
        (flood, LIMITS, "memory"),
        (flood_after_imports, Limits(memory_mb=9000, cpu_seconds=20, seconds=30), "memory"),
        (spin, LIMITS, "time"),
        (sleep, Limits(memory_mb=200, cpu_seconds=20, seconds=2), "time"),
        (babble, Limits(memory_mb=200, cpu_seconds=20, seconds=30, output_mb=1), "output"),
    ],
)
def test_a_crash_a_flood_and_a_hang_there_are_errors_here(function, limits, reason):
    with pytest.raises(IsolationError) as caught:
        run_isolated(function, b"", limits)
    assert caught.value.reason == reason


def test_bytes_come_back_as_they_are():
    assert run_isolated(return_bytes, b"\nrest", LIMITS) == b"\x00\n\nrest"


def test_memory_is_allowed_on_top_of_what_was_taken_before():
    limits = Limits(memory_mb=900, cpu_seconds=20, seconds=30)
    assert run_isolated(take_little_after_imports, b"", limits) == 350 * 10**6


def when(payload: bytes) -> tuple[float, float]:
    started = time.monotonic()
    time.sleep(0.5)
    return started, time.monotonic()


@pytest.mark.slow
def test_no_more_run_at_a_time_than_may(monkeypatch):
    monkeypatch.setattr(isolation, "_places", threading.BoundedSemaphore(2))
    with ThreadPoolExecutor(5) as pool:
        times = list(pool.map(lambda _: run_isolated(when, b"", LIMITS), range(5)))
    at_once = [sum(a <= started < b for a, b in times) for started, _ in times]
    assert max(at_once) <= 2


def test_who_waits_for_a_place_can_be_stopped(monkeypatch):
    monkeypatch.setattr(isolation, "_places", threading.BoundedSemaphore(1))
    control = Control()
    with isolation._places:
        control.stop()
        with pytest.raises(StoppedError):
            run_isolated(sleep, b"", LIMITS, control)


def test_stop_ends_the_process():
    control = Control()
    control.stop()
    with pytest.raises(StoppedError):
        run_isolated(sleep, b"", LIMITS, control)


@pytest.fixture(params=[pytest.param("forked", marks=LINUX), "started"])
def way(request, monkeypatch):
    """A call is forked from a server, or started for itself, as where there are no forks."""
    if request.param == "started":
        monkeypatch.setattr(isolation.sys, "platform", "a system without forks")
    return request.param


@pytest.mark.slow
def test_a_call_is_answered_refused_loud_and_ended_forked_or_not(way):
    assert run_isolated(return_bytes, b"x", LIMITS) == b"\x00\nx"
    with pytest.raises(TokenizerError, match="No tokenizer"):
        run_isolated(refuse, b"", LIMITS)
    with pytest.raises(IsolatedFaultError, match="a slip of ours"):
        run_isolated(err, b"", LIMITS)
    with pytest.raises(IsolationError, match="more than 1 s"):
        run_isolated(sleep, b"", Limits(memory_mb=200, cpu_seconds=20, seconds=1))


def imported(payload: bytes) -> list[str]:
    return [name for name in ("pandas", "torch", "transformers") if name in sys.modules]


def threads(payload: bytes) -> list[str]:
    """Of the process that forked the one that watches this one."""
    watcher = Path(f"/proc/{os.getppid()}/stat").read_text(encoding="ascii")
    server = watcher.rpartition(")")[2].split()[1]
    return [task.name for task in Path(f"/proc/{server}/task").iterdir()]


@pytest.mark.slow
@LINUX
@pytest.mark.parametrize(
    ("libraries", "there"), [("data", ["pandas"]), ("models", ["torch", "transformers"])]
)
def test_a_server_has_its_libraries_and_one_thread_so_that_a_fork_is_safe(libraries, there):
    limits = Limits(memory_mb=200, cpu_seconds=20, seconds=120)
    assert run_isolated(imported, b"", limits, libraries=libraries) == there
    assert len(run_isolated(threads, b"", limits, libraries=libraries)) == 1


@pytest.mark.slow
@LINUX
def test_where_the_server_was_killed_the_next_call_starts_another(monkeypatch):
    servers = ForkServers()
    monkeypatch.setattr(isolation, "_servers", servers)
    assert run_isolated(return_bytes, b"", LIMITS) == b"\x00\n"
    first = servers._servers["data"].process
    first.kill()
    first.wait()
    assert run_isolated(return_bytes, b"", LIMITS) == b"\x00\n"
    assert servers._servers["data"].process.pid != first.pid


@LINUX
def test_an_idle_server_ends_and_the_app_sees_that_nobody_listens():
    # Not in this process: a server takes no notice of how its children end.
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    program = f"""
import socket
from components.isolation import fork_server
fork_server._IDLE_SECONDS = 0.05
fork_server.serve(socket.socket(fileno={theirs.fileno()}), "data")
"""
    command = [sys.executable, "-c", program]
    with ours, theirs:
        server = subprocess.run(
            command, cwd=REPOSITORY, pass_fds=[theirs.fileno()], timeout=60, check=False
        )
        theirs.close()
        assert server.returncode == 0
        with pytest.raises(BrokenPipeError):
            ours.send(b"{}")


def say_and_sleep(payload: bytes) -> None:
    Path(payload.decode()).write_text(str(os.getpid()), encoding="ascii")
    time.sleep(60)


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2][1] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.slow
@LINUX
def test_a_call_ends_with_the_app_that_asked_for_it(tmp_path):
    said = tmp_path / "pid"
    program = f"""
from components.isolation import Limits, run_isolated
from tests.unit.test_isolation import say_and_sleep
run_isolated(say_and_sleep, {str(said)!r}.encode(), Limits(200, 20, 60))
"""
    app = subprocess.Popen([sys.executable, "-c", program], cwd=REPOSITORY)
    deadline = time.monotonic() + 60
    while not (said.exists() and said.read_text(encoding="ascii")) and time.monotonic() < deadline:
        time.sleep(0.05)
    pid = int(said.read_text(encoding="ascii"))
    assert is_running(pid)
    app.kill()
    app.wait()
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_running(pid)
