"""A proxy on this machine in front of a real server, that does wrong what a test asks for."""

import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

# Given a request, and how many came before it: true once it has answered by itself.
Fault = Callable[["Handler", int], bool]


class FaultProxy(ThreadingHTTPServer):
    """Passes requests on to `target` unless `fault` does otherwise."""

    daemon_threads = True

    def __init__(self, target: str):
        super().__init__(("127.0.0.1", 0), Handler)
        self.target = target
        self.fault: Fault | None = None
        self.change: Callable[[str, bytes], bytes] = lambda path, body: body  # of requests
        # Hears each request and answer: method, path, body, status, kind, answer.
        self.heard: Callable[[str, str, bytes, int, str, bytes], None] = lambda *_: None
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.open = self.most_open = 0
        self.ended: Counter[str] = Counter()
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        """The proxy's own address."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that closed its connection is what some tests are about."""
        self.ended["closed"] += 1


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    server: FaultProxy  # pyright: ignore[reportIncompatibleVariableOverride]
    body = b""

    def do_GET(self) -> None:
        self._pass()

    def do_POST(self) -> None:
        self._pass()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def _pass(self) -> None:
        server = self.server
        body = self.body = self.rfile.read(int(self.headers.get("content-length", 0)))
        with server.lock:
            before = len(server.asked)
            server.asked.append(self.path)
            server.headers.append(dict(self.headers))
            server.open += 1
            server.most_open = max(server.most_open, server.open)
        try:
            if server.fault is not None and server.fault(self, before):
                return
            self._forward(server.change(self.path, body))
        finally:
            with server.lock:
                server.open -= 1

    def _forward(self, body: bytes) -> None:
        headers = {k: v for k, v in self.headers.items() if k.lower() in _FORWARDED}
        data = body if self.command == "POST" else None
        request = urllib.request.Request(self.server.target + self.path, data, headers)
        try:
            with urllib.request.urlopen(request, timeout=600) as answer:
                got, status, kind = answer.read(), answer.status, answer.headers["content-type"]
        except urllib.error.HTTPError as error:
            got, status, kind = error.read(), error.code, error.headers["content-type"]
        self.server.heard(self.command, self.path, body, status, kind or "", got)
        self.answer(got, status, kind)

    def answer(
        self, body: bytes, status: int = 200, kind: str = "application/json", **headers: str
    ) -> None:
        """A whole answer."""
        self.send_response(status)
        self.send_header("content-type", kind or "application/json")
        self.send_header("content-length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def cut(self) -> None:
        """Half an answer, then the end of the connection."""
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", "1000")
        self.end_headers()
        self.wfile.write(b'{"half": ')
        self.wfile.flush()
        self.close_connection = True

    def hang_up(self) -> None:
        """The end of the connection, without an answer."""
        self.close_connection = True
        self.connection.close()

    def wait_until_closed(self, seconds: float = 20) -> bool:
        """Answer nothing; whether the client closed the connection meanwhile."""
        self.connection.settimeout(0.05)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                if self.connection.recv(1) == b"":
                    self.server.ended["closed while waiting"] += 1
                    self.close_connection = True
                    return True
            except TimeoutError:
                continue
            except OSError:
                self.server.ended["closed while waiting"] += 1
                self.close_connection = True
                return True
        return False


_FORWARDED = ("content-type", "authorization")


@contextmanager
def fault_proxy(target: str) -> Iterator[FaultProxy]:
    """A proxy while it is needed."""
    proxy = FaultProxy(target)
    thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield proxy
    finally:
        proxy.shutdown()
        proxy.server_close()
        thread.join()
