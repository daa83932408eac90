"""llama.cpp's own server out of the xllamacpp wheel, and GGUF files for it out of Llama models.

python -m benchmarks.llama_server MODEL.gguf PORT [KEY]
"""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.serving import REPOSITORY, Server, free_port, serving

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

ALIAS = "small-model"  # the name that the server gives its model
_SLOTS, _CONTEXT = 4, 2048


@contextmanager
def running_llama_server(
    gguf: Path, log: Path, *, key: str | None = None, port: int | None = None
) -> Iterator[Server]:
    """A server of the model in a process of its own with one thread, once it answers."""
    port = port or free_port()
    command = [sys.executable, "-m", "benchmarks.llama_server", str(gguf), str(port)]
    command += [key] if key else []
    with serving(command, port, "/health", log, REPOSITORY, {}) as server:
        yield server


def write_gguf(
    model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerFast", split: str, path: Path
) -> None:
    """A Llama model in fp32 with its tokenizer, as llama.cpp reads both.

    `split` is llama.cpp's name of the tokenizer's way to cut text before its merges.
    """
    import gguf
    import torch

    config = model.config
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    head_size = config.head_dim or config.hidden_size // config.num_attention_heads
    writer.add_rope_dimension_count(head_size)
    writer.add_vocab_size(config.vocab_size)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    _add_tokenizer(writer, tokenizer, split, config.vocab_size)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config.num_hidden_layers)
    for name, tensor in model.state_dict().items():
        values = tensor.detach().to(torch.float32)
        for part, heads in (("q_proj", "num_attention_heads"), ("k_proj", "num_key_value_heads")):
            if part in name:  # llama.cpp turns neighbouring pairs, transformers halves
                rows = values.reshape(getattr(config, heads), 2, -1, values.shape[-1])
                values = rows.swapaxes(1, 2).reshape(values.shape)
        found = names.get_name(name, try_suffixes=(".weight",))
        assert found is not None, name
        writer.add_tensor(found, values.contiguous().numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _add_tokenizer(
    writer: "object", tokenizer: "PreTrainedTokenizerFast", split: str, size: int
) -> None:
    import json

    import gguf

    assert isinstance(writer, gguf.GGUFWriter)
    content = json.loads(tokenizer.backend_tokenizer.to_str())
    special = {one["id"]: one for one in content["added_tokens"]}
    by_id = {token: text for text, token in tokenizer.get_vocab().items()}
    texts = [by_id.get(token, f"<unused-{token}>") for token in range(size)]
    normal, control = gguf.TokenType.NORMAL, gguf.TokenType.CONTROL
    merges = [m if isinstance(m, str) else " ".join(m) for m in content["model"]["merges"]]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(split)
    writer.add_token_list(texts)
    writer.add_token_types([control if token in special else normal for token in range(size)])
    writer.add_token_merges(merges)
    adds_bos = tokenizer("a")["input_ids"][:1] == [tokenizer.bos_token_id]
    writer.add_add_bos_token(adds_bos)
    for add, token in (
        (writer.add_bos_token_id, tokenizer.bos_token_id),
        (writer.add_eos_token_id, tokenizer.eos_token_id),
    ):
        if isinstance(token, int):
            add(token)


def main() -> None:
    # Its names come out of a compiled module, which type checkers can't look into.
    xllamacpp: Any = import_module("xllamacpp")
    model, port, *key = sys.argv[1:]
    params = xllamacpp.CommonParams()
    params.model.path, params.model_alias = model, {ALIAS}
    params.hostnames, params.port = ["127.0.0.1"], int(port)
    params.n_ctx, params.n_parallel = _CONTEXT * _SLOTS, _SLOTS
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.warmup, params.ui = False, False
    # All in 32 bits, as the weights are.
    params.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    params.cache_type_k = params.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_F32
    if key:
        params.api_keys = key
    server = xllamacpp.Server(params)  # serves while it lives
    threading.Event().wait()
    del server


if __name__ == "__main__":
    main()
