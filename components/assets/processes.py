"""Run a helper program to its end, reporting progress and killing it if interrupted."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_POLL_SECONDS = 0.2


class ProcessError(Exception):
    """The program failed; `output` is what it printed."""

    def __init__(self, output: str):
        self.output = output
        super().__init__(output[-400:])


class ProgramMissingError(ProcessError):
    """There is no such program."""


def run(
    command: Sequence[str],
    *,
    scratch: Path,
    tick: Callable[[], None],
    environment: Mapping[str, str] | None = None,
) -> None:
    """Run `command` in `scratch`, calling `tick` several times a second in this thread.

    Whatever `tick` raises (a visitor's Stop, say) kills the program and everything it started.
    Raises ProcessError if the program fails or can't be started.
    """
    output_file = scratch / "output.txt"
    with output_file.open("wb") as output:
        try:
            process = subprocess.Popen(
                command,
                cwd=scratch,
                env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except FileNotFoundError as error:
            raise ProgramMissingError(f"{command[0]} is not installed") from error
        try:
            while process.poll() is None:
                tick()
                time.sleep(_POLL_SECONDS)
        finally:
            if process.poll() is None:
                _kill(process)
    if process.returncode != 0:
        text = output_file.read_text(encoding="utf-8", errors="replace")
        raise ProcessError(text)


def _kill(process: subprocess.Popen[bytes]) -> None:
    if os.name == "posix":
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()
