"""The container's steps, run for real in a fresh Debian: install, then serve as another user."""

import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.serving import REPOSITORY, free_port
from tests.support import event_loop
from tests.support.visitor import view

CONTAINERFILE = (REPOSITORY / "deploy" / "Containerfile").read_text(encoding="utf-8")
STEPS = ("system", "packages", "app")
# What the container's copy of the repository has.
COPIED = ("app.py", "requirements.txt", "LICENSE", "README.md", "components", "pages", "docs")
SITE_PACKAGES = Path(sysconfig.get_path("purelib")).resolve()
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


def instructions(name: str) -> list[str]:
    lines = CONTAINERFILE.replace("\\\n", " ").splitlines()
    return [line.partition(" ")[2].strip() for line in lines if line.startswith(f"{name} ")]


def test_the_container_runs_the_steps_that_are_tested_here():
    assert instructions("RUN") == [f"/build/install.sh {step}" for step in STEPS]
    assert instructions("ENTRYPOINT") == ['["/app/deploy/serve.sh"]']
    copied = {word for line in instructions("COPY") for word in line.split()[:-1]}
    assert set(COPIED) <= copied


def test_the_container_is_no_root_with_one_port_and_a_health_check():
    assert instructions("USER") == ["1000:1000"]
    assert instructions("EXPOSE") == ["8501"]
    assert instructions("VOLUME") == ["/cache"]
    assert "healthcheck.py" in instructions("HEALTHCHECK")[0]
    assert instructions("FROM") == ["debian:bookworm-slim"]


# A fresh Debian as the container's, in mounts that nobody else sees and that end with the shell.
# What it reads of the machine: the mirror of its packages, and Python packages that are installed
# here already, so that pip finds in place what it would download.
PREPARE = """
set -eu
mount --make-rprivate /
cp /etc/resolv.conf "$ROOT/etc/resolv.conf"
mount -t proc proc "$ROOT/proc"
mount --bind /dev "$ROOT/dev"
mount --bind "$SITE" "$ROOT/there/site-packages"
mount -o remount,bind,ro "$ROOT/there/site-packages"
"""

INSTALL = """
in_root() { chroot "$ROOT" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin NPM=0 "$@"; }
in_root /build/install.sh system
in_root /usr/bin/python3 -m venv --without-pip /opt/basewise
there="$ROOT/opt/basewise/lib/python$PYTHON/site-packages"
# With another Python than this one: a real download.
if [ -d "$there" ]; then echo /there/site-packages > "$there/there.pth"; fi
in_root /build/install.sh packages
in_root /build/install.sh app
in_root /build/install.sh system
"""

# Nothing can be written but the cache and /tmp, as in the container.
SERVE = """
mount --bind "$ROOT" "$ROOT"
mount -t proc proc "$ROOT/proc"
mount --bind /dev "$ROOT/dev"
mount --bind "$SITE" "$ROOT/there/site-packages"
mount --bind "$ROOT/cache" "$ROOT/cache"
mount -t tmpfs tmpfs "$ROOT/tmp"
mount -o remount,bind,ro "$ROOT"
exec chroot --userspec=1000:1000 "$ROOT" /usr/bin/env -i \\
    PATH=/usr/bin:/bin STREAMLIT_SERVER_PORT="$PORT" BASEWISE_LOG=json /app/deploy/serve.sh
"""


@pytest.fixture(scope="module")
def debian(tmp_path_factory) -> Path:
    """The root folder of a Debian that debootstrap has just made, with the container's files."""
    root = tmp_path_factory.mktemp("debian") / "root"
    release, mirror = packages_of_this_machine()
    command = ["unshare", "--mount", "debootstrap", "--variant=minbase", release, str(root), mirror]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    for folder in ("build", "app", "there/site-packages", "app/.streamlit"):
        (root / folder).mkdir(parents=True)
    for name in ("deploy/install.sh", "requirements.txt", "constraints.txt"):
        shutil.copy(REPOSITORY / name, root / "build")
    for name in (*COPIED, "deploy"):
        source, target = REPOSITORY / name, root / "app" / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    shutil.copy(REPOSITORY / ".streamlit/config.toml", root / "app/.streamlit")
    return root


def packages_of_this_machine() -> tuple[str, str]:
    """The release of this Debian, and where its packages come from."""
    told = dict(
        line.split("=", 1) for line in Path("/etc/os-release").read_text("utf-8").splitlines()
    )
    release = told["VERSION_CODENAME"].strip('"')
    form = ["apt-get", "indextargets", "--format", "$(RELEASE) $(REPO_URI)"]
    listed = subprocess.run([*form, "Created-By: Packages"], capture_output=True, text=True)
    uris = [line.split() for line in listed.stdout.splitlines()]
    return release, next(uri for name, uri in uris if name == release)


def in_mounts(script: str, root: Path, **told: str) -> list[str]:
    environment = {"ROOT": str(root), "SITE": str(SITE_PACKAGES), "PYTHON": PYTHON, **told}
    settings = [f"{name}={value}" for name, value in environment.items()]
    isolated = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
    return ["env", *settings, *isolated, "sh", "-c", script]


@pytest.fixture(scope="module")
def installed(debian) -> Path:
    command = in_mounts(PREPARE + INSTALL, debian)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return debian


@pytest.fixture(scope="module")
def served(installed, tmp_path_factory) -> Iterator[str]:
    port = free_port()
    log = tmp_path_factory.mktemp("log") / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            in_mounts("set -eu\nmount --make-rprivate /\n" + SERVE, installed, PORT=str(port)),
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 90
        while True:
            assert process.poll() is None, log.read_text("utf-8")
            assert time.monotonic() < deadline, log.read_text("utf-8")
            try:
                with urllib.request.urlopen(f"{url}/healthz", timeout=5):
                    break
            except OSError:
                time.sleep(0.2)
        yield url
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


def test_the_steps_leave_a_user_a_cache_of_its_own_and_an_app_that_nobody_may_change(installed):
    assert "basewise:x:1000:1000" in (installed / "etc/passwd").read_text("utf-8")
    cache = (installed / "cache").stat()
    assert (cache.st_uid, cache.st_gid, cache.st_mode & 0o777) == (1000, 1000, 0o750)
    for path in [installed / "app", *(installed / "app").rglob("*")]:
        told = path.lstat()
        assert told.st_uid == 0
        assert not told.st_mode & 0o022, path
    assert list((installed / "app/components").rglob("*.pyc"))


def test_served_from_a_read_only_root_as_no_root_all_is_well(served):
    with urllib.request.urlopen(f"{served}/healthz") as answer:
        told = json.load(answer)
    assert told["status"] == "ok"
    assert told["disk"]["writable"]


def test_a_visitor_reads_the_leaderboard_there(served):
    visitor = event_loop.run(view(served, "leaderboard"))
    assert visitor.all("dataframe")
