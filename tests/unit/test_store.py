"""The cache folder: published in one step, verified, locked between processes."""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from components.assets.store import (
    MANIFEST,
    cache_root,
    file_matches,
    hub_cache,
    intact,
    locked,
    publish,
    sha256,
    staging,
)
from components.control import Control, Progress

REPOSITORY = Path(__file__).resolve().parents[2]


class Stop(BaseException):
    """What a page raises where progress is reported when its visitor leaves."""


@pytest.fixture(autouse=True)
def cache(empty_cache: Path) -> Path:
    return empty_cache


def folder_with(parent: Path, **files: bytes) -> Path:
    folder = parent / "new"
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def published(tmp_path: Path, **files: bytes) -> Path:
    destination = cache_root() / "packages" / "words"
    publish(folder_with(tmp_path, **files), destination)
    return destination


def rewrite(file: Path, content: bytes) -> None:
    before = file.stat().st_mtime_ns
    file.write_bytes(content)
    os.utime(file, ns=(before, before + 1_000_000_000))


def wait_for(ready: Path, process: subprocess.Popen[bytes]) -> None:
    """Wait until the process makes the file."""
    while not ready.exists():
        assert process.poll() is None, "the process ended early"
        time.sleep(0.02)


def run_and_kill(code: str, ready: Path) -> None:
    """Run Python code in a process of its own until it makes the file, then kill it."""
    process = subprocess.Popen([sys.executable, "-c", code], cwd=REPOSITORY)
    wait_for(ready, process)
    process.kill()
    process.wait()


def test_the_cache_is_where_the_variable_says(cache: Path):
    assert cache_root() == cache
    assert hub_cache() == cache / "hub"


def test_a_home_folder_in_the_variable_is_expanded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("BASEWISE_CACHE", "~/models")
    assert cache_root() == Path.home() / "models"


@pytest.mark.parametrize("value", [None, ""])
def test_without_the_variable_the_hub_client_keeps_its_own_cache(
    monkeypatch: pytest.MonkeyPatch, value: str | None
):
    if value is None:
        monkeypatch.delenv("BASEWISE_CACHE")
    else:
        monkeypatch.setenv("BASEWISE_CACHE", value)
    assert cache_root().name == "basewise"
    assert hub_cache() is None


def test_a_published_folder_is_intact_and_lists_its_files(tmp_path: Path):
    destination = published(tmp_path, one=b"1", two=b"22")
    assert intact(destination)
    manifest = json.loads((destination / MANIFEST).read_text(encoding="utf-8"))
    assert {name: entry["bytes"] for name, entry in manifest.items()} == {"one": 1, "two": 2}
    assert manifest["two"]["sha256"] == sha256(destination / "two")


def test_publishing_moves_the_folder(tmp_path: Path):
    published(tmp_path, one=b"1")
    assert not (tmp_path / "new").exists()


def test_publishing_replaces_what_was_there(tmp_path: Path):
    published(tmp_path / "first", old=b"old", same=b"old")
    destination = published(tmp_path / "second", same=b"new")
    assert {path.name for path in destination.iterdir()} == {"same", MANIFEST}
    assert (destination / "same").read_bytes() == b"new"
    assert intact(destination)


def test_a_manifest_that_lists_nothing_is_not_intact(tmp_path: Path):
    destination = published(tmp_path, one=b"1")
    for content in ("{}", "[]", "null", '""'):
        (destination / MANIFEST).write_text(content, encoding="utf-8")
        assert not intact(destination)


def test_a_folder_that_is_not_there_is_not_intact(cache: Path):
    assert not intact(cache / "packages" / "words")


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "3", "null", '{"one": 3}', '{"one": {}}', '{"one": {"bytes": 1}}', "\x00"],
)
def test_a_folder_with_a_broken_manifest_is_not_intact(tmp_path: Path, content: str):
    destination = published(tmp_path, one=b"1")
    (destination / MANIFEST).write_text(content, encoding="utf-8")
    assert not intact(destination)


def test_a_folder_whose_manifest_is_no_text_is_not_intact(tmp_path: Path):
    destination = published(tmp_path, one=b"1")
    (destination / MANIFEST).write_bytes(b"\xff\xfe")
    assert not intact(destination)


def test_a_folder_without_a_manifest_is_not_intact(tmp_path: Path):
    destination = published(tmp_path, one=b"1")
    (destination / MANIFEST).unlink()
    assert not intact(destination)


def test_a_folder_that_lost_a_file_is_not_intact(tmp_path: Path):
    destination = published(tmp_path, one=b"1", two=b"2")
    assert intact(destination)
    (destination / "two").unlink()
    assert not intact(destination)


@pytest.mark.parametrize("content", [b"12", b"1234", b"124", b""])
def test_a_folder_with_an_altered_file_is_not_intact(tmp_path: Path, content: bytes):
    destination = published(tmp_path, one=b"123")
    assert intact(destination)
    rewrite(destination / "one", content)
    assert not intact(destination)


def test_a_folder_is_intact_again_once_it_is_published_again(tmp_path: Path):
    destination = published(tmp_path / "first", one=b"123")
    rewrite(destination / "one", b"124")
    assert not intact(destination)
    assert intact(published(tmp_path / "second", one=b"123"))


def test_a_file_is_hashed_once_as_long_as_it_does_not_change(tmp_path: Path):
    file = tmp_path / "file"
    file.write_bytes(b"123")
    digest = sha256(file)
    hashed: list[Path] = []

    def counting(path: Path) -> str:
        hashed.append(path)
        return sha256(path)

    assert file_matches(file, digest, counting)
    assert file_matches(file, digest, counting)
    assert len(hashed) == 1
    rewrite(file, b"124")
    assert not file_matches(file, digest, counting)
    assert not file_matches(file, digest, counting)
    assert len(hashed) == 3


def test_a_file_that_matched_one_digest_does_not_match_another(tmp_path: Path):
    file = tmp_path / "file"
    file.write_bytes(b"123")
    assert file_matches(file, sha256(file), sha256)
    assert not file_matches(file, "0" * 64, sha256)


def test_a_staging_folder_is_empty_and_gone_afterwards(cache: Path):
    with staging("words") as scratch:
        assert scratch.is_relative_to(cache)
        assert list(scratch.iterdir()) == []
        (scratch / "below").mkdir()
        (scratch / "below" / "file").write_bytes(b"1")
    assert not scratch.exists()
    assert list((cache / "staging").iterdir()) == []


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, Stop])
def test_a_staging_folder_is_gone_after_an_error(cache: Path, error: type[BaseException]):
    def write_and_fail(scratch: Path) -> None:
        (scratch / "file").write_bytes(b"1")
        raise error

    with pytest.raises(error), staging("words") as scratch:
        write_and_fail(scratch)
    assert list((cache / "staging").iterdir()) == []


def test_a_staging_folder_can_be_published_from(cache: Path):
    with staging("words") as scratch:
        publish(folder_with(scratch, one=b"1"), cache / "packages" / "words")
    assert intact(cache / "packages" / "words")


def test_what_a_killed_process_left_behind_is_cleaned(cache: Path, tmp_path: Path):
    ready = tmp_path / "ready"
    code = (
        "import sys, time, pathlib\n"
        "from components.assets.store import locked, staging\n"
        "from components.control import Control\n"
        "with locked('words', Control()), staging('words') as scratch:\n"
        "    (scratch / 'half.bin').write_bytes(b'half')\n"
        f"    pathlib.Path({str(ready)!r}).touch()\n"
        "    time.sleep(60)\n"
    )
    run_and_kill(code, ready)
    (left_behind,) = (cache / "staging").iterdir()
    assert (left_behind / "half.bin").exists()
    with locked("words", Control()), staging("words") as scratch:
        assert list((cache / "staging").iterdir()) == [scratch]
        assert list(scratch.iterdir()) == []


def test_the_staging_folder_of_another_key_is_left_alone(cache: Path):
    with staging("words-2") as other, staging("words"):
        assert other.exists()


def test_a_lock_keeps_another_thread_out_and_tells_it_so():
    stages: list[str] = []
    order: list[str] = []
    waits = threading.Event()

    def report(progress: Progress) -> None:
        stages.append(progress.stage)
        waits.set()

    def wait_for_the_lock() -> None:
        with locked("words", Control(report)):
            order.append("second")

    with locked("words", Control()):
        thread = threading.Thread(target=wait_for_the_lock)
        thread.start()
        assert waits.wait(10)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]
    assert set(stages) == {"Waiting for another download of the same files"}


def test_waiting_for_a_lock_can_be_interrupted():
    def stop(progress: Progress) -> None:
        raise Stop

    with locked("words", Control()):
        with pytest.raises(Stop), locked("words", Control(stop)):
            pytest.fail("the lock was taken twice")
        with pytest.raises(Stop), locked("words", Control(stop)):
            pytest.fail("the interrupted wait released the lock of another")


def test_locks_of_different_keys_do_not_wait_for_each_other():
    def stop(progress: Progress) -> None:
        raise Stop

    with locked("words", Control()), locked("numbers", Control(stop)):
        pass


@pytest.mark.parametrize("error", [ValueError, Stop])
def test_a_lock_is_released_after_an_error(error: type[BaseException]):
    def stop(progress: Progress) -> None:
        pytest.fail("the lock was not released")

    with pytest.raises(error), locked("words", Control()):
        raise error
    with locked("words", Control(stop)):
        pass


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path):
    ready = tmp_path / "ready"
    code = (
        "import time, pathlib\n"
        "from components.assets.store import locked\n"
        "from components.control import Control\n"
        "with locked('words', Control()):\n"
        f"    pathlib.Path({str(ready)!r}).touch()\n"
        "    time.sleep(60)\n"
    )
    run_and_kill(code, ready)
    waited = threading.Event()
    with locked("words", Control(lambda progress: waited.set())):
        pass
    assert not waited.is_set()


def test_a_lock_keeps_another_process_out(tmp_path: Path):
    ready = tmp_path / "ready"
    stages: list[str] = []
    code = (
        "import time, pathlib\n"
        "from components.assets.store import locked\n"
        "from components.control import Control\n"
        "with locked('words', Control()):\n"
        f"    pathlib.Path({str(ready)!r}).touch()\n"
        "    time.sleep(1)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=REPOSITORY)
    wait_for(ready, process)
    with locked("words", Control(lambda progress: stages.append(progress.stage))):
        pass
    process.wait(10)
    assert set(stages) == {"Waiting for another download of the same files"}
