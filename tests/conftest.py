"""Every test talks to a Hub on this machine and keeps downloads in a folder of the checkout.

The Hub's address is read once, when huggingface_hub is first imported, so both are set here,
before any test module is. Each worker of pytest-xdist has a Hub of its own; all share the folder,
whose locks let one of them download what several need.
"""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from benchmarks.serving import REPOSITORY
from components.endpoints import load_endpoints
from components.settings import load_settings
from tests.support import fuzz  # noqa: F401  (takes its variable out of the environment)
from tests.support.loopback_hub import LoopbackHub

_hub = LoopbackHub()
os.environ["HF_ENDPOINT"] = _hub.url
os.environ["HF_HUB_DISABLE_XET"] = "1"  # the loopback Hub speaks plain HTTP
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["BASEWISE_CACHE"] = str(REPOSITORY / ".test-cache")
# Each worker, and the servers that it starts, has runs of its own, none at first.
_runs = tempfile.TemporaryDirectory(prefix="basewise-runs-")
os.environ["BASEWISE_RUNS_FILE"] = str(Path(_runs.name) / "runs.sqlite")
for variable in ("HF_TOKEN", "HF_HUB_OFFLINE", "HF_HOME"):
    os.environ.pop(variable, None)
if workers := os.environ.get("PYTEST_XDIST_WORKER_COUNT"):
    # Workers, and the servers that they start, share the cores instead of waiting for each other.
    os.environ["OMP_NUM_THREADS"] = str(max(1, (os.cpu_count() or 1) // int(workers)))

# A tokenizer's first use loads it: time says nothing about right or wrong here.
hypothesis.settings.register_profile("basewise", deadline=None)
hypothesis.settings.register_profile("quick", deadline=None, max_examples=25)  # make check
hypothesis.settings.load_profile("basewise")

# `make check` runs those of `unit` that are not slow.
_MARKERS_OF_FOLDER = {
    "unit": ["unit"],
    "app": ["slow"],
    "contract": ["network"],
    "e2e": ["network", "browser", "slow"],
    "load": ["network", "slow"],
    "deploy": ["network", "slow"],
    "servers": ["network", "slow"],
}

# `servers` needs vLLM in an environment of its own, which `make test-servers` makes; installing,
# the proxy, signals and kills need root and ten minutes more: `make test-hosting`.
collect_ignore = [] if "VLLM_PYTHON" in os.environ else ["servers"]
if os.environ.pop("BASEWISE_TEST_HOSTING", None) is None:
    collect_ignore += ["deploy", "load/test_endurance.py"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test by its folder; a single test adds `slow` where it takes over a second.

    A browser test that fails is run once more, as a browser's timing is not ours alone; pytest's
    summary names it as a rerun, and it still fails if it fails again.
    """
    for item in items:
        folder = item.path.relative_to(Path(__file__).parent).parts[0]
        for marker in _MARKERS_OF_FOLDER[folder]:
            item.add_marker(marker)
        if folder == "e2e":
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(autouse=True)
def no_downloads(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test without the marker `network` finds no package registry: its files are there before."""
    if request.node.get_closest_marker("network") is None:
        monkeypatch.setenv("PIP_NO_INDEX", "1")
        monkeypatch.setenv("npm_config_offline", "true")


@pytest.fixture(autouse=True)
def fresh_settings() -> Iterator[None]:
    """Settings are read once per process; here, once per test, so that it can set variables."""
    for load in (load_settings, load_endpoints):
        load.cache_clear()
    yield
    for load in (load_settings, load_endpoints):
        load.cache_clear()


@pytest.fixture
def hub() -> Iterator[LoopbackHub]:
    """The loopback Hub, empty before and after the test."""
    _hub.reset()
    yield _hub
    _hub.reset()


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A download cache of the test's own."""
    monkeypatch.setenv("BASEWISE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"
