"""Repositories of quantized weights: run with their scales, or refused by the method's name."""

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    BitsAndBytesConfig,
    GptOssConfig,
    GptOssForCausalLM,
)

from components.engines import load_engine
from components.errors import EngineError
from tests.support.loopback_hub import LoopbackHub
from tests.support.small_models import ALPHABET
from tests.support.small_repositories import (
    Files,
    Tensors,
    add,
    config_of,
    files_of,
    repository,
    small_llama,
    tensors_of,
    tokenizer_file,
)

pytestmark = pytest.mark.slow  # loads weights

BLOCK = 16
FP4 = [0, 0.5, 1, 1.5, 2, 3, 4, 6]
IDS = torch.arange(5, 15)[None]
PROJECTIONS = [
    "self_attn.q_proj",
    "self_attn.k_proj",
    "self_attn.v_proj",
    "self_attn.o_proj",
    "mlp.gate_proj",
    "mlp.up_proj",
    "mlp.down_proj",
]
LINEAR = [f"model.layers.{layer}.{name}.weight" for layer in (0, 1) for name in PROJECTIONS]


@pytest.fixture(autouse=True)
def own_state(hub, empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("components.assets.hub._paused_until", 0.0)
    monkeypatch.setenv("BASEWISE_DTYPE", "float32")
    monkeypatch.setenv("BASEWISE_DEVICE", "cpu")


def logits(model: Any) -> torch.Tensor:
    with torch.inference_mode():
        return model(input_ids=IDS, use_cache=False).logits.float()


def fp8(block: int | None) -> tuple[Files, Tensors]:
    """A repository in FP8 with scales of blocks or whole tensors, and the weights it means."""
    files = repository(small_llama())
    stored, meant = tensors_of(files), tensors_of(files)
    for name in LINEAR:
        weight = stored[name]
        rows, columns = weight.shape
        size = (block, block) if block else (rows, columns)
        blocks = weight.reshape(rows // size[0], size[0], columns // size[1], size[1])
        scales = blocks.abs().amax((1, 3), keepdim=True) / 448
        rounded = (blocks / scales).to(torch.float8_e4m3fn)
        stored[name] = rounded.reshape(rows, columns).contiguous()
        stored[f"{name}_scale_inv"] = scales[:, 0, :, 0] if block else scales.reshape(())
        meant[name] = (rounded.float() * scales).reshape(rows, columns)
    how = {
        "quant_method": "fp8",
        "activation_scheme": "dynamic" if block else "static",
        "weight_block_size": [block, block] if block else None,
    }
    return files_of({**config_of(files), "quantization_config": how}, stored), meant


@pytest.mark.parametrize("block", [BLOCK, None])
def test_fp8_weights_run_with_their_scales_and_the_provenance_says_so(hub: LoopbackHub, block):
    files, meant = fp8(block)
    add(hub, "nobody/fp8", files)
    engine = load_engine("nobody/fp8")
    expected = small_llama()
    expected.load_state_dict(meant)
    assert torch.allclose(logits(engine.model), logits(expected), atol=1e-3)
    assert engine.id.quantization == "FP8"
    assert engine.id.describe().endswith("FP8, run in float32")


def test_mxfp4_weights_run_with_their_scales(hub: LoopbackHub):
    size, experts = 64, 4
    config = GptOssConfig(
        vocab_size=len(ALPHABET),
        hidden_size=size,
        intermediate_size=size,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=16,
        num_local_experts=experts,
        num_experts_per_tok=2,
        eos_token_id=None,
    )
    torch.manual_seed(0)
    model = GptOssForCausalLM(config).eval()
    meant = model.state_dict()
    stored = {name: tensor.contiguous() for name, tensor in meant.items()}
    for layer in (0, 1):
        for name, rows in (("gate_up_proj", 2 * size), ("down_proj", size)):
            full = f"model.layers.{layer}.mlp.experts.{name}"
            codes = torch.randint(0, 16, (experts, rows, size // 32, 32), dtype=torch.uint8)
            scales = torch.randint(120, 124, (experts, rows, size // 32), dtype=torch.uint8)
            del stored[full]
            stored[f"{full}_blocks"] = codes[..., ::2] | (codes[..., 1::2] << 4)
            stored[f"{full}_scales"] = scales
            values = torch.tensor([*FP4, *(-value for value in FP4)])[codes.long()]
            values = values * 2.0 ** (scales[..., None].float() - 127)
            meant[full] = values.reshape(experts, rows, size).transpose(1, 2)
    how = {"quant_method": "mxfp4", "modules_to_not_convert": ["self_attn", "router", "lm_head"]}
    add(hub, "nobody/mxfp4", files_of({**config.to_dict(), "quantization_config": how}, stored))
    engine = load_engine("nobody/mxfp4")
    model.load_state_dict(meant)
    assert torch.allclose(logits(engine.model), logits(model), atol=1e-3)
    assert engine.id.quantization == "MXFP4"


@pytest.mark.parametrize(
    ("how", "name"),
    [
        ({"load_in_4bit": True, "bnb_4bit_quant_type": "nf4"}, "NF4 by bitsandbytes"),
        ({"load_in_4bit": True, "bnb_4bit_quant_type": "fp4"}, "FP4 by bitsandbytes"),
        ({"load_in_8bit": True}, "INT8 by bitsandbytes"),
    ],
)
def test_bitsandbytes_weights_run_as_they_are(hub: LoopbackHub, tmp_path, how, name):
    small_llama().save_pretrained(tmp_path / "whole")
    if how.get("load_in_4bit"):
        how["bnb_4bit_compute_dtype"] = torch.float32
    expected = AutoModelForCausalLM.from_pretrained(
        tmp_path / "whole",
        dtype=torch.float32,
        quantization_config=BitsAndBytesConfig(**how),
    ).eval()
    expected.save_pretrained(tmp_path / "quantized")
    files = {file.name: file.read_bytes() for file in (tmp_path / "quantized").iterdir()}
    add(hub, "nobody/bnb", {**files, "tokenizer.json": tokenizer_file()})
    engine = load_engine("nobody/bnb")
    assert torch.allclose(logits(engine.model), logits(expected), atol=1e-3)
    assert engine.id.quantization == name


def with_method(how: dict[str, Any], tensors: Tensors | None = None) -> Files:
    files = repository(small_llama(), quantization_config=how)
    return files if tensors is None else files_of(config_of(files), tensors)


@pytest.mark.parametrize(
    ("how", "name"),
    [
        ({"quant_method": "gptq", "bits": 4, "group_size": 128}, "GPTQ"),
        ({"quant_method": "awq", "bits": 4, "group_size": 128}, "AWQ"),
        ({"quant_method": "compressed-tensors", "format": "int-quantized"}, "compressed-tensors"),
        ({"quant_method": "fbgemm_fp8"}, "FBGEMM FP8"),
        ({"quant_method": "modelopt", "quant_algo": "NVFP4"}, "ModelOpt"),
        ({"quant_method": "bitnet"}, "BitNet"),
        ({"quant_method": "torchao"}, "torchao"),
        ({"quant_method": "of-tomorrow"}, "of-tomorrow"),
        ({"bits": 4, "group_size": 64}, "MLX"),
    ],
)
def test_another_method_is_refused_by_its_name_before_weights_are_fetched(
    hub: LoopbackHub, how, name
):
    add(hub, "nobody/other", with_method(how))
    with pytest.raises(EngineError, match=f"other is quantized with {name}, which") as caught:
        load_engine("nobody/other")
    assert "quantized from" in caught.value.way_out
    assert not hub.asked_for("model.safetensors")


def test_a_method_in_the_text_part_of_a_wrapper_is_found(hub: LoopbackHub):
    files = repository(small_llama(), text_config={"quantization_config": {"quant_method": "awq"}})
    add(hub, "nobody/wrapped", files)
    with pytest.raises(EngineError, match="quantized with AWQ"):
        load_engine("nobody/wrapped")


def unexplained(kind: str) -> Tensors:
    """Weights that are quantized, of a config that does not say so."""
    tensors = small_llama().state_dict()
    for name in LINEAR:
        weight = tensors[name]
        stem = name.removesuffix("weight")
        if kind == "FP8":
            tensors[name] = weight.to(torch.float8_e4m3fn)
        elif kind == "INT8":
            scale = weight.abs().amax(1, keepdim=True) / 127
            tensors[name] = (weight / scale).round().to(torch.int8)
            tensors[f"{stem}weight_scale"] = scale
        else:
            del tensors[name]
            rows, columns = weight.shape
            tensors[f"{stem}qweight"] = torch.zeros(columns // 8, rows, dtype=torch.int32)
            tensors[f"{stem}scales"] = torch.ones(1, rows)
    return {name: tensor.contiguous() for name, tensor in tensors.items()}


@pytest.mark.parametrize("kind", ["FP8", "INT8", "GPTQ"])
def test_quantized_weights_whose_config_says_nothing_are_refused(hub: LoopbackHub, kind):
    files = repository(small_llama())
    add(hub, "nobody/quiet", files_of(config_of(files), unexplained(kind)))
    with pytest.raises(EngineError, match=r"are quantized.* and its config does not say how"):
        load_engine("nobody/quiet")


def test_weights_in_four_bit_are_not_asked_of_a_quantized_repository(hub: LoopbackHub):
    add(hub, "nobody/fp8", fp8(BLOCK)[0])
    with pytest.raises(EngineError, match="quantized already, with FP8") as caught:
        load_engine("nobody/fp8", precision="4-bit")
    assert "off" in caught.value.way_out


def test_memory_is_counted_by_what_is_stored(hub: LoopbackHub, monkeypatch):
    """32 billion bytes in 8 bit run where as many numbers in 16 bit do not."""
    monkeypatch.setattr("components.engines.local.memory._total", lambda: 60 * 10**9)
    stored = {"U8": 30_000_000_000, "BF16": 1_000_000_000}
    monkeypatch.setattr("components.engines.local.files.stored_on_hub", lambda repo: stored)
    how = {"quant_method": "bitsandbytes", "load_in_4bit": True, "bnb_4bit_quant_type": "nf4"}
    add(hub, "nobody/bnb", with_method(how))
    with pytest.raises(EngineError) as caught:  # fits: the weights are of another layout
        load_engine("nobody/bnb")
    assert "memory" not in caught.value.problem
    add(hub, "nobody/fp8", fp8(BLOCK)[0])
    monkeypatch.setattr(
        "components.engines.local.files.stored_on_hub", lambda repo: {"F8_E4M3": 30_000_000_000}
    )
    with pytest.raises(EngineError, match=r"about 75\.0 GB") as caught:
        load_engine("nobody/fp8")
    assert "4 bit" not in caught.value.way_out
