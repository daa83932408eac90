"""How a model stands here, asked of the loopback Hub, before anything is downloaded."""

import pytest

from components.engines import Readiness, standing_of
from components.engines.local import readiness

SAFETENSORS = {"config.json": b"{}", "model.safetensors": b"0" * 2_000_000}


@pytest.fixture(autouse=True)
def small_machine(monkeypatch, empty_cache):
    """A machine of 30 GB with an empty disk: what fits does not depend on who runs the tests."""
    monkeypatch.setattr(readiness, "machine_bytes", lambda: 30e9)


def test_a_model_too_large_for_this_machine_says_what_it_needs_without_asking_the_hub(hub):
    found = standing_of("meta-llama/Llama-3.1-70B", "native")
    assert (found.state, round(found.gigabytes or 0)) == ("too_large", 176)
    assert standing_of("google/gemma-3-27b-pt", "native").state == "too_large"
    assert standing_of("google/gemma-3-27b-pt", "4-bit").state != "too_large"


def test_what_a_package_carries_is_to_download_with_its_size_whatever_the_hub_says(hub):
    found = standing_of("HuggingFaceTB/SmolLM2-135M-Instruct", "native")
    assert found.state == "download"
    assert 0.05 < (found.gigabytes or 0) < 0.2


def test_a_repository_of_the_hub_is_to_download_missing_or_needs_a_token(hub):
    hub.add_repo("acme/tiny", SAFETENSORS)
    hub.add_repo("acme/closed", SAFETENSORS, gated=True)
    found = standing_of("acme/tiny", "native")
    assert found.state == "download"
    assert found.gigabytes == pytest.approx(0.002)
    assert standing_of("nobody/nothing", "native") == Readiness("missing")
    assert standing_of("acme/closed", "native") == Readiness("token")
