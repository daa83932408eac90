"""Every test talks to a Hub on this machine and keeps downloads in a folder of the checkout.

The Hub's address is read once, when huggingface_hub is first imported, so both are set here,
before any test module is.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from components.settings import load_settings
from tests.loopback_hub import LoopbackHub
from tests.serving import REPOSITORY

_hub = LoopbackHub()
os.environ["HF_ENDPOINT"] = _hub.url
os.environ["HF_HUB_DISABLE_XET"] = "1"  # the loopback Hub speaks plain HTTP
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["BASEWISE_CACHE"] = str(REPOSITORY / ".test-cache")
for variable in ("HF_TOKEN", "HF_HUB_OFFLINE", "HF_HOME"):
    os.environ.pop(variable, None)

# A tokenizer's first use loads it: time says nothing about right or wrong here.
hypothesis.settings.register_profile("basewise", deadline=None)
hypothesis.settings.load_profile("basewise")


@pytest.fixture(autouse=True)
def fresh_settings() -> Iterator[None]:
    """Settings are read once per process; here, once per test, so that it can set variables."""
    load_settings.cache_clear()
    yield
    load_settings.cache_clear()


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
