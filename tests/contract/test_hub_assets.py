"""Tokenizers and weights from a Hub, by huggingface_hub's own client over HTTP."""

import hashlib
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from components.assets import Asset, ask_hub, fetch_dataset_file, fetch_tokenizer, fetch_weights
from components.assets.hub import HubError, cached_repo, fetch_repo
from components.control import Control, Progress
from components.errors import AssetError
from components.registry import HubRepo, ModelRegistry, ModelSpec
from tests.support.loopback_hub import DEFAULT_COMMIT, LoopbackHub, git_blob_sha1

REPOSITORY = Path(__file__).resolve().parents[2]
OLDER_COMMIT = "1" * 40
NEWER_COMMIT = "2" * 40
MIB = 1 << 20

Files = dict[str, bytes]


class Stop(BaseException):
    """What a page raises where progress is reported when its visitor leaves."""


@pytest.fixture(autouse=True)
def own_state(monkeypatch: pytest.MonkeyPatch, empty_cache: Path) -> None:
    monkeypatch.setattr("components.assets.hub._paused_until", 0.0)
    monkeypatch.delenv("HF_TOKEN", raising=False)


@pytest.fixture(scope="module")
def tokenizer_files() -> Files:
    vocabulary = {token: index for index, token in enumerate(["[UNK]", "one", "two", "three"])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return {
        "tokenizer.json": tokenizer.to_str().encode(),
        "tokenizer_config.json": b'{"tokenizer_class": "PreTrainedTokenizerFast"}',
        "special_tokens_map.json": b'{"unk_token": "[UNK]"}',
        "README.md": b"# Tiny",
    }


@pytest.fixture(scope="module")
def saved_models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Files]:
    """The same random weights as one file and in shards."""
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=64,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
    )
    model = LlamaForCausalLM(config)
    saved = {}
    for name, shard_size in {"whole": "1GB", "sharded": "8KB"}.items():
        folder = tmp_path_factory.mktemp(name)
        model.save_pretrained(folder, max_shard_size=shard_size)
        saved[name] = {path.name: path.read_bytes() for path in folder.iterdir()}
    return saved


@pytest.fixture
def weights_files(saved_models: dict[str, Files]) -> Files:
    return dict(saved_models["whole"])


@pytest.fixture
def sharded_files(saved_models: dict[str, Files]) -> Files:
    return dict(saved_models["sharded"])


def registry_of(**fields: object) -> ModelRegistry:
    fields = {"id": "acme/tiny", "label": "Tiny", "organization": "Acme", **fields}
    return ModelRegistry([ModelSpec.model_validate(fields)], [])


def tokenizer_of(registry: ModelRegistry) -> Asset:
    return fetch_tokenizer(registry.get("acme/tiny"), registry)


def weights_of(registry: ModelRegistry) -> Asset:
    return fetch_weights(registry.get("acme/tiny"), registry)


def add_weights(hub: LoopbackHub, files: Files) -> None:
    hub.add_repo("acme/tiny", files, lfs=[name for name in files if name.endswith(".safetensors")])


def requested_contents(hub: LoopbackHub) -> list[str]:
    return [path for method, path, _ in hub.requests if method == "GET" and "/api/" not in path]


def damage(file: Path) -> None:
    """Flip one bit, leaving the size as it is."""
    blob = file.resolve()
    content = bytearray(blob.read_bytes())
    content[len(content) // 2] ^= 1
    before = blob.stat().st_mtime_ns
    blob.write_bytes(content)
    os.utime(blob, ns=(before, before + 1_000_000_000))


def corrupt_blobs(cache: Path) -> list[str]:
    corrupt = []
    for blob in cache.glob("hub/*/blobs/*"):
        content = blob.read_bytes()
        if blob.name not in (git_blob_sha1(content), hashlib.sha256(content).hexdigest()):
            corrupt.append(blob.name)
    return corrupt


def fetch_in_another_process(
    what: str, prelude: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    code = prelude + (
        "from components.assets import fetch_tokenizer, fetch_weights\n"
        "from components.errors import AssetError\n"
        "from components.registry import ModelRegistry, ModelSpec\n"
        "spec = ModelSpec(id='acme/tiny', label='Tiny', organization='Acme')\n"
        "try:\n"
        f"    print(fetch_{what}(spec, ModelRegistry([spec], [])).folder)\n"
        "except AssetError as error:\n"
        "    print(error)\n"
    )
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=REPOSITORY,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )


def test_a_tokenizer_is_fetched_with_the_commit_as_its_revision(
    hub: LoopbackHub, tokenizer_files: Files
):
    hub.add_repo("acme/tiny", tokenizer_files)
    asset = tokenizer_of(registry_of())
    assert asset.revision == DEFAULT_COMMIT
    assert asset.describe() == f"Hub acme/tiny@{DEFAULT_COMMIT[:8]}"
    tokenizer = Tokenizer.from_file(str(asset.folder / "tokenizer.json"))
    assert tokenizer.encode("three one").ids == [3, 1]
    assert not hub.asked_for("README.md")


def test_fetched_weights_load_with_the_values_that_were_saved(
    hub: LoopbackHub, weights_files: Files
):
    from safetensors.torch import load

    add_weights(hub, weights_files)
    asset = weights_of(registry_of())
    assert asset.revision == DEFAULT_COMMIT
    fetched = load((asset.folder / "model.safetensors").read_bytes())
    saved = load(weights_files["model.safetensors"])
    assert fetched.keys() == saved.keys()
    assert all(fetched[name].equal(saved[name]) for name in saved)
    assert json.loads((asset.folder / "config.json").read_bytes())["model_type"] == "llama"


def test_only_the_files_that_weights_need_are_fetched(hub: LoopbackHub, weights_files: Files):
    extra = {
        "model.fp32.safetensors": b"a second copy",
        "original/model.safetensors": b"a third copy",
        "pytorch_model.bin": b"pickled",
        "modeling_tiny.py": b"raise SystemExit",
    }
    add_weights(hub, weights_files | extra)
    asset = weights_of(registry_of())
    assert not any(hub.asked_for(name) for name in extra if "/" not in name)
    assert {path.name for path in asset.folder.iterdir()} <= set(weights_files)


def test_a_second_fetch_makes_no_request(hub: LoopbackHub, tokenizer_files: Files):
    hub.add_repo("acme/tiny", tokenizer_files)
    first = tokenizer_of(registry_of())
    hub.requests.clear()
    assert tokenizer_of(registry_of()) == first
    assert hub.requests == []


def test_tokenizer_and_weights_of_one_repository_share_a_snapshot(
    hub: LoopbackHub, tokenizer_files: Files, weights_files: Files
):
    add_weights(hub, tokenizer_files | weights_files)
    tokenizer = tokenizer_of(registry_of())
    assert weights_of(registry_of()).folder == tokenizer.folder
    assert (tokenizer.folder / "tokenizer.json").is_file()


def test_a_pinned_revision_is_the_one_asked_for(hub: LoopbackHub, tokenizer_files: Files):
    hub.add_repo("acme/tiny", tokenizer_files, commit=OLDER_COMMIT)
    newer = {**tokenizer_files, "tokenizer_config.json": b"{}"}
    hub.add_repo("acme/tiny", newer, commit=NEWER_COMMIT)
    asset = tokenizer_of(registry_of(revision=OLDER_COMMIT))
    assert asset.revision == OLDER_COMMIT
    config = (asset.folder / "tokenizer_config.json").read_bytes()
    assert config == tokenizer_files["tokenizer_config.json"]
    assert all(OLDER_COMMIT in path for _, path, _ in hub.requests if "acme" in path)


def test_without_a_pin_the_newest_commit_is_fetched(hub: LoopbackHub, tokenizer_files: Files):
    hub.add_repo("acme/tiny", tokenizer_files, commit=OLDER_COMMIT)
    hub.add_repo("acme/tiny", tokenizer_files, commit=NEWER_COMMIT)
    assert tokenizer_of(registry_of()).revision == NEWER_COMMIT


def test_a_gated_repository_says_to_accept_the_licence_and_set_a_token(
    hub: LoopbackHub, tokenizer_files: Files
):
    hub.add_repo("acme/tiny", tokenizer_files, gated=True)
    with pytest.raises(AssetError) as caught:
        tokenizer_of(registry_of())
    assert "accept the licence" in caught.value.way_out
    assert "/acme/tiny " in caught.value.way_out
    assert "HF_TOKEN" in caught.value.way_out
    assert [attempt.what for attempt in caught.value.attempts] == ["Hub acme/tiny"]


def test_a_gated_repository_falls_through_to_its_mirror(hub: LoopbackHub, tokenizer_files: Files):
    hub.add_repo("acme/tiny", tokenizer_files, gated=True, commit=OLDER_COMMIT)
    hub.add_repo("mirror/tiny", tokenizer_files, commit=NEWER_COMMIT)
    asset = tokenizer_of(registry_of(mirrors=["mirror/tiny"], revision=OLDER_COMMIT))
    assert asset.describe() == f"Hub mirror/tiny@{NEWER_COMMIT[:8]}"


def test_every_source_that_failed_is_listed_with_its_reason(hub: LoopbackHub):
    hub.add_repo("acme/tiny", {"tokenizer.json": b"{}"}, gated=True)
    hub.add_repo("mirror/tiny", {"README.md": b"# Tiny"})
    with pytest.raises(AssetError) as caught:
        tokenizer_of(registry_of(mirrors=["mirror/tiny", "mirror/gone"]))
    reasons = {attempt.what: attempt.reason for attempt in caught.value.attempts}
    assert list(reasons) == ["Hub acme/tiny", "Hub mirror/tiny", "Hub mirror/gone"]
    assert "gated" in reasons["Hub acme/tiny"]
    assert reasons["Hub mirror/tiny"] == "it has no tokenizer.json"
    assert "no such repository" in reasons["Hub mirror/gone"]


def test_the_token_in_hf_token_opens_a_gated_repository(
    hub: LoopbackHub, tokenizer_files: Files, monkeypatch: pytest.MonkeyPatch
):
    hub.add_repo("acme/tiny", tokenizer_files, gated=True)
    hub.token = "hf_visitor"
    monkeypatch.setenv("HF_TOKEN", "hf_visitor")
    assert (tokenizer_of(registry_of()).folder / "tokenizer.json").is_file()
    sent = {authorization for _, _, authorization in hub.asked_for("tokenizer.json")}
    assert sent == {"Bearer hf_visitor"}


def test_a_token_without_access_is_told_to_accept_the_licence(
    hub: LoopbackHub, tokenizer_files: Files, monkeypatch: pytest.MonkeyPatch
):
    hub.add_repo("acme/tiny", tokenizer_files, gated=True)
    hub.token = "hf_somebody_else"
    monkeypatch.setenv("HF_TOKEN", "hf_visitor")
    with pytest.raises(AssetError, match="accept the licence"):
        tokenizer_of(registry_of())


def test_the_token_is_not_sent_to_the_storage_of_large_files(
    hub: LoopbackHub, weights_files: Files, monkeypatch: pytest.MonkeyPatch
):
    hub.add_repo("acme/tiny", weights_files, gated=True, lfs=["model.safetensors"])
    hub.token = "hf_visitor"
    monkeypatch.setenv("HF_TOKEN", "hf_visitor")
    weights_of(registry_of())
    sent = {path: authorization for _, path, authorization in hub.asked_for("model.safetensors")}
    assert {path.startswith("/models/"): token for path, token in sent.items()} == {
        False: "Bearer hf_visitor",
        True: None,
    }


def test_an_unknown_repository_is_refused_with_its_reason(hub: LoopbackHub):
    with pytest.raises(AssetError, match="no such repository") as caught:
        tokenizer_of(registry_of())
    assert "check the spelling" in caught.value.way_out


def test_a_revision_that_does_not_exist_is_named(hub: LoopbackHub, tokenizer_files: Files):
    hub.add_repo("acme/tiny", tokenizer_files)
    with pytest.raises(AssetError, match=f"revision {OLDER_COMMIT} does not exist"):
        tokenizer_of(registry_of(revision=OLDER_COMMIT))


def test_an_error_of_the_hub_is_named(hub: LoopbackHub, tokenizer_files: Files):
    hub.add_repo("acme/tiny", tokenizer_files)
    hub.status = 503
    with pytest.raises(AssetError, match="HTTP 503"):
        tokenizer_of(registry_of())


@pytest.mark.parametrize(
    ("status", "reason", "way_out"),
    [
        (401, "refuses it .HTTP 401. and does not say why", "HF_ENDPOINT"),
        (403, "refuses it .HTTP 403. and does not say why", "HF_ENDPOINT"),
        (404, "HTTP 404", "try again"),
        (408, "HTTP 408", "try again"),
        (418, "HTTP 418", "try again"),
        (429, "asked too often", "try again"),
        (500, "HTTP 500", "try again"),
        (502, "HTTP 502", "try again"),
        (504, "HTTP 504", "try again"),
        (511, "network of this host asks for a login", "in a browser"),
    ],
)
def test_an_answer_without_the_hubs_own_reason_is_told_as_what_it_is(
    hub: LoopbackHub, tokenizer_files: Files, status: int, reason: str, way_out: str
):
    hub.add_repo("acme/tiny", tokenizer_files)
    hub.status = status
    with pytest.raises(AssetError, match=reason) as caught:
        tokenizer_of(registry_of())
    assert way_out in caught.value.way_out


def test_the_page_of_a_networks_login_is_told_as_that(hub: LoopbackHub, tokenizer_files: Files):
    hub.add_repo("acme/tiny", tokenizer_files)
    hub.page = b"<html><title>Welcome to the hotel</title></html>"
    with pytest.raises(AssetError, match="no Hub: it sends a web page") as caught:
        tokenizer_of(registry_of())
    assert "in a browser" in caught.value.way_out
    with pytest.raises(AssetError, match="no Hub: it sends a web page"):
        fetch_dataset_file("acme/scores", "data.parquet")


def test_a_page_in_place_of_a_file_is_never_taken_for_it(
    hub: LoopbackHub, tokenizer_files: Files, empty_cache: Path
):
    hub.add_repo("acme/tiny", tokenizer_files)
    hub.page_for_files = b"<html><title>Welcome to the hotel</title></html>"
    with pytest.raises(AssetError):
        tokenizer_of(registry_of())
    assert corrupt_blobs(empty_cache) == []


@pytest.mark.parametrize("token", ["hf_añb", "hf_a b", "hf_“abc”", "hf_a\x7fb"])
def test_a_token_that_no_header_takes_is_said_and_sent_to_nobody(
    hub: LoopbackHub, tokenizer_files: Files, monkeypatch: pytest.MonkeyPatch, token: str
):
    hub.add_repo("acme/tiny", tokenizer_files)
    monkeypatch.setenv("HF_TOKEN", token)
    with pytest.raises(AssetError, match="characters that no token has") as caught:
        tokenizer_of(registry_of())
    assert "set HF_TOKEN" in caught.value.way_out
    assert token not in str(caught.value)
    assert hub.requests == []
    assert ask_hub(HubRepo(repo_id="acme/tiny")).problem == "refused"


def test_a_full_disk_is_told_in_a_download(hub: LoopbackHub, empty_cache: Path):
    hub.add_repo("acme/tiny", {"config.json": b"{}", "model.safetensors": bytes(4 * MIB)})
    # The system's limit for a file: what a full disk is to the program, without filling one.
    limited = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))\n"
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    )
    said = fetch_in_another_process("weights", prelude=limited).stdout
    assert "disk of the folder for downloads is full" in said
    assert "make room" in said
    assert str(empty_cache) not in said
    folder = fetch_in_another_process("weights").stdout.strip()
    assert (Path(folder) / "model.safetensors").stat().st_size == 4 * MIB


def test_pickled_weights_are_refused_and_never_requested(hub: LoopbackHub, weights_files: Files):
    files = {"config.json": weights_files["config.json"], "pytorch_model.bin": b"pickled"}
    hub.add_repo("acme/tiny", files, lfs=["pytorch_model.bin"])
    with pytest.raises(AssetError, match="it has no safetensors weights"):
        weights_of(registry_of())
    assert not hub.asked_for("pytorch_model.bin")


def test_weights_without_their_config_are_refused(hub: LoopbackHub, weights_files: Files):
    del weights_files["config.json"]
    add_weights(hub, weights_files)
    with pytest.raises(AssetError, match=r"it has no config\.json"):
        weights_of(registry_of())


def test_sharded_weights_are_fetched_whole(hub: LoopbackHub, sharded_files: Files):
    add_weights(hub, sharded_files)
    asset = weights_of(registry_of())
    shards = {name for name in sharded_files if name.startswith("model-")}
    assert len(shards) > 1
    assert {path.name for path in asset.folder.glob("*.safetensors")} == shards


def test_sharded_weights_with_a_missing_shard_are_refused(hub: LoopbackHub, sharded_files: Files):
    missing = sorted(name for name in sharded_files if name.startswith("model-"))[1]
    del sharded_files[missing]
    add_weights(hub, sharded_files)
    with pytest.raises(AssetError, match=f"it has no {missing}"):
        weights_of(registry_of())


def test_an_index_of_shards_that_can_not_be_read_is_refused(hub: LoopbackHub, sharded_files: Files):
    add_weights(hub, {**sharded_files, "model.safetensors.index.json": b"{"})
    with pytest.raises(AssetError, match="index"):
        weights_of(registry_of())


@pytest.mark.parametrize("name", ["tokenizer.json", "tokenizer_config.json"])
def test_a_file_that_arrives_corrupt_is_fetched_again(
    hub: LoopbackHub, tokenizer_files: Files, name: str
):
    hub.add_repo("acme/tiny", tokenizer_files)
    hub.corrupt = {name: 1}
    asset = tokenizer_of(registry_of())
    assert (asset.folder / name).read_bytes() == tokenizer_files[name]
    assert sum(path.endswith(f"/{name}") for path in requested_contents(hub)) == 2


def test_weights_that_arrive_corrupt_are_fetched_again(hub: LoopbackHub, weights_files: Files):
    add_weights(hub, weights_files)
    hub.corrupt = {"model.safetensors": 1}
    asset = weights_of(registry_of())
    fetched = (asset.folder / "model.safetensors").read_bytes()
    assert fetched == weights_files["model.safetensors"]


def test_a_damaged_blob_of_two_identical_files_is_refetched(
    hub: LoopbackHub, tokenizer_files: Files
):
    same = {"tokenizer_config.json": b"{}", "special_tokens_map.json": b"{}"}
    hub.add_repo("acme/tiny", {**tokenizer_files, **same})
    damage(tokenizer_of(registry_of()).folder / "tokenizer_config.json")
    asset = tokenizer_of(registry_of())
    assert {name: (asset.folder / name).read_bytes() for name in same} == same


def test_a_file_that_is_always_corrupt_is_refused_with_the_reason(
    hub: LoopbackHub, tokenizer_files: Files
):
    hub.add_repo("acme/tiny", tokenizer_files)
    hub.corrupt = {"tokenizer.json": 1000}
    with pytest.raises(AssetError, match="does not have the hash that the Hub gives"):
        tokenizer_of(registry_of())


def test_a_file_that_is_always_corrupt_does_not_stay_in_the_cache(
    hub: LoopbackHub, tokenizer_files: Files, empty_cache: Path
):
    hub.add_repo("acme/tiny", tokenizer_files)
    hub.corrupt = {"tokenizer.json": 1000}
    with pytest.raises(AssetError):
        tokenizer_of(registry_of())
    assert corrupt_blobs(empty_cache) == []


def test_a_fetch_after_corrupt_ones_gets_the_right_file(hub: LoopbackHub, tokenizer_files: Files):
    hub.add_repo("acme/tiny", tokenizer_files)
    hub.corrupt = {"tokenizer.json": 1000}
    with pytest.raises(AssetError):
        tokenizer_of(registry_of())
    hub.corrupt = {}
    asset = tokenizer_of(registry_of())
    assert (asset.folder / "tokenizer.json").read_bytes() == tokenizer_files["tokenizer.json"]


def test_a_body_that_breaks_off_is_resumed(hub: LoopbackHub, weights_files: Files):
    add_weights(hub, weights_files)
    hub.truncate_once = {"model.safetensors"}
    asset = weights_of(registry_of())
    fetched = (asset.folder / "model.safetensors").read_bytes()
    assert fetched == weights_files["model.safetensors"]


def test_a_body_that_always_breaks_off_is_refused_with_the_reason(
    hub: LoopbackHub, tokenizer_files: Files, empty_cache: Path
):
    hub.add_repo("acme/tiny", tokenizer_files)
    hub.truncate = {"tokenizer.json"}
    with pytest.raises(AssetError) as caught:
        tokenizer_of(registry_of())
    reason = caught.value.attempts[0].reason
    assert "broke off" in reason or "without sending complete message body" in reason
    assert corrupt_blobs(empty_cache) == []


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_a_bit_flipped_in_a_cached_file_is_detected_and_the_file_refetched(
    hub: LoopbackHub, weights_files: Files, name: str
):
    add_weights(hub, weights_files)
    damage(weights_of(registry_of()).folder / name)
    hub.requests.clear()
    asset = weights_of(registry_of())
    assert (asset.folder / name).read_bytes() == weights_files[name]
    assert [path.rsplit("/", 1)[1] for path in requested_contents(hub) if "acme" in path][
        -1
    ] == name


def test_a_cached_file_that_was_deleted_is_refetched(hub: LoopbackHub, tokenizer_files: Files):
    hub.add_repo("acme/tiny", tokenizer_files)
    (tokenizer_of(registry_of()).folder / "tokenizer.json").resolve().unlink()
    asset = tokenizer_of(registry_of())
    assert (asset.folder / "tokenizer.json").read_bytes() == tokenizer_files["tokenizer.json"]


def test_damaged_weights_do_not_cost_the_tokenizer_of_the_same_repository(
    hub: LoopbackHub, tokenizer_files: Files, weights_files: Files
):
    add_weights(hub, tokenizer_files | weights_files)
    tokenizer_of(registry_of())
    damage(weights_of(registry_of()).folder / "model.safetensors")
    asset = tokenizer_of(registry_of())
    assert (asset.folder / "tokenizer.json").read_bytes() == tokenizer_files["tokenizer.json"]


def test_deleted_weights_do_not_cost_the_tokenizer_of_the_same_repository(
    hub: LoopbackHub, tokenizer_files: Files, weights_files: Files
):
    add_weights(hub, tokenizer_files | weights_files)
    tokenizer_of(registry_of())
    (weights_of(registry_of()).folder / "model.safetensors").resolve().unlink()
    asset = tokenizer_of(registry_of())
    assert (asset.folder / "tokenizer.json").read_bytes() == tokenizer_files["tokenizer.json"]


def test_a_hub_that_is_down_is_given_up_quickly_with_a_way_out(hub: LoopbackHub):
    hub.down = True
    started = time.monotonic()
    with pytest.raises(AssetError, match="can't be reached") as caught:
        tokenizer_of(registry_of())
    assert time.monotonic() - started < 10
    assert "HF_ENDPOINT" in caught.value.way_out


def test_a_hub_that_does_not_answer_is_not_asked_again_for_the_mirror(hub: LoopbackHub):
    hub.down = True
    with pytest.raises(AssetError) as caught:
        tokenizer_of(registry_of(mirrors=["mirror/tiny"]))
    assert caught.value.attempts[1].reason == "the Hub did not answer a moment ago"
    assert not any("mirror" in path for _, path, _ in hub.requests)


def test_the_hub_is_asked_again_once_the_pause_is_over(
    hub: LoopbackHub, tokenizer_files: Files, monkeypatch: pytest.MonkeyPatch
):
    hub.add_repo("acme/tiny", tokenizer_files)
    hub.down = True
    with pytest.raises(AssetError):
        tokenizer_of(registry_of())
    hub.down = False
    with pytest.raises(AssetError, match="did not answer a moment ago"):
        tokenizer_of(registry_of())
    monkeypatch.setattr("components.assets.hub._paused_until", time.monotonic())
    assert tokenizer_of(registry_of()).revision == DEFAULT_COMMIT


def test_cached_files_are_used_while_the_hub_is_down(
    hub: LoopbackHub, tokenizer_files: Files, weights_files: Files
):
    add_weights(hub, tokenizer_files | weights_files)
    tokenizer, weights = tokenizer_of(registry_of()), weights_of(registry_of())
    hub.down = True
    assert tokenizer_of(registry_of()) == tokenizer
    assert weights_of(registry_of()) == weights


def test_cached_files_are_used_in_a_new_process_while_the_hub_is_down(
    hub: LoopbackHub, tokenizer_files: Files
):
    hub.add_repo("acme/tiny", tokenizer_files)
    asset = tokenizer_of(registry_of())
    hub.down = True
    assert fetch_in_another_process("tokenizer").stdout.strip() == str(asset.folder)


def test_offline_mode_uses_the_cache_and_asks_nobody(hub: LoopbackHub, tokenizer_files: Files):
    hub.add_repo("acme/tiny", tokenizer_files)
    asset = tokenizer_of(registry_of())
    hub.requests.clear()
    process = fetch_in_another_process("tokenizer", HF_HUB_OFFLINE="1")
    assert process.stdout.strip() == str(asset.folder)
    assert hub.requests == []


def test_offline_mode_is_named_when_nothing_is_cached(hub: LoopbackHub, tokenizer_files: Files):
    hub.add_repo("acme/tiny", tokenizer_files)
    process = fetch_in_another_process("tokenizer", HF_HUB_OFFLINE="1")
    assert "HF_HUB_OFFLINE" in process.stdout
    assert hub.requests == []


def test_progress_is_reported_in_the_callers_thread_with_growing_bytes(hub: LoopbackHub):
    files = {"config.json": b"{}", "model.safetensors": bytes(24 * MIB)}
    add_weights(hub, files)
    hub.bytes_per_second = 20 * MIB
    calls: list[tuple[int, Progress]] = []
    registry = registry_of()
    fetch_weights(
        registry.get("acme/tiny"),
        registry,
        Control(lambda progress: calls.append((threading.get_ident(), progress))),
    )
    assert {thread for thread, _ in calls} == {threading.get_ident()}
    assert {progress.stage for _, progress in calls} == {"Downloading Hub acme/tiny"}
    done = [progress.done for _, progress in calls]
    assert done == sorted(done)
    assert len({count for count in done if count > 0}) >= 2
    assert {progress.total for _, progress in calls if progress.total} <= {
        sum(map(len, files.values()))
    } | {len(content) for content in files.values()}


def stop_once(done_bytes: int) -> Control:
    def listen(progress: Progress) -> None:
        if progress.done >= done_bytes:
            raise Stop

    return Control(listen)


def test_stop_ends_the_download_and_a_later_fetch_works(hub: LoopbackHub, empty_cache: Path):
    files = {"config.json": b"{}", "model.safetensors": bytes(40 * MIB)}
    add_weights(hub, files)
    hub.bytes_per_second = 20 * MIB
    registry = registry_of()
    with pytest.raises(Stop):
        fetch_weights(registry.get("acme/tiny"), registry, stop_once(MIB))
    # The client's thread may still be ending: what counts is that no half file looks whole.
    blobs = [blob for blob in empty_cache.glob("hub/*/blobs/*") if blob.suffix != ".incomplete"]
    assert [blob for blob in blobs if blob.stat().st_size > 2] == []
    hub.bytes_per_second = None
    asset = weights_of(registry)
    assert (asset.folder / "model.safetensors").read_bytes() == files["model.safetensors"]


def test_stop_does_not_wait_for_the_rest_of_a_slow_download(hub: LoopbackHub):
    add_weights(hub, {"config.json": b"{}", "model.safetensors": bytes(9 * MIB)})
    hub.bytes_per_second = MIB
    registry = registry_of()
    started = time.monotonic()
    with pytest.raises(Stop):
        fetch_weights(registry.get("acme/tiny"), registry, stop_once(0))
    assert time.monotonic() - started < 8  # the whole would take nine


def test_files_of_a_dataset_are_fetched_like_those_of_a_model(hub: LoopbackHub):
    hub.add_repo("acme/scores", {"data/train.parquet": b"PAR1"}, repo_type="dataset")
    repo = HubRepo(repo_id="acme/scores")
    folder = fetch_repo(repo, ["data/*.parquet"], Control(), repo_type="dataset")
    assert (folder / "data/train.parquet").read_bytes() == b"PAR1"
    assert cached_repo(repo, ["data/*.parquet"], repo_type="dataset") == folder
    with pytest.raises(HubError, match="no such repository"):
        fetch_repo(repo, ["data/*.parquet"], Control())


def test_a_file_of_a_dataset_is_always_that_of_the_newest_commit(hub: LoopbackHub):
    files = {"data/train.parquet": b"old", "other.csv": b"unasked"}
    hub.add_repo("acme/scores", files, repo_type="dataset", commit=OLDER_COMMIT)
    old = fetch_dataset_file("acme/scores", "data/train.parquet")
    assert (old.path.read_bytes(), old.revision) == (b"old", OLDER_COMMIT)
    files = {"data/train.parquet": b"new"}
    hub.add_repo("acme/scores", files, repo_type="dataset", commit=NEWER_COMMIT)
    new = fetch_dataset_file("acme/scores", "data/train.parquet")
    assert (new.path.read_bytes(), new.revision) == (b"new", NEWER_COMMIT)
    assert not hub.asked_for("other.csv")


def test_a_file_of_a_dataset_is_used_from_the_cache_while_the_hub_is_down(hub: LoopbackHub):
    hub.add_repo("acme/scores", {"train.parquet": b"PAR1"}, repo_type="dataset")
    fetched = fetch_dataset_file("acme/scores", "train.parquet")
    hub.down = True
    cached = fetch_dataset_file("acme/scores", "train.parquet")
    assert (cached.path, cached.revision) == (fetched.path, fetched.revision)
    assert fetched.hub_away is None
    assert "can't be reached" in str(cached.hub_away)
    with pytest.raises(AssetError, match="did not answer a moment ago"):
        fetch_dataset_file("acme/others", "train.parquet")


def test_a_file_that_a_dataset_no_longer_has_is_named(hub: LoopbackHub):
    hub.add_repo("acme/scores", {"moved.parquet": b"PAR1"}, repo_type="dataset")
    with pytest.raises(AssetError, match=r"no file train\.parquet"):
        fetch_dataset_file("acme/scores", "train.parquet")
