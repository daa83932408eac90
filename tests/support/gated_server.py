"""Serve the app with real models that wait while a file is there: a test holds them at work.

python -m tests.support.gated_server FOLDER PORT

A file in FOLDER is named as what it holds: `text` a continuation after each of its pieces, other
names the work that reports a stage which begins so (`Scoring prices`). Stop reaches work that is
held as it does work between two passes.
"""

import sys
import time
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.serving import REPOSITORY, Server, free_port, serving

_STEP_SECONDS = 0.02


@dataclass(frozen=True)
class HeldServer:
    """The app, its log, its file of runs, and the folder whose files hold its models."""

    server: Server
    folder: Path
    log: Path
    runs_file: Path

    def hold(self, what: str) -> None:
        """From now on this waits."""
        (self.folder / what).touch()

    def let_go(self) -> None:
        """Nothing waits any more."""
        for file in self.folder.iterdir():
            file.unlink()

    def address(self, question: str, *run: str, **query: object) -> str:
        """The live page with an own question."""
        return self.server.address(
            "live_inference", run=run, question=question, wording="own", **query
        )


@contextmanager
def held_server(folder: Path) -> Iterator[HeldServer]:
    """The app with models that can be held, and a file of runs of its own; all in the folder."""
    port, held, log = free_port(), folder / "held", folder / "server.log"
    runs_file = folder / "runs.sqlite"
    environment = {"BASEWISE_RUNS_FILE": str(runs_file)}
    held.mkdir()
    command = [sys.executable, "-m", "tests.support.gated_server", str(held), str(port)]
    with serving(command, port, "/_stcore/health", log, REPOSITORY, environment) as server:
        yield HeldServer(server, held, log, runs_file)


def _hold(folder: Path) -> None:
    """Have continuations and reports wait for their files to be gone."""
    from components.control import Control
    from components.engines.local.engine import LocalEngine
    from components.numbers import Scorer

    stream, report = LocalEngine.stream, Control.report

    def held_stream(
        self: LocalEngine, prompt: str, most: int, control: Control, *, scorer: Scorer
    ) -> Generator[str]:
        with closing(stream(self, prompt, most, control, scorer=scorer)) as pieces:
            for piece in pieces:
                yield piece
                while (folder / "text").exists():
                    control.check()
                    time.sleep(_STEP_SECONDS)

    def held_report(self: Control, stage: str, *args: float, **kwargs: float) -> None:
        report(self, stage, *args, **kwargs)  # type: ignore[arg-type]
        while any(stage.startswith(file.name) for file in folder.iterdir()):
            self.check()
            time.sleep(_STEP_SECONDS)

    LocalEngine.stream = held_stream  # type: ignore[method-assign, assignment]
    Control.report = held_report  # type: ignore[method-assign, assignment]


if __name__ == "__main__":
    from streamlit.web import cli

    _hold(Path(sys.argv[1]))
    arguments = ["streamlit", "run", str(REPOSITORY / "app.py"), f"--server.port={sys.argv[2]}"]
    sys.argv = [*arguments, "--server.headless=true", "--server.address=127.0.0.1"]
    cli.main()
