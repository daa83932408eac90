"""A process that has imported the large libraries, and forks itself for each call.

Importing torch and transformers takes seconds; a fork of a process that has them takes
milliseconds. The server has one thread, runs nothing of a stranger's itself, and ends with the app
or when nothing was asked of it for some minutes. (The standard library's fork server would hand the
app's environment to every call, and what a call starts could not be ended with it.)

The app sends a message per call over a socket, with the files that become the call's standard
input, output and error, and a pipe for its exit status. Closing that pipe ends the call.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import IO, Any, Literal, NoReturn

from components.isolation.child import answer_call
from components.isolation.environment import ROOT, clean_environment
from components.isolation.limits import Limits

Libraries = Literal["data", "models"]

# What each server imports before it forks: all that takes time in the calls that use it.
IMPORTS: dict[Libraries, tuple[str, ...]] = {
    "data": (
        "charset_normalizer",
        "pandas",
        "price_parser",
        "pyarrow.parquet",
        "pydantic_settings",
        "tokenizers",
    ),
    "models": (
        "pydantic_settings",
        "torch",
        "transformers.modeling_utils",
        "transformers.models.auto.modeling_auto",
        "transformers.tokenization_utils_tokenizers",
    ),
}
_PACKAGE = "components.isolation"
_IDLE_SECONDS = 300
_MESSAGE_BYTES, _FILES = 10_000, 4


@dataclass(frozen=True)
class _Server:
    process: subprocess.Popen[bytes]
    channel: socket.socket

    def close(self) -> None:
        self.channel.close()
        self.process.wait()


class ForkServers:
    """The app's side: a server for each kind of libraries, started when first needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards _servers
        self._servers: dict[Libraries, _Server] = {}

    def start(
        self,
        call: Mapping[str, Any],
        libraries: Libraries,
        files: tuple[IO[bytes], IO[bytes], IO[bytes]],
    ) -> ForkedProcess:
        """Start a call of `answer_call`; the files are its input, output and error."""
        status, told = os.pipe()
        message = json.dumps(call).encode()
        descriptors = [*(file.fileno() for file in files), told]
        try:
            with self._lock:
                try:
                    self._send(libraries, message, descriptors)
                except ConnectionError:  # it was idle for long, or was killed
                    self._servers.pop(libraries).close()
                    self._send(libraries, message, descriptors)
        except BaseException:
            os.close(status)
            raise
        finally:
            os.close(told)
        return ForkedProcess(status)

    def _send(self, libraries: Libraries, message: bytes, descriptors: list[int]) -> None:
        if libraries not in self._servers:
            self._servers[libraries] = self._started(libraries)
        socket.send_fds(self._servers[libraries].channel, [message], descriptors)

    def _started(self, libraries: Libraries) -> _Server:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-m", _PACKAGE, "serve", libraries, str(theirs.fileno())],
                cwd=ROOT,
                env=clean_environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        return _Server(process, ours)


class ForkedProcess:
    """A call's process, whose exit status comes over a pipe.

    `returncode` is None while it runs, and negative where a signal ended it.
    """

    def __init__(self, status: int):
        self._status = status
        self.returncode: int | None = None

    def ends_within(self, seconds: float) -> bool:
        """Whether it has ended, waiting for that at most so long.

        ChildProcessError if nobody was there to run it.
        """
        if self.returncode is None and select.select([self._status], [], [], seconds)[0]:
            said = os.read(self._status, 100)
            self._close()
            if not said:
                raise ChildProcessError("The server that forks for isolated calls has ended.")
            self.returncode = int(said)
        return self.returncode is not None

    def kill(self) -> None:
        """End it, and all that it started. Nothing happens where it has ended."""
        if self.returncode is None:
            self._close()  # who watches it sees that nobody reads any more
            self.returncode = -signal.SIGKILL

    def _close(self) -> None:
        if self._status >= 0:
            os.close(self._status)
            self._status = -1


# What follows runs in the server, and in the processes that it forks.


def serve(channel: socket.socket, libraries: Libraries) -> None:
    """Fork a process per message until the app has gone, or asked nothing for some minutes."""
    for name in IMPORTS[libraries]:
        import_module(name)
    gc.collect()
    gc.freeze()  # a collection in a fork would copy every page that it looks at
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the processes
    channel.settimeout(_IDLE_SECONDS)
    while True:
        message, files = _received(channel)
        if not message:
            return
        if os.fork() == 0:
            channel.close()
            _watch(json.loads(message), files)
        for file in files:
            os.close(file)


def _received(channel: socket.socket) -> tuple[bytes, list[int]]:
    try:
        message, files, _, _ = socket.recv_fds(channel, _MESSAGE_BYTES, _FILES)
    except TimeoutError:
        channel.shutdown(socket.SHUT_RD)  # the app sees from now on that nobody listens
        message, files, _, _ = socket.recv_fds(channel, _MESSAGE_BYTES, _FILES)  # sent just before
    return message, files


def _watch(call: Mapping[str, Any], files: Sequence[int]) -> NoReturn:
    """In a session of its own: run the call in one more process, and tell how that ended.

    Once nobody reads that, because the app stopped the call or has ended itself, all are killed.
    """
    *standard, status = files
    try:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        running, held = os.pipe()  # held open by the call's process alone
        pid = os.fork()
        if pid == 0:
            os.close(status)
            _run(call, standard)
        os.close(held)
        waited = select.poll()
        waited.register(running, 0)  # its end is told whether or not it is asked for
        waited.register(status, 0)
        if status in dict(waited.poll()):
            os.killpg(0, signal.SIGKILL)
        _, ended = os.waitpid(pid, 0)
        os.write(status, f"{os.waitstatus_to_exitcode(ended)}".encode())
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(0)


def _run(call: Mapping[str, Any], standard: Sequence[int]) -> NoReturn:
    code = 1
    try:
        for target, file in enumerate(standard):
            os.dup2(file, target)
        answer_call(call["function"], Limits(**call["limits"]))
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)
