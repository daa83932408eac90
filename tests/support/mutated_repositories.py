"""Small real model repositories, changed at random: by mistake or in malice."""

import json
import random
import struct
from collections.abc import Callable
from functools import cache
from typing import Any

from tests.support.small_repositories import Files, repository, small_llama

_VALUES = (
    *(None, True, False, -1, 0, 1, 3, 2**31, 10**9, 10**18, -(10**9), 1e308, 0.1, "", "9" * 300),
    *([], {}, [0], [[]], {"0": "x"}, ["full_attention"] * 100_000, "llama", "bert", "t5", "mamba"),
)
_MORE = (
    *(
        "num_labels",
        "n_positions",
        "head_dim",
        "num_experts",
        "num_key_value_heads",
        "rope_scaling",
    ),
    *(
        "quantization_config",
        "text_config",
        "auto_map",
        "layer_types",
        "pad_token_id",
        "torch_dtype",
    ),
    *("attn_implementation", "_attn_implementation", "tie_word_embeddings", "use_cache", "dtype"),
    *("sliding_window", "problem_type", "id2label", "pruned_heads", "is_decoder", "architectures"),
)


@cache
def _sound() -> Files:
    return repository(small_llama())


def mutated(seed: int) -> Files:
    """The files of a small Llama with one to three changes, the same for the same seed."""
    draw = random.Random(seed)
    files = dict(_sound())
    for _ in range(draw.randint(1, 3)):
        draw.choice(_CHANGES)(files, draw)
    return files


def _config(files: Files, draw: random.Random) -> None:
    """A field becomes something else."""
    config = _json(files, "config.json")
    name = draw.choice([*config, *_MORE])
    config[name] = draw.choice(_VALUES)
    if draw.random() < 0.2:
        config.pop(draw.choice(list(config)))
    files["config.json"] = json.dumps(config).encode()


def _json(files: Files, name: str) -> dict[str, Any]:
    try:
        found = json.loads(files.get(name, b""))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _noise(files: Files, draw: random.Random) -> None:
    """Some bytes of a file become others, or its end is missing."""
    name = draw.choice(sorted(files))
    content = files[name]
    place = draw.randrange(len(content) + 1)
    if draw.random() < 0.4:
        files[name] = content[:place]
    else:
        files[name] = content[:place] + draw.randbytes(draw.randint(1, 40)) + content[place + 9 :]


def _head(files: Files, draw: random.Random) -> None:
    """The head of the weights says other shapes, kinds and places."""
    content = files.get("model.safetensors", b"")
    if len(content) < 8:
        return
    (length,) = struct.unpack_from("<Q", content)
    try:
        head = json.loads(content[8 : 8 + length])
    except (ValueError, RecursionError):
        return
    name = draw.choice([key for key in head if key != "__metadata__"])
    match draw.randrange(5):
        case 0:
            head[name]["shape"] = draw.choice([[0], [2**40, 2**40], [], [-1], [1] * 1000, "x"])
        case 1:
            head[name]["dtype"] = draw.choice(["F64", "U8", "F8_E4M3", "BOOL", "X", 5])
        case 2:
            head[name]["data_offsets"] = draw.choice([[0, 2**62], [5, 1], [], [0, 0]])
        case 3:
            head[draw.choice(["x" * 10_000, "model.layers.0.q.qweight", ""])] = head.pop(name)
        case _:
            head |= {f"extra.{i}": head[name] for i in range(20_000)}
    written = json.dumps(head).encode()
    files["model.safetensors"] = struct.pack("<Q", len(written)) + written + content[8 + length :]


def _index(files: Files, draw: random.Random) -> None:
    """An index beside the weights, or instead of them."""
    names = ["model.safetensors", "../x.safetensors", "a/b.safetensors", "x", "\0.safetensors", 7]
    weight_map = {f"t{i}": draw.choice(names) for i in range(draw.choice([0, 1, 5]))}
    index = draw.choice([{"weight_map": weight_map}, weight_map, [], {"weight_map": names}])
    files["model.safetensors.index.json"] = json.dumps(index).encode()
    if draw.random() < 0.5:
        files["a/b.safetensors"] = files.pop("model.safetensors", b"")
        files["model.safetensors"] = b"" if draw.random() < 0.3 else files["a/b.safetensors"]


def _tokenizer(files: Files, draw: random.Random) -> None:
    """What stands beside the tokenizer says something else."""
    added = {str(draw.choice([5, 63, 64, 10**6])): {"content": draw.choice(["$", "9", "x" * 9000])}}
    settings = {
        "tokenizer_class": draw.choice(["LlamaTokenizer", "Nonsense", 5]),
        "added_tokens_decoder": draw.choice([{}, added, [], "x"]),
        draw.choice(["bos_token", "eos_token", "pad_token"]): draw.choice(["$", None, {}, 5]),
    }
    files["tokenizer_config.json"] = json.dumps(settings).encode()


def _left_out(files: Files, draw: random.Random) -> None:
    """A file is missing."""
    del files[draw.choice(sorted(files))]
    files.setdefault("README.md", b"x")


_CHANGES: tuple[Callable[[Files, random.Random], None], ...] = (
    *(_config, _config, _config, _noise, _head, _index, _tokenizer, _left_out),
)
