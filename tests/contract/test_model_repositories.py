"""What model repositories hold, from the field: loaded rightly, or refused with the reason."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save
from tokenizers import AddedToken, Tokenizer
from transformers import (
    BertConfig,
    BertLMHeadModel,
    ElectraConfig,
    ElectraForCausalLM,
    Gemma3Config,
    Gemma3ForConditionalGeneration,
    Mistral3Config,
    Mistral3ForConditionalGeneration,
    PreTrainedModel,
    RobertaConfig,
    RobertaForCausalLM,
    T5Config,
    T5ForConditionalGeneration,
)

from components.engines import fetch_engine, load_engine, open_engine
from components.errors import AssetError, BasewiseError, EngineError
from tests.support.loopback_hub import LoopbackHub
from tests.support.small_models import ALPHABET
from tests.support.small_repositories import (
    Files,
    add,
    config_of,
    files_of,
    repository,
    small_llama,
    tensors_of,
    tokenizer_file,
)

pytestmark = pytest.mark.slow  # loads weights

PROMPT = "Price is $"


@pytest.fixture(autouse=True)
def own_state(hub, empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("components.assets.hub._paused_until", 0.0)
    monkeypatch.setenv("BASEWISE_DTYPE", "float32")
    monkeypatch.setenv("BASEWISE_DEVICE", "cpu")


def refused(hub: LoopbackHub, files: Files) -> BasewiseError:
    """Why a repository with these files does not run: at most three sentences on the page."""
    add(hub, "acme/model", files)
    with pytest.raises((AssetError, EngineError)) as caught:
        load_engine("acme/model")
    error = caught.value
    shown = [error.problem, *(attempt.reason for attempt in error.attempts[:1]), error.way_out]
    assert sum(text.count(". ") + 1 for text in shown) <= 3, shown
    assert all(len(text) < 250 for text in shown), shown
    return error


def continued(files: Files, hub: LoopbackHub) -> str:
    add(hub, "acme/model", files)
    return "".join(load_engine("acme/model").stream(PROMPT, 8))


def generated(model: PreTrainedModel) -> str:
    """What transformers' own greedy generation adds to the prompt."""
    from tests.support.small_models import small_tokenizer

    tokenizer = small_tokenizer()
    ids = tokenizer(PROMPT, return_tensors="pt")["input_ids"]
    generate: Any = model.generate
    with torch.inference_mode():
        output = generate(ids, max_new_tokens=8, do_sample=False)
    text = tokenizer.decode(output[0][ids.shape[1] :])
    assert isinstance(text, str)
    return text


ADAPTER = {"adapter_config.json": b'{"peft_type": "LORA", "base_model_name_or_path": "acme/base"}'}


@pytest.mark.parametrize("own_config", [False, True])
def test_an_adapter_names_the_model_to_load(hub: LoopbackHub, own_config):
    files = {**ADAPTER, "adapter_model.safetensors": save({"lora": torch.ones(1)})}
    if own_config:
        files["config.json"] = repository(small_llama())["config.json"]
    error = refused(hub, {**files, "tokenizer.json": tokenizer_file()})
    assert error.attempts[0].reason == "it is an adapter for acme/base, not a model"
    assert "load acme/base instead" in error.way_out


def test_an_adapter_that_does_not_say_what_for_is_still_an_adapter(hub: LoopbackHub):
    error = refused(hub, {"adapter_config.json": b"[]", "adapter_model.bin": b"pickled"})
    assert error.attempts[0].reason == "it is an adapter, not a model"


@pytest.mark.parametrize("with_config", [False, True])
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("model-q4_k_m.gguf", "it has GGUF files only"),
        ("onnx/model.onnx", "it has ONNX files only"),
        ("pytorch_model-00001-of-00002.bin", "only pickled ones"),
        ("tf_model.h5", "only another framework's"),
        ("consolidated.safetensors", "it has no config.json|not named as transformers names"),
    ],
)
def test_weights_of_another_format_are_named(hub: LoopbackHub, name, reason, with_config):
    files = {name: b"weights", "tokenizer.json": tokenizer_file()}
    if with_config:
        files["config.json"] = repository(small_llama())["config.json"]
    error = refused(hub, files)
    assert any(part in error.attempts[0].reason for part in reason.split("|"))
    assert not hub.asked_for(name)


def test_a_repository_of_images_is_no_language_model(hub: LoopbackHub):
    error = refused(hub, {"model_index.json": b"{}", "unet/model.safetensors": b""})
    assert "makes images" in error.attempts[0].reason


def sharded(names: list[str]) -> Files:
    files = repository(small_llama())
    tensors = tensors_of(files)
    weight_map = {tensor: names[i % len(names)] for i, tensor in enumerate(sorted(tensors))}
    del files["model.safetensors"]
    for name in names:
        part = {tensor: tensors[tensor] for tensor in tensors if weight_map[tensor] == name}
        files[name] = save(part, metadata={"format": "pt"})
    index = {"metadata": {}, "weight_map": weight_map}
    return {**files, "model.safetensors.index.json": json.dumps(index).encode()}


@pytest.mark.parametrize(
    "names",
    [
        ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"],
        ["pytorch_model-1.safetensors", "pytorch_model-2.safetensors"],
        ["shards/layer-0.safetensors", "shards/layer-1.safetensors", "head.safetensors"],
    ],
)
def test_the_shards_that_the_index_names_are_fetched_and_no_others(hub: LoopbackHub, names):
    extra = {"model-00009-of-00009.safetensors": b"left over"}
    assert continued({**sharded(names), **extra}, hub) == generated(small_llama())
    assert not hub.asked_for("model-00009-of-00009.safetensors")


@pytest.mark.parametrize(
    "name",
    [
        *("../../secret.safetensors", "/etc/a.safetensors", "a.py", "*", "", ".safetensors"),
        *("a/../b.safetensors", "a//b.safetensors", "./a.safetensors", "a\\b.safetensors"),
        *("a\0.safetensors", "\ud800.safetensors", "x" * 300 + ".safetensors", "[a].safetensors"),
        *("~/a.safetensors", "C:/a.safetensors", "file:///etc/a.safetensors", "a\n.safetensors"),
    ],
)
def test_an_index_can_not_name_files_outside_the_weights(hub: LoopbackHub, name):
    files = sharded(["a.safetensors"])
    files["model.safetensors.index.json"] = json.dumps({"weight_map": {"x": name}}).encode()
    assert "no weights of its own" in refused(hub, files).attempts[0].reason


def test_an_index_that_names_what_is_there_on_this_disk_is_refused_in_the_same_words(
    hub: LoopbackHub, tmp_path: Path
):
    said = []
    for file in (tmp_path / "there.safetensors", tmp_path / "not_there.safetensors"):
        (tmp_path / "there.safetensors").write_bytes(b"")
        files = sharded(["a.safetensors"])
        index = {"weight_map": {"x": str(file)}}
        files["model.safetensors.index.json"] = json.dumps(index).encode()
        hub.reset()
        said.append(refused(hub, files).attempts[0].reason.replace(file.stem, ""))
    assert said[0] == said[1]


@pytest.mark.parametrize(
    ("weight_map", "said"),
    [
        ({f"t{i}": f"s-{i}.safetensors" for i in range(5000)}, "names 5,000 files"),
        ({"x": 5}, "no readable"),
        ([], "no readable"),
    ],
)
def test_an_index_of_more_files_than_any_model_has_or_none_is_refused(
    hub: LoopbackHub, weight_map, said
):
    files = sharded(["a.safetensors"])
    files["model.safetensors.index.json"] = json.dumps({"weight_map": weight_map}).encode()
    assert said in refused(hub, files).attempts[0].reason


def test_an_index_left_behind_by_joined_shards_does_no_harm(hub: LoopbackHub):
    whole, parts = repository(small_llama()), sharded(["a-1.safetensors", "a-2.safetensors"])
    index = {"model.safetensors.index.json": parts["model.safetensors.index.json"]}
    assert continued({**whole, **index}, hub) == generated(small_llama())


SMALL_ENCODER: dict[str, Any] = {
    "vocab_size": len(ALPHABET),
    "hidden_size": 32,
    "embedding_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
}


@pytest.mark.parametrize(
    ("model", "config"),
    [
        (BertLMHeadModel, BertConfig),
        (RobertaForCausalLM, RobertaConfig),
        (ElectraForCausalLM, ElectraConfig),
    ],
)
def test_an_encoder_is_refused_before_its_weights_are_fetched(hub: LoopbackHub, model, config):
    error = refused(hub, repository(model(config(**SMALL_ENCODER))))
    assert "an encoder" in error.problem
    assert "not a causal language model" in error.problem
    assert not hub.asked_for("model.safetensors")


def test_a_sequence_to_sequence_model_is_refused_in_one_sentence(hub: LoopbackHub):
    config = T5Config(vocab_size=64, d_model=16, d_kv=4, d_ff=16, num_layers=1, num_heads=4)
    error = refused(hub, repository(T5ForConditionalGeneration(config)))
    assert error.problem == (
        "model (t5) is a sequence-to-sequence model, not a causal language model."
    )


TEXT: dict[str, Any] = {
    "vocab_size": len(ALPHABET),
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "initializer_range": 0.2,
    "pad_token_id": None,
    "bos_token_id": None,
    "eos_token_id": None,
}
VISION: dict[str, Any] = {
    "hidden_size": 16,
    "intermediate_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "image_size": 28,
    "patch_size": 14,
}


@pytest.mark.parametrize(
    ("model", "config", "fields"),
    [
        (
            Mistral3ForConditionalGeneration,
            Mistral3Config,
            {
                "text_config": {"model_type": "mistral", **TEXT},
                "vision_config": {"model_type": "pixtral", **VISION, "head_dim": 8},
                "image_token_index": 63,
            },
        ),
        (
            Gemma3ForConditionalGeneration,
            Gemma3Config,
            {
                "text_config": {**TEXT, "pad_token_id": 0, "sliding_window": 16},
                "vision_config": {**VISION, "model_type": "siglip_vision_model"},
                "mm_tokens_per_image": 4,
                "image_token_index": 63,
            },
        ),
    ],
)
def test_the_text_model_of_a_wrapper_runs(hub: LoopbackHub, tmp_path, model, config, fields):
    torch.manual_seed(0)
    made = model(config(**fields)).eval()
    made.save_pretrained(tmp_path)
    files = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert continued({**files, "tokenizer.json": tokenizer_file()}, hub) == generated(made)
    engine = load_engine("acme/model")
    assert engine.price_distribution(PROMPT, 0.1).probabilities.sum() > 0


def test_tied_embeddings_need_no_head_of_their_own(hub: LoopbackHub):
    model = small_llama(tie_word_embeddings=True)
    assert continued(repository(model), hub) == generated(model)


def test_tensors_that_are_computed_anew_do_no_harm(hub: LoopbackHub):
    files = repository(small_llama())
    extra = {
        "model.layers.0.self_attn.rotary_emb.inv_freq": torch.ones(8),
        "model.embeddings.position_ids": torch.arange(8),
    }
    files = files_of(config_of(files), {**tensors_of(files), **extra})
    assert continued(files, hub) == generated(small_llama())


def test_tensors_without_a_place_in_the_model_are_refused(hub: LoopbackHub):
    files = repository(small_llama())
    extra = {"model.layers.0.self_attn.q_norm.weight": torch.ones(16)}
    error = refused(hub, files_of(config_of(files), {**tensors_of(files), **extra}))
    assert "no place for model.layers.0.self_attn.q_norm.weight" in error.problem


def test_weights_of_other_shapes_than_the_configs_are_refused_without_advice_for_programmers(
    hub: LoopbackHub,
):
    error = refused(hub, repository(small_llama(), intermediate_size=32))
    assert "could not be loaded" in error.problem
    assert "ignore_mismatched_sizes" not in f"{error.problem} {error.way_out}"


def with_tokens(count: int, *, special: bool = False, added: bool = False) -> bytes:
    tokenizer = Tokenizer.from_str(tokenizer_file().decode())
    tokens = [chr(0x4E00 + i) for i in range(count)]
    if added:
        tokenizer.add_tokens([AddedToken(token, special=special) for token in tokens])
        return tokenizer.to_str().encode()
    content = json.loads(tokenizer.to_str())
    vocabulary = content["model"]["vocab"]
    vocabulary |= {token: len(vocabulary) + i for i, token in enumerate(tokens)}
    return json.dumps(content).encode()


@pytest.mark.parametrize("added", [False, True])
def test_a_tokenizer_with_more_tokens_than_the_model_is_another_models(hub: LoopbackHub, added):
    files = repository(small_llama())
    error = refused(hub, {**files, "tokenizer.json": with_tokens(3, added=added)})
    assert "is not this model's: it has 67 tokens, the model has embeddings of 64" in error.problem


def test_a_special_token_beyond_the_embeddings_is_refused_only_in_a_prompt(hub: LoopbackHub):
    files = repository(small_llama())
    tokenizer = with_tokens(1, added=True, special=True)
    assert continued({**files, "tokenizer.json": tokenizer}, hub) == generated(small_llama())
    engine = open_engine(fetch_engine("acme/model"))
    for ask in (engine.price_distribution, lambda prompt: list(engine.stream(prompt, 4))):
        with pytest.raises(EngineError, match="has no embedding of '一'"):
            ask(f"一{PROMPT}")


def test_spare_embeddings_do_no_harm(hub: LoopbackHub):
    model = small_llama(vocab_size=80)
    engine_text = continued(repository(model), hub)
    assert engine_text
    assert load_engine("acme/model").price_distribution(PROMPT, 0.2).probabilities.sum() > 0


@pytest.mark.parametrize("limit", [-1, 0])
def test_a_length_limit_that_is_none_is_no_limit(hub: LoopbackHub, limit):
    model = small_llama()
    add(hub, "acme/model", repository(model))
    engine = load_engine("acme/model")
    engine.model.config.max_position_embeddings = limit
    assert "".join(engine.stream(PROMPT, 8)) == generated(model)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"rope_parameters": {"rope_type": "su", "factor": 2.0}}, "type 'su' (rope), which"),
        ({"rope_scaling": {"type": "yarn-x", "factor": 2.0}}, "type 'yarn-x' (rope), which"),
        ({"rope_parameters": {"rope_type": "linear"}}, "can't read the config"),
        ({"num_attention_heads": "four"}, "can't read the config"),
        ({"num_attention_heads": 5}, "can't read the config"),
        ({"hidden_act": "mystery"}, "could not be loaded"),
        ({"vocab_size": -3}, "could not be loaded"),
        ({"model_type": None}, "names no type of model"),
        ({"model_type": ["llama"]}, "is of the type ['llama']"),
        ({"model_type": "llama9"}, "is of the type 'llama9'"),
        ({"model_type": "llama9", "auto_map": {}}, "is never run"),
        ({"model_type": "vit"}, "a model of another kind"),
    ],
)
def test_a_config_that_transformers_can_not_use_is_refused_in_a_sentence(
    hub: LoopbackHub, change, problem
):
    files = repository(small_llama())
    config = config_of(files) | change
    if "rope_scaling" in change:
        del config["rope_parameters"]
    error = refused(hub, {**files, "config.json": json.dumps(config).encode()})
    assert problem in error.problem


@pytest.mark.parametrize("content", [b"[]", b"{", b"\xff\xfe", b"null", b"[" * 100_000])
def test_a_config_that_is_no_object_is_refused_in_a_sentence(hub: LoopbackHub, content):
    files = repository(small_llama())
    assert "can't be read" in refused(hub, {**files, "config.json": content}).problem


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"vocab_size": 15_000_000}, "asks for a vocab_size of 15,000,000"),
        ({"hidden_size": 1_000_000}, "asks for a hidden_size of 1,000,000"),
        ({"num_hidden_layers": 200_000}, "asks for a num_hidden_layers of 200,000"),
        ({"sliding_window": "9" * 300}, "as its sliding_window, which is a number"),
        (
            {"rope_parameters": {"original_max_position_embeddings": [4096]}},
            "as its original_max_position_embeddings",
        ),
        ({"text_config": {"num_hidden_layers": 10**30}}, "num_hidden_layers of 1.0e+30"),
    ],
)
def test_a_config_beyond_any_model_is_refused_before_its_weights_are_fetched(
    hub: LoopbackHub, changes, said
):
    files = repository(small_llama())
    config = json.loads(files["config.json"]) | changes
    error = refused(hub, {**files, "config.json": json.dumps(config).encode()})
    assert said in error.problem
    assert not hub.asked_for("model.safetensors")


@pytest.mark.parametrize(
    "changes",
    [{"vocab_size": 4_000_000}, {"intermediate_size": 1_000_000}, {"hidden_size": 100_000}],
)
def test_a_config_of_a_larger_model_than_its_weights_takes_no_memory(hub: LoopbackHub, changes):
    files = repository(small_llama())
    config = json.loads(files["config.json"]) | changes
    error = refused(hub, {**files, "config.json": json.dumps(config).encode()})
    assert "parameters; its weights hold" in error.problem


def test_a_config_of_more_layers_than_there_are_tensors_is_refused_at_once(hub: LoopbackHub):
    files = repository(small_llama())
    config = json.loads(files["config.json"]) | {"num_hidden_layers": 900}
    error = refused(hub, {**files, "config.json": json.dumps(config).encode()})
    assert "asks for 900 layers" in error.problem
