"""Small random models of any architecture that transformers has, and a tokenizer for them."""

import string
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from tokenizers import decoders
from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerFast

from tests.support.small_tokenizer import CHARACTERS, tokenizer_of_digits

# One visible character per token, so that texts are equal exactly where tokens are.
ALPHABET = "".join(dict.fromkeys(CHARACTERS + string.ascii_letters))[:64]
HEADS, LAYERS = 4, 2
# Fields of configs, by the names that architectures give them.
SIZES: dict[str, Any] = {
    **dict.fromkeys(["hidden_size", "n_embd", "d_model", "dim", "emb_dim", "embedding_size"], 32),
    **dict.fromkeys(["intermediate_size", "ffn_dim", "d_ff", "d_inner", "n_inner", "dff"], 48),
    **dict.fromkeys(["ffn_hidden_size", "decoder_ffn_dim", "encoder_ffn_dim"], 48),
    **dict.fromkeys(["moe_intermediate_size", "shared_expert_intermediate_size"], 16),
    **dict.fromkeys(["num_hidden_layers", "n_layer", "n_layers", "num_layers"], LAYERS),
    **dict.fromkeys(["num_blocks", "decoder_layers", "num_decoder_layers"], LAYERS),
    **dict.fromkeys(["encoder_layers", "num_encoder_layers"], 1),
    **dict.fromkeys(["num_attention_heads", "n_head", "n_heads", "num_heads"], HEADS),
    **dict.fromkeys(["decoder_attention_heads", "encoder_attention_heads"], HEADS),
    **dict.fromkeys(["num_decoder_attention_heads", "num_encoder_attention_heads"], HEADS),
    **dict.fromkeys(["num_key_value_heads", "linear_num_key_heads", "num_experts_per_tok"], 2),
    **dict.fromkeys(["moe_k", "mamba_expand", "attn_layer_period", "full_attention_interval"], 2),
    **dict.fromkeys(["head_dim", "qk_rope_head_dim", "qk_nope_head_dim", "v_head_dim"], 8),
    **dict.fromkeys(["linear_key_head_dim", "linear_value_head_dim", "mamba_d_state"], 8),
    **dict.fromkeys(["state_size", "chunk_size", "mamba_chunk_size"], 8),
    **dict.fromkeys(["max_position_embeddings", "n_positions", "max_seq_len"], 128),
    **dict.fromkeys(["num_experts", "num_local_experts", "n_routed_experts"], 4),
    **dict.fromkeys(["moe_num_experts", "linear_num_value_heads", "mamba_n_heads"], 4),
    **dict.fromkeys(["n_group", "topk_group", "mamba_n_groups", "attn_layer_offset"], 1),
    **dict.fromkeys(["q_lora_rank", "kv_lora_rank", "mamba_d_head", "attention_window_size"], 16),
    "sliding_window": 16,
    "mamba_d_ssm": 64,
    "lru_width": 32,
    "rotary_dim": 4,
    "vocab_size": len(ALPHABET),
    "bos_token_id": 61,
    "eos_token_id": 62,
    "pad_token_id": 63,
    "initializer_range": 0.3,
    "init_std": 0.3,
}


# What single architectures ask for.
_OF_FEW: list[dict[str, Any]] = [
    {"head_dim": 8, "num_key_value_heads": 2},
    {"num_heads": 8, "head_dim": 8, "expand": 2, "n_groups": 1},
    {"attention_types": [[["global", "local"], 1]]},
    {"layer_types": ["mamba", "attention"]},
    {"layer_types": ["conv", "full_attention"]},
    {"num_experts_per_tok": 1},
    {"num_key_value_heads": HEADS, "qk_rope_head_dim": 8, "head_dim": 16},
]


def small_tokenizer() -> PreTrainedTokenizerFast:
    """One token for each of the 64 characters of ALPHABET."""
    tokenizer = tokenizer_of_digits(characters=ALPHABET)
    tokenizer.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer)


def small_models(
    config: type[PreTrainedConfig], model: type[PreTrainedModel]
) -> Iterator[Callable[[], PreTrainedModel]]:
    """Ways to make a random model of this class and a small config, of which one may be valid."""
    default = config()
    if model.config_class is not config:  # the text model of a wrapper
        default = default.get_text_config()

    def make(changes: dict[str, Any]) -> PreTrainedModel:
        torch.manual_seed(0)
        return model(_small(default, changes)).eval()

    return (partial(make, changes) for changes in _changes(default))


def _changes(default: PreTrainedConfig) -> Iterator[dict[str, Any]]:
    yield {}
    if "kv_lora_rank" in default.to_dict():
        yield {"num_key_value_heads": HEADS}
    if "attn_layer_indices" in default.to_dict():
        yield {"attn_layer_indices": [1]}
    for layers in (4, 8):
        yield {"num_hidden_layers": layers}
    for changes in _OF_FEW:
        if changes.keys() <= default.to_dict().keys():
            yield changes
    if types := list(dict.fromkeys(getattr(default, "layer_types", None) or ())):
        yield {"num_hidden_layers": len(types), "layer_types": types}
        yield {"num_hidden_layers": 2 * len(types), "layer_types": types * 2}


def _small(default: PreTrainedConfig, changes: dict[str, Any]) -> PreTrainedConfig:
    fields = default.to_dict()
    sizes: dict[str, Any] = {
        name: value
        for name, value in SIZES.items()
        if name in fields
        and (fields[name] is not None or name.endswith("_id"))
        and not isinstance(fields[name], (list, dict, bool))
    }
    sizes |= {name: value for name, value in changes.items() if name in fields}
    for name in fields:
        part = getattr(default, name, None)
        if isinstance(part, PreTrainedConfig):
            sizes[name] = _small(part, changes).to_dict()
    return type(default)(**sizes)
