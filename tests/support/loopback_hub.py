"""A Hugging Face Hub on this machine, for the Hub's own client to talk to."""

import hashlib
import json
import socket
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import quote, unquote, urlsplit

DEFAULT_COMMIT = "c0ffee" + "0" * 34
_CHUNK_BYTES = 1 << 16
_FOLDERS = {"model": "models", "dataset": "datasets"}

Request = tuple[str, str, str | None]


@dataclass(frozen=True)
class _Repo:
    files: Mapping[str, bytes]
    gated: bool
    lfs: frozenset[str]
    parameters: int | None = None


@dataclass
class _Answer:
    """What is sent; `sent` is the body where it is not what the headers promise."""

    status: int
    headers: dict[str, str]
    body: bytes = b""
    sent: bytes | None = None


def git_blob_sha1(content: bytes) -> str:
    """The ETag of a small file: its object name in git."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


class LoopbackHub:
    """Serves the repositories added to it over HTTP, and fails in the ways that it is told to.

    As on the real Hub, LFS files are redirected to another origin, which asks for no token, and
    the file list of a gated repository is public.
    """

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self._repos: dict[tuple[str, str], dict[str, _Repo]] = {}
        self._clear_faults()
        self._servers = [_Server(self, serves_lfs=False), _Server(self, serves_lfs=True)]
        self.url, self._lfs_url = (server.url for server in self._servers)

    def _clear_faults(self) -> None:
        self.down = False  # connections are closed at once
        self.status: int | None = None  # every answer is this HTTP error
        self.page: bytes | None = None  # every answer is this web page
        self.page_for_files: bytes | None = None  # and so is every file's content
        self.delay_seconds = 0.0  # before every answer
        self.bytes_per_second: float | None = None  # of file contents
        self.token: str | None = None  # opens gated repositories
        self.truncate: set[str] = set()  # files whose second half never comes
        self.truncate_once: set[str] = set()
        self.corrupt: dict[str, int] = {}  # file: how many times its bytes are wrong

    def reset(self) -> None:
        """No repositories, no recorded requests, no faults."""
        self._repos.clear()
        self.requests.clear()
        self._clear_faults()

    def add_repo(
        self,
        repo_id: str,
        files: Mapping[str, bytes],
        *,
        commit: str = DEFAULT_COMMIT,
        repo_type: str = "model",
        gated: bool = False,
        lfs: Iterable[str] = (),
        parameters: int | None = None,
    ) -> None:
        """Add a repository, or a newer commit to one; `lfs` names the files kept in LFS.

        `parameters` is how many numbers the Hub says its safetensors hold.
        """
        commits = self._repos.setdefault((_FOLDERS[repo_type], repo_id), {})
        commits.pop(commit, None)
        commits[commit] = _Repo(dict(files), gated, frozenset(lfs), parameters)

    def asked_for(self, file: str) -> list[Request]:
        """The recorded requests for a file, both of the Hub and of its LFS storage."""
        return [
            request
            for request in self.requests
            if request[1].endswith(f"/{quote(file)}") and not request[1].startswith("/api/")
        ]

    def answer(self, method: str, path: str, headers: Message) -> _Answer:
        """The answer of the Hub itself to a GET or HEAD of `path`."""
        parts = [unquote(part) for part in urlsplit(path).path.strip("/").split("/")]
        if parts[0] == "api" and len(parts) >= 4:
            return self._api(parts[1], "/".join(parts[2:4]), parts[4:])
        folder = parts.pop(0) if parts[0] in _FOLDERS.values() else "models"
        if len(parts) >= 5 and parts[2] == "resolve":
            found = self._find(folder, "/".join(parts[:2]), parts[3])
            if isinstance(found, _Answer):
                return found
            return self._resolve(folder, "/".join(parts), *found, method, headers)
        return _error(404, "RepoNotFound", "Not found")

    def _find(self, folder: str, repo_id: str, revision: str) -> tuple[str, _Repo] | _Answer:
        commits = self._repos.get((folder, repo_id))
        if commits is None:
            return _error(401, "RepoNotFound", "Repository not found")
        commit = next(reversed(commits)) if revision == "main" else revision
        if commit not in commits:
            return _error(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        return commit, commits[commit]

    def _api(self, folder: str, repo_id: str, rest: list[str]) -> _Answer:
        match rest:
            case [] | ["revision", _]:
                found = self._find(folder, repo_id, rest[1] if rest else "main")
                if isinstance(found, _Answer):
                    return found
                commit, repo = found
                counted = {"parameters": {"BF16": repo.parameters}, "total": repo.parameters}
                return _json(
                    {
                        "id": repo_id,
                        "sha": commit,
                        "private": False,
                        "gated": "manual" if repo.gated else False,
                        "siblings": [
                            {"rfilename": name, "size": len(content)}
                            for name, content in repo.files.items()
                        ],
                        **({"safetensors": counted} if repo.parameters else {}),
                    }
                )
            case ["tree", revision, *below]:
                found = self._find(folder, repo_id, revision)
                if isinstance(found, _Answer):
                    return found
                commit, repo = found
                prefix = "/".join([*below, ""]) if below else ""
                entries = [
                    _tree_entry(name, content, name in repo.lfs)
                    for name, content in repo.files.items()
                    if name.startswith(prefix)
                ]
                return _json(entries) if entries or not below else _missing(commit)
        return _error(404, "RepoNotFound", "Not found")

    def _resolve(
        self,
        folder: str,
        path: str,
        commit: str,
        repo: _Repo,
        method: str,
        headers: Message,
    ) -> _Answer:
        repo_id, _, rest = path.partition("/resolve/")
        name = rest.partition("/")[2]
        authorization = headers.get("Authorization")
        if repo.gated and (self.token is None or authorization != f"Bearer {self.token}"):
            return _error(403 if authorization else 401, "GatedRepo", "Access is restricted")
        if name not in repo.files:
            return _missing(commit)
        content = repo.files[name]
        if name not in repo.lfs:
            answer = self._contents(method, name, content, headers)
            answer.headers["ETag"] = f'"{git_blob_sha1(content)}"'
            answer.headers["X-Repo-Commit"] = commit
            return answer
        linked = {
            "X-Repo-Commit": commit,
            "X-Linked-Size": str(len(content)),
            "X-Linked-Etag": f'"{hashlib.sha256(content).hexdigest()}"',
            "Location": f"{self._lfs_url}/{folder}/{quote(repo_id)}/{commit}/{quote(name)}",
        }
        return _Answer(302, linked)

    def lfs_answer(self, method: str, path: str, headers: Message) -> _Answer:
        """The answer of the storage that LFS files are redirected to."""
        folder, organization, repo_name, commit, name = unquote(path).strip("/").split("/", 4)
        commits = self._repos.get((folder, f"{organization}/{repo_name}"), {})
        if commit not in commits:
            return _Answer(403, {})
        return self._contents(method, name, commits[commit].files[name], headers)

    def _contents(self, method: str, name: str, content: bytes, headers: Message) -> _Answer:
        whole = content
        if self.corrupt.get(name, 0) > 0 and method == "GET":
            self.corrupt[name] -= 1
            content = bytes(byte ^ 0xFF for byte in content)
        status, start, answer_headers = 200, 0, {"Accept-Ranges": "bytes"}
        if requested := headers.get("Range"):
            first, _, last = requested.removeprefix("bytes=").partition("-")
            start, end = int(first), int(last) + 1 if last else len(content)
            if start >= len(content):
                return _Answer(416, {"Content-Range": f"bytes */{len(content)}"})
            status, content = 206, content[start:end]
            answer_headers["Content-Range"] = f"bytes {start}-{end - 1}/{len(whole)}"
        sent = None
        if method == "GET" and name in self.truncate | self.truncate_once:
            sent = content[: max(0, len(whole) // 2 - start)]
            self.truncate_once.discard(name)
        return _Answer(status, answer_headers, content, sent)


def _tree_entry(name: str, content: bytes, in_lfs: bool) -> dict[str, Any]:
    entry: dict[str, Any] = {"type": "file", "path": name, "size": len(content)}
    if not in_lfs:
        return {**entry, "oid": git_blob_sha1(content)}
    sha256 = hashlib.sha256(content).hexdigest()
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\n"
    pointer += f"size {len(content)}\n"
    lfs = {"oid": sha256, "size": len(content), "pointerSize": len(pointer)}
    return {**entry, "oid": git_blob_sha1(pointer.encode()), "lfs": lfs}


def _json(content: object) -> _Answer:
    return _Answer(200, {"Content-Type": "application/json"}, json.dumps(content).encode())


def _error(status: int, code: str, message: str) -> _Answer:
    answer = _json({"error": message})
    answer.status = status
    answer.headers |= {"X-Error-Code": code, "X-Error-Message": message}
    return answer


def _missing(commit: str) -> _Answer:
    answer = _error(404, "EntryNotFound", "Entry not found")
    answer.headers["X-Repo-Commit"] = commit
    return answer


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, hub: LoopbackHub, *, serves_lfs: bool):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.hub = hub
        self.serves_lfs = serves_lfs
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that go away are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._respond()

    def do_HEAD(self) -> None:
        self._respond()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: pytest's output is for failures."""

    def _respond(self) -> None:
        server = cast(_Server, self.server)
        hub = server.hub
        hub.requests.append((self.command, self.path, self.headers.get("Authorization")))
        time.sleep(hub.delay_seconds)
        if hub.down:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        is_file = server.serves_lfs or "/resolve/" in self.path
        if hub.status is not None:
            answer = _Answer(hub.status, {})
        elif page := hub.page or (is_file and hub.page_for_files):
            answer = _Answer(200, {"Content-Type": "text/html"}, page)
        else:
            reply = hub.lfs_answer if server.serves_lfs else hub.answer
            answer = reply(self.command, self.path, self.headers)
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if answer.sent is not None:
            self.close_connection = True
        self._send_body(
            answer.body if answer.sent is None else answer.sent,
            hub.bytes_per_second if is_file else None,
        )

    def _send_body(self, body: bytes, bytes_per_second: float | None) -> None:
        for start in range(0, len(body), _CHUNK_BYTES):
            chunk = body[start : start + _CHUNK_BYTES]
            self.wfile.write(chunk)
            if bytes_per_second:
                time.sleep(len(chunk) / bytes_per_second)
