"""deploy/nginx in front of the real app: TLS, headers, websocket, limits, in a real browser too."""

import os
import re
import shutil
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import sync_playwright

from benchmarks.serving import (
    REPOSITORY,
    Server,
    browser_launch_arguments,
    free_port,
    hosted_server,
)
from components.settings import MAX_UPLOAD_MB
from tests.support import event_loop
from tests.support.visitor import visit

TEMPLATE = REPOSITORY / "deploy" / "nginx" / "basewise.conf.template"
PAGES = ("", "leaderboard", "tokenizer_inspector", "live_inference", "evaluation")


@dataclass(frozen=True)
class Proxy:
    """A running nginx: its addresses with TLS and without."""

    url: str
    plain: str


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Server]:
    with hosted_server(tmp_path_factory.mktemp("server") / "server.log") as running:
        yield running


@pytest.fixture(scope="module")
def proxy(server, tmp_path_factory) -> Iterator[Proxy]:
    folder = tmp_path_factory.mktemp("nginx")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]
    command += ["-subj", "/CN=localhost", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    https, http = free_port(), free_port()
    values = {
        "APP_ADDRESS": server.url.removeprefix("http://"),
        "HTTP_PORT": f"127.0.0.1:{http}",
        "HTTPS_PORT": f"127.0.0.1:{https}",
        "SERVER_NAME": f"localhost:{https}",
        "TLS_CERTIFICATE": str(certificate),
        "TLS_KEY": str(key),
    }
    config = folder / "nginx.conf"
    config.write_text(main_config(folder, filled(TEMPLATE.read_text("utf-8"), values)), "utf-8")
    nginx = shutil.which("nginx") or "/usr/sbin/nginx"
    process = subprocess.Popen([nginx, "-c", str(config), "-e", str(folder / "error.log")])
    try:
        wait_for(process, https, folder / "error.log")
        yield Proxy(f"https://localhost:{https}", f"http://localhost:{http}")
    finally:
        process.terminate()
        process.wait(10)


def filled(template: str, values: dict[str, str]) -> str:
    """The template as the image's envsubst fills it."""
    for name, value in values.items():
        template = template.replace(f"${{{name}}}", value)
    assert "${" not in template
    # A name with a port is for this test's address alone.
    return template.replace(f"server_name {values['SERVER_NAME']}", "server_name localhost")


def main_config(folder: Path, site: str) -> str:
    """What nginx's image has around a site, for a user of this machine."""
    user = "user root;" if os.geteuid() == 0 else ""
    return (
        f"{user} daemon off; worker_processes 1; pid {folder}/nginx.pid;"
        f" error_log {folder}/error.log; events {{}}\n"
        f"http {{ access_log off; client_body_temp_path {folder}/body;"
        f" proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;"
        f" uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;\n{site}\n}}"
    )


def wait_for(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline and process.poll() is None:
        try:
            ask("GET", f"https://localhost:{port}", "/_stcore/health")
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(log.read_text(encoding="utf-8"))


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def ask(
    method: str, url: str, path: str, headers: dict[str, str] | None = None, body: bytes = b""
) -> tuple[int, dict[str, str]]:
    """The status and headers of an answer; names of headers in lower case."""
    connection = HTTPSConnection(urlsplit(url).netloc, context=trusting(), timeout=20)
    try:
        connection.request(method, path, body or None, headers or {})
        answer = connection.getresponse()
        answer.read()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}
    finally:
        connection.close()


@pytest.mark.parametrize("path", ["/", "/leaderboard", "/_stcore/health", "/healthz"])
def test_every_answer_has_the_headers_also_a_refusal(proxy, path):
    _, headers = ask("GET", proxy.url, path)
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "object-src 'none'" in headers["content-security-policy"]
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["strict-transport-security"] == "max-age=31536000"
    assert not re.search(r"\d", headers["server"]), "the version is told"


def test_plain_http_is_sent_to_tls(proxy):
    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, req, fp, code, msg, headers, newurl):  # type: ignore[no-untyped-def]
            return None

    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.build_opener(Stay).open(f"{proxy.plain}/leaderboard?kind=base")
    assert caught.value.code == 301
    assert caught.value.headers["Location"] == f"{proxy.url}/leaderboard?kind=base"


@pytest.mark.parametrize("path", ["/healthz", "/_stcore/metrics"])
def test_what_is_for_the_host_is_not_told_outside(proxy, server, path):
    assert ask("GET", proxy.url, path)[0] == 404


def test_the_websocket_works_through_it(proxy):
    async def look() -> None:
        async with visit(proxy.url, "leaderboard", tls=trusting()) as visitor:
            await visitor.until(lambda one: one.finished > 0)
            assert not visitor.faults
            assert visitor.all("dataframe")

    event_loop.run(look())


def test_the_upload_limit_is_the_pages_and_the_form_around_it():
    (limit,) = re.findall(r"client_max_body_size (\d+)m;", TEMPLATE.read_text(encoding="utf-8"))
    assert int(limit) == MAX_UPLOAD_MB + 1


def test_an_upload_over_the_limit_is_refused_before_it_is_read(proxy):
    size = (MAX_UPLOAD_MB + 2) << 20
    connection = HTTPSConnection(urlsplit(proxy.url).netloc, context=trusting(), timeout=20)
    connection.putrequest("PUT", "/_stcore/upload_file/nobody/nothing")
    connection.putheader("Content-Length", str(size))
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.status == 413
    assert answer.headers["Server"] == "nginx"
    connection.close()


def test_every_page_opens_in_a_browser_and_breaks_no_rule_of_the_headers(proxy):
    said: list[str] = []
    statuses: list[int] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**browser_launch_arguments())
        page = browser.new_context(ignore_https_errors=True).new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("response", lambda answer: statuses.append(answer.status))
        for path in PAGES:
            page.goto(f"{proxy.url}/{path}")
            page.get_by_role("heading", level=1).first.wait_for(timeout=60_000)
            page.get_by_test_id("stStatusWidget").wait_for(state="detached", timeout=60_000)
        # The one script in a page that the policy has to let run, on the last of them.
        page.wait_for_function("document.cookie.includes('basewise_visitor=')", timeout=60_000)
        browser.close()
    assert [text for text in said if "Content Security" in text] == []
    assert 429 not in statuses


def test_a_flood_is_answered_with_429_and_a_page_after_it_opens_again(proxy):
    def hit(times: int) -> list[int]:
        connection = HTTPSConnection(urlsplit(proxy.url).netloc, context=trusting(), timeout=20)
        statuses = []
        for _ in range(times):
            connection.request("GET", "/static/nothing.js")
            answer = connection.getresponse()
            answer.read()
            statuses.append(answer.status)
        connection.close()
        return statuses

    with ThreadPoolExecutor(8) as pool:
        statuses = [status for found in pool.map(hit, [150] * 8) for status in found]
    assert statuses.count(429) > 100
    assert {200, 404} & set(statuses)
    time.sleep(1)
    assert hit(1) != [429]
