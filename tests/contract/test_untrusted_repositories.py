"""Model repositories that nobody vouched for, examined in a process of their own as in the app."""

import json
import resource
import struct
import time
from pathlib import Path

import pytest

from components.engines import load_engine
from components.errors import AssetError, BasewiseError, EngineError, TokenizerError
from tests.support.fuzz import fuzz_cases
from tests.support.loopback_hub import LoopbackHub
from tests.support.mutated_repositories import mutated
from tests.support.small_repositories import add, config_of, repository, small_llama

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("elsewhere")]

PROMPT = "Price is $"


@pytest.fixture(autouse=True)
def own_state(hub, empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("components.assets.hub._paused_until", 0.0)
    monkeypatch.setenv("BASEWISE_DTYPE", "float32")
    monkeypatch.setenv("BASEWISE_DEVICE", "cpu")


def test_a_sound_repository_runs_after_its_examination(hub: LoopbackHub):
    add(hub, "acme/model", repository(small_llama()))
    engine = load_engine("acme/model")
    assert engine.price_distribution(PROMPT, 0.1).probabilities.sum() > 0


def refused(hub: LoopbackHub, files: dict[str, bytes]) -> BasewiseError:
    add(hub, "acme/model", files)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises((AssetError, EngineError)) as caught:
        load_engine("acme/model")
    grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown_mb < 500
    return caught.value


# What transformers makes a table or a list of, by fields that `claims.py` does not count.
@pytest.mark.parametrize(
    "changes",
    [
        {"num_labels": 300_000_000},
        {"layer_types": ["full_attention"] * 1_000_000},
    ],
)
def test_a_config_that_asks_for_memory_in_other_ways_is_refused_there_and_not_felt_here(
    hub: LoopbackHub, changes
):
    files = repository(small_llama())
    config = config_of(files) | changes
    error = refused(hub, {**files, "config.json": json.dumps(config).encode()})
    assert error.way_out


@pytest.mark.parametrize(
    "head",
    [
        struct.pack("<Q", 2**63),
        struct.pack("<Q", 99_000_000) + b"{" * 1000,
        struct.pack("<Q", 8) + b"[[[[[[[[",
    ],
)
def test_weights_with_a_strange_head_are_refused(hub: LoopbackHub, head):
    error = refused(hub, {**repository(small_llama()), "model.safetensors": head})
    assert "could not be loaded" in error.problem or "crash" in error.problem


REPOSITORIES = fuzz_cases(2)


@pytest.mark.parametrize("seed", REPOSITORIES)
def test_a_mutated_repository_runs_or_is_refused_in_time_and_memory(hub: LoopbackHub, seed):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()
    add(hub, f"acme/model-{seed}", mutated(seed))
    try:
        engine = load_engine(f"acme/model-{seed}")
        engine.price_distribution(PROMPT, 0.3)
        outcome = "runs"
    except (AssetError, EngineError, TokenizerError) as error:
        outcome = f"{error.problem} {error.way_out}"
    seconds = time.process_time() - started
    grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"{seed}: {seconds:.1f} s here, {grown_mb:.0f} MB, {outcome}")
    assert 0 < len(outcome) < 400
    assert seconds < 10
    assert grown_mb < 500
