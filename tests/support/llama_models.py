"""Small random Llama models with real tokenizers that like to write numbers: here and as GGUF."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from benchmarks.llama_server import write_gguf
from components.engines import LocalEngine
from components.tokenization import load_tokenizer
from tests.support.model_ids import unrevised

SMOL, LLAMA = "HuggingFaceTB/SmolLM2-135M-Instruct", "meta-llama/Llama-3.1-8B"
# llama.cpp's names of how they cut text.
_SPLITS = {SMOL: "smollm", LLAMA: "llama-bpe"}
# How far logits are spread; how much likelier (ln) numbers, and stops, are than all else after one
# prompt.
_SPREADS = {SMOL: (2.0, 5.0), LLAMA: (3.5, 8.0)}


@dataclass(frozen=True)
class SmallModel:
    """A model on this machine in fp32, and its weights as a file."""

    repo_id: str
    engine: LocalEngine
    gguf: Path


@cache
def small_llama(repo_id: str, folder: Path) -> SmallModel:
    """One token per digit for SMOL, one per number up to 999 for LLAMA."""
    tokenizer = load_tokenizer(repo_id)
    spread, likelier = _SPREADS[repo_id]
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=8,
        max_position_embeddings=2048,
        tie_word_embeddings=False,
        initializer_range=0.4,
    )
    model = LlamaForCausalLM(config).eval()
    texts = tokenizer.batch_decode([[token] for token in range(len(tokenizer))])
    numbers = [i for i, text in enumerate(texts) if re.fullmatch(r"[0-9]{1,3}", text)]
    stops = [i for i, text in enumerate(texts) if text in (",", ".", "\n", " ")]
    with torch.no_grad():
        # One part of each hidden state stays as it is: what it adds to a token is a bias.
        model.model.embed_tokens.weight[:, 0] = 4.0
        layers: Any = model.model.layers
        for layer in layers:
            layer.self_attn.o_proj.weight[0] = 0.0
            layer.mlp.down_proj.weight[0] = 0.0
        model.lm_head.weight *= spread
        model.lm_head.weight[:, 0] = 0.0
        ids = torch.tensor([tokenizer("A lamp of brass.\n\nPrice is $")["input_ids"]])
        hidden = model.model(ids).last_hidden_state[0, -1]
        logits = hidden @ model.lm_head.weight.T
        rest = torch.ones(len(logits), dtype=torch.bool)
        rest[numbers + stops] = False
        for likely in (numbers, stops):
            short = logits[rest].logsumexp(0) - logits[likely].logsumexp(0)
            model.lm_head.weight[likely, 0] = (short + likelier) / hidden[0]
    path = folder / f"{repo_id.replace('/', '-')}.gguf"
    if not path.exists():
        write_gguf(model, tokenizer, _SPLITS[repo_id], path)
    return SmallModel(repo_id, LocalEngine(unrevised(repo_id), model, tokenizer), path)
