"""Answers recorded from a real server, and served again.

python -m tests.support.recorded_server NAME URL MODEL HUB_ID [KEY [REMARK]]

records connecting, one coarse price distribution, a continuation and, where the server tells it, a
text's likelihood, into tests/contract/recorded/NAME.json: one readable file with its date. A remark
says how the server was run, where that is not as its makers mean it; KEY is "" for none.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from components.control import Control
from components.endpoints import Endpoint
from components.engines import Connections, ServerEngine, TextLikelihood, price_distribution
from tests.support.fault_proxy import FaultProxy, Handler, fault_proxy

FOLDER = Path(__file__).resolve().parents[1] / "contract" / "recorded"
PROMPT = "What does this cost to the nearest dollar?\n\nA desk lamp of brass\n\nPrice is $"
TEXT = "A desk lamp of brass, 40 cm high."
TOLERANCE, TOKENS = 0.5, 6
# Where SGLang tells its version it tells all its settings, too: its key, folders of this machine.
_INFORMATION = ("/server_info", "/get_server_info")


def ask_everything(engine: ServerEngine) -> dict[str, Any]:
    """What is recorded of an engine: its requests are the same each time."""
    found = price_distribution(engine, PROMPT, TOLERANCE)
    told: dict[str, Any] = {"requests": found.passes, "unexplored": found.unexplored}
    told["continuation"] = "".join(engine.stream(PROMPT, TOKENS, Control()))
    if isinstance(engine, TextLikelihood):
        told["likelihood"] = engine.log_likelihood(TEXT, Control())
    return told


def record(
    name: str, url: str, model: str, hub_id: str, key: str | None = None, remark: str = ""
) -> Path:
    """Ask a real server through a proxy that writes down what passes; the file."""
    passed: list[dict[str, Any]] = []

    def heard(method: str, path: str, body: bytes, status: int, kind: str, answer: bytes) -> None:
        asked = json.loads(body) if body else None
        text = answer.decode("utf-8")
        told: Any = json.loads(text) if kind.startswith("application/json") else text
        if path == "/v1/models":
            told["data"] = [{**one, "root": model} for one in told["data"]]  # no folder of ours
        if path in _INFORMATION and isinstance(told, dict):
            told = {"version": told.get("version")}
        passed.append(
            {"method": method, "path": path, "body": asked, "status": status, "answer": told}
            | ({} if kind.startswith("application/json") else {"kind": kind})
        )

    with fault_proxy(url) as proxy:
        proxy.heard = heard
        given: dict[str, Any] = {"url": proxy.url, "model": model, "hub_id": hub_id}
        given["key"] = key or None
        endpoint = Endpoint(name="recorded", concurrency=1, **given)
        engine = Connections({"recorded": endpoint}).engine("recorded", Control())
        told = ask_everything(engine)
    about = {
        "server": f"{engine.id.engine} {engine.id.revision}",
        "date": date.today().isoformat(),
        "model": model,
        "hub_id": hub_id,
        "told": told,
    } | ({"remark": remark} if remark else {})
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{name}.json"
    lines = ",\n".join(json.dumps(one, ensure_ascii=False) for one in passed)
    path.write_text(
        f'{{"about": {json.dumps(about, indent=1)},\n"passed": [\n{lines}\n]}}\n', encoding="utf-8"
    )
    return path


@contextmanager
def recorded_server(name: str) -> Iterator[tuple[FaultProxy, dict[str, Any]]]:
    """A server on this machine that gives the recorded answers, and nothing else."""
    content = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    known = {
        (one["method"], one["path"], json.dumps(one["body"], sort_keys=True)): one
        for one in content["passed"]
    }

    def again(handler: Handler, before: int) -> bool:
        body = json.loads(handler.body) if handler.body else None
        one = known.get((handler.command, handler.path, json.dumps(body, sort_keys=True)))
        if one is None:
            handler.answer(b'{"error": {"message": "never recorded"}}', 418)
        elif isinstance(one["answer"], str):
            handler.answer(one["answer"].encode(), one["status"], one.get("kind", "text/plain"))
        else:
            handler.answer(json.dumps(one["answer"]).encode(), one["status"])
        return True

    with fault_proxy("") as proxy:
        proxy.fault = again
        yield proxy, content["about"]


if __name__ == "__main__":
    print(record(*sys.argv[1:]))
