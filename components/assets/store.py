"""The cache folder on disk: verified, published atomically, locked between processes."""

import errno
import hashlib
import json
import logging
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout
from platformdirs import user_cache_path

from components.control import Control
from components.errors import SettingsError
from components.settings import load_settings, variable

MANIFEST = "manifest.json"

_log = logging.getLogger(__name__)
_REPOSITORY = Path(__file__).resolve().parents[2]
_POLL_SECONDS = 0.2
_verified: set[tuple[str, int, int, str]] = set()
_verified_lock = threading.Lock()


class SourceError(Exception):
    """Why a source could not supply its files, in one sentence; `way_out` is what to do."""

    def __init__(self, reason: str, way_out: str | None = None):
        self.way_out = way_out
        super().__init__(reason)


class StoreError(SourceError):
    """The cache folder can't be used."""


_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NOT_ALLOWED = {errno.EACCES, errno.EPERM, errno.EROFS}
_NO_FOLDER = {errno.ENOTDIR, errno.EEXIST, errno.EISDIR, errno.ENAMETOOLONG, errno.EIO}


@contextmanager
def usable_store() -> Iterator[None]:
    """Turn what the file system refuses (no space, no permission) into StoreError."""
    try:
        yield
    except OSError as error:
        raise refused_by_disk(error) or _unusable(error) from error


def refused_by_disk(error: BaseException) -> StoreError | None:
    """What the file system says of the folder for downloads; None for an error of another kind.

    Visitors read it, so that it does not say where the folder is: the log does.
    """
    number = error.errno if isinstance(error, OSError) else None
    set_it = f"set {variable('cache')} to a folder"
    if number in _NO_ROOM:
        _log.warning("The folder for downloads is full: %s", error)
        return no_room()
    if number in _NOT_ALLOWED:
        _log.warning("The folder for downloads can't be written: %s", error)
        return StoreError(
            "the folder for downloads can't be written on this host",
            f"give Basewise the right to write there, or {set_it} that it may write to",
        )
    return _unusable(error) if number in _NO_FOLDER else None


def no_room() -> StoreError:
    """The disk is full, or at a limit of the system."""
    return StoreError(
        "the disk of the folder for downloads is full on this host",
        f"make room there, or set {variable('cache')} to a folder on another disk",
    )


def _unusable(error: BaseException) -> StoreError:
    _log.warning("The folder for downloads can't be used: %s", error)
    said = error.strerror if isinstance(error, OSError) else None
    return StoreError(
        f"the folder for downloads can't be used on this host ({said or type(error).__name__})",
        f"set {variable('cache')} to a folder on a disk that works",
    )


def without_folders(text: str) -> str:
    """`text` without where this host keeps things: of a path in it the end is left."""
    known = {Path.home(), Path(tempfile.gettempdir()), _REPOSITORY, Path(sys.prefix)}
    with suppress(SettingsError):  # what is said may be that a setting can't be used
        known.add(cache_root())
    for folder in sorted(map(str, known - {Path("/")}), key=len, reverse=True):
        text = text.replace(folder, "…")
    return text


def cache_root() -> Path:
    """Where everything downloaded lives: $BASEWISE_CACHE, else the user's cache folder."""
    return load_settings().cache or user_cache_path("basewise")


def hub_cache() -> Path | None:
    """The Hub client's cache: under $BASEWISE_CACHE if that is set, else the client's own."""
    return cache_root() / "hub" if load_settings().cache else None


@contextmanager
def locked(key: str, control: Control) -> Iterator[None]:
    """Hold the lock of `key` between processes; the wait is reported and can be interrupted."""
    lock = FileLock(_subfolder("locks") / f"{key}.lock")
    while not _acquired(lock):
        control.report("Waiting for another download of the same files")
    try:
        yield
    finally:
        lock.release()


def _acquired(lock: FileLock) -> bool:
    with usable_store():
        try:
            lock.acquire(timeout=_POLL_SECONDS)
        except Timeout:  # an OSError too, but no refusal
            return False
        return True


@contextmanager
def staging(key: str) -> Iterator[Path]:
    """A scratch folder beside the cache, gone afterwards. Hold the lock of `key`."""
    folder = _subfolder("staging")
    for left_behind in folder.glob(f"{key}.*"):  # by a process that was killed
        shutil.rmtree(left_behind, ignore_errors=True)
    with usable_store():
        scratch = Path(tempfile.mkdtemp(prefix=f"{key}.", dir=folder))
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _subfolder(name: str) -> Path:
    folder = cache_root() / name
    with usable_store():
        folder.mkdir(parents=True, exist_ok=True)
    return folder


def publish(folder: Path, destination: Path) -> None:
    """Move a complete folder into the cache in one step, with a manifest of its files."""
    with usable_store():
        manifest = {
            path.name: {"bytes": path.stat().st_size, "sha256": sha256(path)}
            for path in sorted(folder.iterdir())
            if path.is_file()
        }
        (folder / MANIFEST).write_text(json.dumps(manifest, indent=2), encoding="utf-8")
        destination.parent.mkdir(parents=True, exist_ok=True)
        if destination.exists():
            shutil.rmtree(destination)
        folder.rename(destination)


def intact(folder: Path) -> bool:
    """Whether a published folder still holds exactly what its manifest says, which is something.

    Contents are hashed once per process and file version; sizes are compared every time.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return bool(manifest) and all(
            (folder / name).stat().st_size == entry["bytes"]
            and file_matches(folder / name, entry["sha256"], sha256)
            for name, entry in manifest.items()
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def file_matches(path: Path, digest: str, hasher: Callable[[Path], str]) -> bool:
    """Whether the file's digest is `digest`; what passed once and did not change passes again."""
    stat = path.stat()
    version = (str(path.resolve()), stat.st_size, stat.st_mtime_ns, digest)
    with _verified_lock:
        if version in _verified:
            return True
    if hasher(path) != digest:
        return False
    with _verified_lock:
        _verified.add(version)
    return True


def sha256(path: Path) -> str:
    """The hexadecimal SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
