"""What is used of huggingface_hub beyond its documented interface; a test guards each name.

Imported inside functions, as huggingface_hub takes half a second to import.
"""

from pathlib import Path

import httpx2
from huggingface_hub import constants
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.file_download import repo_folder_name
from huggingface_hub.utils.sha import git_hash

# The description of the one bar that counts bytes begins with this.
BYTES_BAR = "Downloading"

# What asking the Hub a question may raise: its answer, no connection, an unreadable answer.
NO_ANSWER = (HfHubHTTPError, httpx2.HTTPError, OSError, ValueError)


# How much is read of a file before its bar moves: the client's own 10 MB take a slow line half a
# minute, in which a download can't be stopped either.
_CHUNK_BYTES = 1 << 20


def report_often() -> None:
    """Have downloads report each megabyte."""
    constants.DOWNLOAD_CHUNK_SIZE = _CHUNK_BYTES


def folder_in_cache(repo_id: str, repo_type: str) -> str:
    """The name of a repository's folder in the client's cache."""
    return repo_folder_name(repo_id=repo_id, repo_type=repo_type)


def git_blob_hash(path: Path) -> str:
    """The hash that git, and so the Hub, gives a small file."""
    return git_hash(path.read_bytes())
