"""A served app as its host meets it: health, metrics, logs, what visits leave behind, its end."""

import asyncio
import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

from benchmarks.serving import REPOSITORY, Server, hosted_server
from tests.support import event_loop
from tests.support.visitor import Visitor, view, visit

MODEL = "acme/small"
MIB = 1 << 20

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def environment(tmp_path_factory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("host")
    return {
        "BASEWISE_LOG": "json",
        "BASEWISE_RUNS_FILE": str(folder / "runs.sqlite"),
        "STREAMLIT_SERVER_DISCONNECTED_SESSION_TTL": "1",
    }


@pytest.fixture(scope="module")
def log(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("log") / "server.log"


@pytest.fixture(scope="module")
def server(environment, log) -> Iterator[Server]:
    with hosted_server(log, environment) as running:
        yield running


def get(server: Server, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"{server.url}{path}", timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def entries(log: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]


def test_healthz_tells_pool_queue_store_and_disk_and_no_folder(server, environment):
    status, body = get(server, "/healthz")
    told = json.loads(body)
    assert status == 200
    assert told["status"] == "ok"
    assert told["pool"] == {"capacity": 2, "resident": []}
    assert told["queue"] == {"loading": 0, "by_model": {}}
    assert told["store"]["ok"]
    assert told["store"]["limit_megabytes"] == 2000
    assert told["disk"]["free_gb"] > 0
    for folder in (str(REPOSITORY), str(Path.home()), environment["BASEWISE_RUNS_FILE"]):
        assert folder not in body


def test_the_containers_health_check_says_so_by_its_status(server):
    command = [sys.executable, "deploy/healthcheck.py"]
    port = server.url.rpartition(":")[2]

    def check(port: str) -> subprocess.CompletedProcess[str]:
        told = {**os.environ, "STREAMLIT_SERVER_PORT": port}
        return subprocess.run(
            command, cwd=REPOSITORY, env=told, capture_output=True, text=True, check=False
        )

    assert check(port).returncode == 0
    assert check("9").returncode == 1


def test_a_store_that_can_not_be_read_fails_the_health_check(tmp_path):
    file = tmp_path / "runs.sqlite"
    file.write_bytes(b"no database " * 1000)
    told = {"BASEWISE_RUNS_FILE": str(file)}
    log = tmp_path / "server.log"
    with (
        pytest.raises(AssertionError, match="did not start"),
        hosted_server(log, told, seconds=20),
    ):
        pytest.fail("all is well with a damaged file")


def test_metrics_of_ours_stand_among_streamlits(server):
    status, text = get(server, "/_stcore/metrics")
    assert status == 200
    assert re.search(r"^basewise_predictions_total(\{.*\})? \d+$", text, re.MULTILINE)
    for name in ("basewise_refused", "basewise_fallbacks", "basewise_queue_length"):
        assert f"# TYPE {name} " in text
    assert "# TYPE active_sessions gauge" in text
    assert text.rstrip().endswith("# EOF")


def test_a_visitor_can_not_empty_what_all_visitors_share(server, log):
    async def ask() -> None:
        async with visit(server.url, "leaderboard") as visitor:
            await visitor.until(lambda one: one.finished > 0)
            message = BackMsg(clear_cache=True)
            await visitor.send(message)
            await visitor.go("evaluation")
            assert not visitor.faults

    event_loop.run(ask())
    assert any("clear the caches" in entry["message"] for entry in entries(log))


def test_every_line_of_the_log_is_an_object_and_a_fault_has_its_traceback_there_alone(
    environment, tmp_path
):
    app = tmp_path / "app"
    app.mkdir()
    for name in ("components", "pages", "deploy", ".streamlit"):
        (app / name).symlink_to(REPOSITORY / name)
    page = (REPOSITORY / "app.py").read_text(encoding="utf-8")
    (app / "app.py").write_text(f"{page}\nraise KeyError('a fault of /srv/secret')\n")
    log = tmp_path / "server.log"
    code = f"import runpy, sys; sys.path.insert(0, {str(app)!r}); import deploy.serve as s;"
    code += f"from pathlib import Path; s._APP = Path({str(app / 'app.py')!r}); s.main()"
    with hosted_server(log, environment, command=[sys.executable, "-c", code]) as server:

        async def look() -> Visitor:
            async with visit(server.url) as visitor:
                await visitor.until(lambda one: bool(one.faults))
                return visitor

        visitor = event_loop.run(look())
    shown = " ".join([*visitor.faults, *visitor.texts])
    assert "/srv/secret" not in shown
    assert "Traceback" not in shown
    assert "KeyError" not in shown
    faults = [entry for entry in entries(log) if "traceback" in entry]
    assert any("a fault of /srv/secret" in entry["traceback"] for entry in faults)


async def upload(visitor: Visitor, server: Server, name: str, content: bytes) -> None:
    """Bring a file of rows into the page, as a browser does."""
    found = visitor.all("file_uploader")
    uploader = next(one for one in found if one.label == "Products with prices")
    with urllib.request.urlopen(f"{server.url}/_stcore/health") as answer:
        cookies = answer.headers.get_all("Set-Cookie") or []
    token = next((c.split(";")[0] for c in cookies if c.startswith("_streamlit_xsrf")), "")
    edge, file_id = "edge", str(uuid4())
    head = f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    path = f"/_stcore/upload_file/{visitor.session}/{file_id}"
    request = urllib.request.Request(
        f"{server.url}{path}",
        data=head.encode() + content + f"\r\n--{edge}--\r\n".encode(),
        method="PUT",
        headers={
            "Content-Type": f"multipart/form-data; boundary={edge}",
            "Cookie": token,
            "X-Xsrftoken": token.partition("=")[2].strip('"'),
        },
    )
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 204
    state = WidgetState(id=uploader.id)
    info = state.file_uploader_state_value.uploaded_file_info.add()
    info.file_id, info.name, info.size = file_id, name, len(content)
    info.file_urls.file_id = file_id
    info.file_urls.upload_url = info.file_urls.delete_url = path
    before = visitor.finished
    await visitor.set(state)
    await visitor.until(lambda one: one.finished > before)


def uploaded_bytes(server: Server) -> int:
    """What the server holds of visitors' files, and of what was read of them."""
    _, text = get(server, "/_stcore/metrics?families=cache_memory_bytes")
    kept = [
        int(float(line.rsplit(" ", 1)[1]))
        for line in text.splitlines()
        if "UploadedFileManager" in line or "_uploaded_table" in line
    ]
    return sum(kept)


def test_what_a_visit_uploaded_is_let_go_of_soon_after_its_end(server):
    table = b"description,price\n" + b"a brass lamp of no. %d,12.50\n" * 400

    async def bring() -> int:
        async with visit(server.url, "evaluation", rows="file") as visitor:
            await visitor.until(lambda one: bool(one.all("file_uploader")))
            await upload(visitor, server, "lamps.csv", table)
            assert not visitor.faults
            return uploaded_bytes(server)

    assert event_loop.run(bring()) >= len(table)
    deadline = time.monotonic() + 40
    while uploaded_bytes(server) > 0:
        assert time.monotonic() < deadline, "an upload outlives its visit"
        time.sleep(0.5)


def test_a_signal_ends_a_server_that_visitors_have_open(tmp_path):
    with hosted_server(tmp_path / "server.log") as server:

        async def interrupt() -> None:
            async with visit(server.url, "leaderboard") as visitor:
                await visitor.until(lambda one: one.finished > 0)
                server.process.terminate()
                # Streamlit would wait for the visit's end.
                await asyncio.to_thread(server.process.wait, 20)

        event_loop.run(view(server.url, ""))
        event_loop.run(interrupt())
