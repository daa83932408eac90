"""The cache folder on disk: verified, published atomically, locked between processes."""

import hashlib
import json
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from platformdirs import user_cache_path

from components.control import Control
from components.settings import load_settings, variable

MANIFEST = "manifest.json"

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


@contextmanager
def usable_store() -> Iterator[None]:
    """Turn what the file system refuses (no space, no permission) into StoreError."""
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"the cache folder can't be used ({error})",
            f"make room in {cache_root()}, or set {variable('cache')} to a folder that can be"
            " written",
        ) from error


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
