"""Visitors are not told where a host keeps its files: in messages a path is its name."""

import errno
import os
import sqlite3
import tempfile
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from components.assets import without_folders
from components.assets.store import StoreError, cache_root, locked, publish, staging, usable_store
from components.control import Control
from components.errors import BasewiseError, RunStoreError, SettingsError
from components.evaluation import RunStore
from components.evaluation.database import usable
from components.evaluation.transfer import import_run


@pytest.fixture(autouse=True)
def cache(empty_cache: Path) -> Path:
    return empty_cache


def full(number: int) -> OSError:
    return OSError(number, os.strerror(number), str(cache_root() / "packages" / "words"))


@pytest.mark.parametrize(
    ("number", "reason", "way_out"),
    [
        (errno.ENOSPC, "is full", "make room"),
        (errno.EDQUOT, "is full", "make room"),
        (errno.EFBIG, "is full", "make room"),
        (errno.EACCES, "can't be written", "right to write"),
        (errno.EROFS, "can't be written", "right to write"),
        (errno.ENOTDIR, "can't be used", "BASEWISE_CACHE"),
        (errno.EIO, "can't be used", "BASEWISE_CACHE"),
    ],
)
def test_what_the_disk_refuses_is_told_with_its_own_way_out_and_without_its_folder(
    number, reason, way_out
):
    with pytest.raises(StoreError, match=reason) as caught, usable_store():
        raise full(number)
    assert way_out in (caught.value.way_out or "")
    assert str(cache_root()) not in f"{caught.value} {caught.value.way_out}"


def in_its_place(cache: Path) -> None:
    """A file where the folder is to be."""
    cache.parent.mkdir(parents=True, exist_ok=True)
    cache.write_bytes(b"")


def test_a_file_in_the_place_of_the_folder_is_said(cache):
    in_its_place(cache)
    for use in (lambda: locked("words", Control()), lambda: staging("words")):
        with pytest.raises(StoreError, match="can't be used") as caught, use():
            pytest.fail("a file was used as a folder")
        assert str(cache) not in f"{caught.value} {caught.value.way_out}"


def test_publishing_into_a_file_is_said(cache, tmp_path):
    folder = tmp_path / "new"
    folder.mkdir()
    in_its_place(cache)
    with pytest.raises(StoreError, match="can't be used"):
        publish(folder, cache / "packages" / "words")


@pytest.mark.parametrize(
    "error",
    [
        sqlite3.OperationalError("database or disk is full"),
        PermissionError(errno.EACCES, "Permission denied", "/srv/secret/runs.sqlite"),
    ],
)
def test_the_store_of_runs_is_named_without_its_folder(error):
    if isinstance(error, sqlite3.Error):
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
    with pytest.raises(RunStoreError) as caught, usable(Path("/srv/secret/runs.sqlite")):
        raise error
    assert "runs.sqlite" in str(caught.value)
    assert "/srv" not in str(caught.value)


def test_a_file_of_runs_that_can_not_be_had_is_named_without_its_folder(tmp_path):
    damaged = tmp_path / "secret" / "runs.sqlite"
    damaged.parent.mkdir()
    damaged.write_bytes(b"no database " * 1000)
    missing = tmp_path / "secret" / "missing.sqlite"
    attempts = [
        lambda: RunStore(damaged),
        lambda: import_run(RunStore(tmp_path / "other.sqlite"), missing, "me"),
    ]
    for attempt in attempts:
        with pytest.raises(BasewiseError) as caught:
            attempt()
        assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "folder",
    [lambda: cache_root(), Path.home, lambda: Path(tempfile.gettempdir()), Path.cwd],
)
def test_of_a_path_in_a_librarys_words_the_end_is_left(folder):
    text = f"No such file: '{folder()}/hub/model.safetensors' (os error 2)"
    assert without_folders(text) == "No such file: '…/hub/model.safetensors' (os error 2)"


def test_a_text_without_paths_stays_as_it_is():
    text = "The Hub answered HTTP 503 for https://huggingface.co/a/b."
    assert without_folders(text) == text


def show_an_error() -> None:
    from components.assets.store import cache_root
    from components.errors import Attempt, EngineError
    from components.ui.kit.feedback import show_error

    folder = cache_root() / "hub"
    show_error(
        EngineError(
            f"{folder}/a can't be read.",
            way_out=f"Delete {folder}/b.",
            attempts=[Attempt(f"{folder}/c", f"{folder}/d"), Attempt("twice", f"{folder}/e")],
            details=f"OSError: {folder}/f",
        )
    )


def test_no_error_on_a_page_names_a_folder_of_the_host(cache):
    at = AppTest.from_function(show_an_error, default_timeout=30).run()
    assert not at.exception
    shown = "\n".join(e.value for e in [*at.error, *at.markdown, *at.code]).replace("\\", "")
    assert str(cache) not in shown
    for name in "abcdef":
        assert f"…/hub/{name}" in shown


def show_settings() -> None:
    from components.ui.kit.feedback import usable_settings

    usable_settings()


def test_settings_that_can_not_be_used_are_said_on_the_page(monkeypatch):
    monkeypatch.setenv("BASEWISE_CACHE", "models")
    with pytest.raises(SettingsError):
        cache_root()
    at = AppTest.from_function(show_settings, default_timeout=30).run()
    assert not at.exception
    assert "not a relative one" in at.error[0].value
