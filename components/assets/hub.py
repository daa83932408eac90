"""Files of a Hub repository through huggingface_hub: pinned, verified, resumable."""

from __future__ import annotations

import io
import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from components.assets.hub_failures import (
    CONNECT,
    TRY_AGAIN,
    HubError,
    check_token,
    explain,
    has_reason,
    token_problem,
)
from components.assets.store import SourceError, file_matches, hub_cache, sha256
from components.control import Control
from components.registry import HubRepo

if TYPE_CHECKING:
    from huggingface_hub.utils import tqdm

_log = logging.getLogger(__name__)
_POLL_SECONDS = 0.2
_ANSWER_SECONDS = 5
# After the Hub failed to answer, the next repositories are not asked for this long: without it
# a page of six tokenizers waits for six time-outs.
_PAUSE_SECONDS = 30
_paused_until = 0.0


def cached_repo(
    repo: HubRepo,
    patterns: list[str],
    *,
    repo_type: str = "model",
    complete: Callable[[Path], bool] = lambda folder: True,
    verify: bool = True,
) -> Path | None:
    """The snapshot folder of files fetched earlier, if complete and, with `verify`, intact.

    Without a pinned revision an older snapshot serves where the newest one broke off half way.
    """
    from huggingface_hub import snapshot_download

    revisions = [repo.revision]
    if repo.revision is None:
        revisions += _cached_commits(repo, repo_type)
    for revision in revisions:
        try:
            folder = snapshot_download(
                repo.repo_id,
                revision=revision,
                repo_type=repo_type,
                allow_patterns=patterns,
                cache_dir=hub_cache(),
                local_files_only=True,
            )
        except (OSError, ValueError):
            continue
        found = any(_matches(file, Path(folder), patterns) for file in Path(folder).rglob("*"))
        damaged = verify and found and _damaged(Path(folder), patterns)
        if found and complete(Path(folder)) and not damaged:
            return Path(folder)
    return None


def cached_files(repo: HubRepo, *, repo_type: str = "model") -> list[str]:
    """The paths of all files that were fetched of the newest commit in the cache."""
    for snapshot in _snapshots(repo, repo_type)[:1]:
        files = [file for file in snapshot.rglob("*") if file.is_file()]
        return sorted(file.relative_to(snapshot).as_posix() for file in files)
    return []


def _cached_commits(repo: HubRepo, repo_type: str) -> list[str]:
    """The commits that the cache has snapshots of, the newest first."""
    return [folder.name for folder in _snapshots(repo, repo_type)]


def _snapshots(repo: HubRepo, repo_type: str) -> list[Path]:
    from huggingface_hub.constants import HF_HUB_CACHE

    from components.assets.huggingface_compat import folder_in_cache

    name = folder_in_cache(repo.repo_id, repo_type)
    snapshots = Path(hub_cache() or HF_HUB_CACHE) / name / "snapshots"
    if not snapshots.is_dir():
        return []
    return sorted(snapshots.iterdir(), key=lambda folder: folder.stat().st_mtime, reverse=True)


def _matches(file: Path, folder: Path, patterns: list[str]) -> bool:
    name = file.relative_to(folder).as_posix()
    return any(fnmatch(name, pattern) for pattern in patterns)


def fetch_repo(
    repo: HubRepo,
    patterns: list[str],
    control: Control,
    *,
    repo_type: str = "model",
    commit: str | None = None,
) -> Path:
    """Download the matching files; the snapshot folder, whose name is the commit.

    `commit` is the one that other files of the repository were fetched of, where any were.

    A file whose hash is not the one that the Hub promised is removed and fetched once more.
    Raises HubError with the reason.
    """
    global _paused_until
    if time.monotonic() < _paused_until:
        raise HubError("the Hub did not answer a moment ago", CONNECT)
    check_token()
    for _ in range(2):
        folder = _download(repo, patterns, control, repo_type, commit or repo.revision)
        if not (damaged := _damaged(folder, patterns)):
            return folder
        _log.warning("%s: damaged files are fetched once more", repo.describe())
        for blob in damaged:
            blob.unlink(missing_ok=True)
    raise HubError("a downloaded file does not have the hash that the Hub gives for it", TRY_AGAIN)


def stored_on_hub(repo: HubRepo) -> Mapping[str, int] | None:
    """How many numbers of each kind (BF16, F8_E4M3, …) a repository's safetensors hold.

    As the Hub counts them before a download; None where it can't be asked (a download would say
    why) or has not counted.
    """
    from huggingface_hub import HfApi

    from components.assets.huggingface_compat import NO_ANSWER

    if time.monotonic() < _paused_until or token_problem() is not None:
        return None
    try:
        info = HfApi().model_info(repo.repo_id, revision=repo.revision, timeout=_ANSWER_SECONDS)
    except NO_ANSWER as error:
        _log.info("The Hub does not say the size of %s: %s", repo.repo_id, error)
        return None
    return info.safetensors.parameters if info.safetensors else None


@dataclass(frozen=True)
class HubAnswer:
    """What the Hub says of a model: its weights' bytes and parameters, None where it does not say.

    `problem` is why it can't be had at all; "refused" says that this host's token is not taken.
    """

    bytes: int | None = None
    parameters: int | None = None
    gated: bool = False
    problem: Literal["missing", "unreachable", "refused"] | None = None


def ask_hub(repo: HubRepo) -> HubAnswer:
    """Ask the Hub for a model's size and whether it is gated; it has some seconds to answer."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError

    from components.assets.huggingface_compat import NO_ANSWER

    if time.monotonic() < _paused_until:
        return HubAnswer(problem="unreachable")
    if token_problem() is not None:
        return HubAnswer(problem="refused")
    try:
        info = HfApi().model_info(
            repo.repo_id, revision=repo.revision, files_metadata=True, timeout=_ANSWER_SECONDS
        )
    except RepositoryNotFoundError as error:
        return HubAnswer(problem="missing" if has_reason(error) else "refused")
    except HfHubHTTPError as error:
        _log.info("The Hub says nothing of %s: %s", repo.repo_id, error)
        refused = error.response.status_code in (401, 403)
        return HubAnswer(problem="refused" if refused else "unreachable")
    except NO_ANSWER as error:
        _log.info("The Hub says nothing of %s: %s", repo.repo_id, error)
        return HubAnswer(problem="unreachable")
    weights = [file for file in info.siblings or () if file.rfilename.endswith(".safetensors")]
    sizes = [file.size for file in weights if file.size is not None]
    return HubAnswer(
        bytes=sum(sizes) if sizes and len(sizes) == len(weights) else None,
        parameters=info.safetensors.total if info.safetensors else None,
        gated=bool(info.gated),
    )


def has_hub_token() -> bool:
    """Whether this host has a token for the Hub."""
    from huggingface_hub import get_token

    return get_token() is not None


def dataset_files(repo: HubRepo) -> dict[str, int]:
    """The paths of a dataset's files at its newest revision, with their sizes in bytes.

    Raises HubError with the reason.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.hf_api import RepoFile

    if time.monotonic() < _paused_until:
        raise HubError("the Hub did not answer a moment ago", CONNECT)
    check_token()
    from components.assets.huggingface_compat import NO_ANSWER

    api = HfApi()
    try:
        # Asked first: this call has a time-out.
        api.repo_info(repo.repo_id, repo_type="dataset", timeout=_ANSWER_SECONDS)
        entries = list(api.list_repo_tree(repo.repo_id, repo_type="dataset", recursive=True))
    except NO_ANSWER as error:
        raise _explained(error, repo, answered=False) from error
    return {entry.path: entry.size for entry in entries if isinstance(entry, RepoFile)}


def files_of(repo: HubRepo) -> frozenset[str]:
    """The names of a model repository's files; HubError with the reason if the Hub won't say."""
    from huggingface_hub import HfApi

    from components.assets.huggingface_compat import NO_ANSWER

    check_token()
    try:
        info = HfApi().model_info(repo.repo_id, revision=repo.revision, timeout=_ANSWER_SECONDS)
    except NO_ANSWER as error:
        raise _explained(error, repo, answered=False) from error
    return frozenset(file.rfilename for file in info.siblings or ())


@dataclass
class _Transfer:
    """What a download's threads and the one that waits for it tell each other."""

    answered: threading.Event = field(default_factory=threading.Event)
    cancelled: threading.Event = field(default_factory=threading.Event)
    done: int = 0
    total: int = 0


def _download(
    repo: HubRepo, patterns: list[str], control: Control, repo_type: str, revision: str | None
) -> Path:
    from huggingface_hub import HfApi, snapshot_download

    from components.assets.huggingface_compat import report_often

    report_often()
    transfer = _Transfer()
    bar = _counting_bar(transfer)

    def download() -> Path:
        # Asked first because this call gives up at once where the download would retry for half
        # a minute.
        HfApi().repo_info(
            repo.repo_id, repo_type=repo_type, revision=revision, timeout=_ANSWER_SECONDS
        )
        transfer.answered.set()
        folder = snapshot_download(
            repo.repo_id,
            revision=revision,
            repo_type=repo_type,
            allow_patterns=patterns,
            cache_dir=hub_cache(),
            etag_timeout=_ANSWER_SECONDS,
            tqdm_class=bar,
        )
        return Path(folder)

    future = _watched(download, transfer, control, f"Downloading {repo.describe()}")
    if (error := future.exception()) is not None:
        raise _explained(error, repo, answered=transfer.answered.is_set()) from error
    return future.result()


def _counting_bar(transfer: _Transfer) -> type[tqdm]:
    from huggingface_hub.utils import tqdm

    from components.assets.huggingface_compat import BYTES_BAR

    class Bar(tqdm):
        """Counts bytes instead of drawing, and ends the download when it is cancelled."""

        def __init__(self, *args: Any, **kwargs: Any):
            self._counts = str(kwargs.get("desc", "")).startswith(BYTES_BAR)
            super().__init__(*args, **{**kwargs, "file": io.StringIO(), "disable": False})

        def update(self, n: float | None = 1) -> bool | None:
            if transfer.cancelled.is_set():
                raise InterruptedError("cancelled")
            drawn = super().update(n)
            if self._counts:
                transfer.done, transfer.total = int(self.n), int(self.total or 0)
            return drawn

    return Bar


def _watched(
    download: Callable[[], Path], transfer: _Transfer, control: Control, stage: str
) -> Future[Path]:
    """The download at its end, however it ended, run in a thread and reported from this one.

    The client works in threads of its own; this one is where the page's calls have their session.
    On Stop its thread is left to end by itself: it may be in the middle of a chunk of many
    megabytes.
    """
    pool = ThreadPoolExecutor(1)
    try:
        future = pool.submit(download)
        while not future.done():
            control.report(stage, transfer.done, transfer.total or None)
            wait([future], _POLL_SECONDS)
        return future
    except BaseException:
        transfer.cancelled.set()
        raise
    finally:
        pool.shutdown(wait=False)


def _damaged(folder: Path, patterns: list[str]) -> set[Path]:
    """Blobs of the matching files that are missing or not what the Hub said they are.

    The client names each blob after its hash: git's for small files, SHA-256 for large ones.
    Where the file system has no links there is no blob name, and sizes alone were checked.
    """
    damaged = set()
    for link in folder.rglob("*"):
        if not link.is_symlink() or not _matches(link, folder, patterns):
            continue
        blob = link.resolve()
        hasher = {40: _git_hash, 64: sha256}.get(len(blob.name))
        if not blob.exists() or (hasher and not file_matches(blob, blob.name, hasher)):
            damaged.add(blob)
    return damaged


def _git_hash(path: Path) -> str:
    from components.assets.huggingface_compat import git_blob_hash

    return git_blob_hash(path)


def _explained(error: BaseException, repo: HubRepo, *, answered: bool) -> SourceError:
    """The reason in words; a Hub that did not answer at all is left alone for a while."""
    global _paused_until
    import httpx2

    if isinstance(error, httpx2.TransportError) and not answered:
        _paused_until = time.monotonic() + _PAUSE_SECONDS
    return explain(error, repo, answered=answered)
