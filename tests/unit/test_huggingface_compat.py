"""What is used of huggingface_hub beyond its documentation is still there and does the same."""

import hashlib
import inspect
from pathlib import Path

from huggingface_hub import _snapshot_download

from components.assets.huggingface_compat import (
    BYTES_BAR,
    NO_ANSWER,
    folder_in_cache,
    git_blob_hash,
    report_often,
)


def test_a_repositorys_folder_in_the_cache_is_named_as_the_client_names_it():
    assert folder_in_cache("acme/tiny", "model") == "models--acme--tiny"
    assert folder_in_cache("acme/tiny", "dataset") == "datasets--acme--tiny"


def test_small_files_are_hashed_as_git_hashes_a_blob(tmp_path: Path):
    file = tmp_path / "file"
    file.write_bytes(b"one\n")
    assert git_blob_hash(file) == hashlib.sha1(b"blob 4\0one\n").hexdigest()


def test_the_bar_that_counts_bytes_is_still_described_so():
    assert f'desc="{BYTES_BAR}' in inspect.getsource(_snapshot_download)


def test_a_hub_that_does_not_answer_is_one_of_the_expected_errors():
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError

    for error in (GatedRepoError, RepositoryNotFoundError, ConnectionError, TimeoutError):
        assert issubclass(error, NO_ANSWER)


def test_downloads_are_read_and_reported_a_megabyte_at_a_time():
    from huggingface_hub import constants, file_download

    report_often()
    assert constants.DOWNLOAD_CHUNK_SIZE == 1 << 20
    assert "chunk_size=constants.DOWNLOAD_CHUNK_SIZE" in inspect.getsource(file_download.http_get)
