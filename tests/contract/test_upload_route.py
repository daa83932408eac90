"""Files of the sizes that tokenizers have, through the upload route of a running server."""

import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from benchmarks.serving import Server, running_server
from components.settings import MAX_UPLOAD_MB


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("server") / "server.log") as running:
        yield running


_EDGE = "edge-of-a-part"


@contextmanager
def visit(server: Server) -> Iterator[tuple[str, str]]:
    """A visit to the app: the id of its session, and the cookie that its requests carry."""
    with urllib.request.urlopen(f"{server.url}/_stcore/health") as answer:
        cookies = answer.headers.get_all("Set-Cookie") or []
    token = next((c.split(";")[0] for c in cookies if c.startswith("_streamlit_xsrf")), "")
    stream = f"{server.url.replace('http', 'ws', 1)}/_stcore/stream"
    with connect(
        stream, additional_headers={"Cookie": token}, subprotocols=[Subprotocol("streamlit")]
    ) as channel:
        ask = BackMsg()
        ask.rerun_script.query_string = ""
        channel.send(ask.SerializeToString())
        session = ""
        while not session:
            told = channel.recv(timeout=60)
            assert isinstance(told, bytes)
            session = ForwardMsg.FromString(told).new_session.initialize.session_id
        yield session, token


def headers_of(token: str) -> dict[str, str]:
    return {
        "Content-Type": f"multipart/form-data; boundary={_EDGE}",
        "Cookie": token,
        "X-Xsrftoken": token.partition("=")[2].strip('"'),
    }


def status_of_upload(server: Server, size: int) -> int:
    """The status with which the server answers a file of so many bytes."""
    head = (
        f'--{_EDGE}\r\nContent-Disposition: form-data; name="file"; filename="tokenizer.json"\r\n'
    )
    body = f"{head}Content-Type: application/json\r\n\r\n".encode() + b" " * size
    with visit(server) as (session, token):
        request = urllib.request.Request(
            f"{server.url}/_stcore/upload_file/{session}/{uuid4()}",
            data=body + f"\r\n--{_EDGE}--\r\n".encode(),
            method="PUT",
            headers=headers_of(token),
        )
        with urllib.request.urlopen(request) as answer:
            return answer.status


@pytest.mark.parametrize("megabytes", [9.7, 17.5, 27.9, MAX_UPLOAD_MB - 0.01])
def test_a_tokenizer_of_a_size_in_use_is_taken_by_the_server(server: Server, megabytes: float):
    assert status_of_upload(server, int(megabytes * 2**20)) == 204


def test_a_file_beyond_what_the_page_offers_is_refused_by_the_server(server: Server):
    with visit(server) as (session, token):
        asked = HTTPConnection(urlsplit(server.url).netloc)
        asked.putrequest("PUT", f"/_stcore/upload_file/{session}/{uuid4()}")
        for name, value in headers_of(token).items():
            asked.putheader(name, value)
        asked.putheader("Content-Length", str((MAX_UPLOAD_MB + 1) * 2**20))
        asked.endheaders()  # the server answers before it reads any of the file
        assert asked.getresponse().status == 413
