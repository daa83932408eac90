"""A process whose children work on a run until they are killed. Talks over standard input.

Each line `STORE` starts a child that goes on with the interrupted runs of that store; its process
id is printed. The parent imports once, so that a child is at work within milliseconds.
"""

import os
import sys
import time
from pathlib import Path

from components.evaluation import RunStore
from components.evaluation.runner import Runner
from components.settings import Settings
from tests.support.scripted_runs import ScriptedPredictor, plan, prediction


def work(path: Path) -> None:
    store = RunStore(path)
    runner = Runner(store, ScriptedPredictor(seconds=0.0005), Settings())
    runner.resume_interrupted()
    while any(info.state in ("waiting", "running") for info in runner.runs()):
        time.sleep(0.001)
    runner.close()
    store.close()


def main() -> None:
    prediction(plan(1).rows[0].item)  # imports all that is needed
    print("ready", flush=True)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            work(Path(line.strip()))
            os._exit(0)
        print(child, flush=True)
        _, status = os.waitpid(child, 0)
        print(status, flush=True)


if __name__ == "__main__":
    main()
