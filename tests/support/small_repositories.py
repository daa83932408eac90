"""Model repositories with small random weights, stored in the ways that repositories store them."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from safetensors.torch import load, save
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedModel

from tests.support.loopback_hub import LoopbackHub
from tests.support.small_models import ALPHABET, small_tokenizer

Files = dict[str, bytes]
Tensors = dict[str, torch.Tensor]


def small_llama(**changes: Any) -> LlamaForCausalLM:
    torch.manual_seed(0)
    sizes: dict[str, Any] = {
        "vocab_size": len(ALPHABET),
        "hidden_size": 64,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "initializer_range": 0.2,
        "eos_token_id": None,
        "bos_token_id": None,
    }
    return LlamaForCausalLM(LlamaConfig(**{**sizes, **changes})).eval()


def tokenizer_file() -> bytes:
    return small_tokenizer().backend_tokenizer.to_str().encode()


def repository(model: PreTrainedModel, **config: Any) -> Files:
    """A repository as transformers saves one; `config` is added to its config.json."""
    with TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        files = {file.name: file.read_bytes() for file in Path(folder).iterdir()}
    settings = json.loads(files["config.json"]) | config
    files["config.json"] = json.dumps(settings).encode()
    return {**files, "tokenizer.json": tokenizer_file()}


def files_of(config: dict[str, Any], tensors: Tensors) -> Files:
    return {
        "config.json": json.dumps(config).encode(),
        "model.safetensors": save(tensors, metadata={"format": "pt"}),
        "tokenizer.json": tokenizer_file(),
    }


def config_of(files: Files) -> dict[str, Any]:
    return json.loads(files["config.json"])


def tensors_of(files: Files) -> Tensors:
    return load(files["model.safetensors"])


def add(hub: LoopbackHub, repo_id: str, files: Files) -> None:
    hub.add_repo(repo_id, files, lfs=[name for name in files if name.endswith(".safetensors")])
