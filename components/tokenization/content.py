"""What a file brought as tokenizer.json says about itself, before and after it is opened."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from components.errors import TokenizerError
from components.settings import MAX_UPLOAD_MB

_WAY_OUT = "Upload the file tokenizer.json of a model on the Hub."
_MAX_BYTES = MAX_UPLOAD_MB * 1024 * 1024  # as Streamlit counts its limit

# First bytes of what is taken for a tokenizer.json: what it is, and what to do.
_BEGINNINGS = (
    (
        b"version https://git-lfs.github.com/spec/",
        "it is a Git LFS pointer of a few lines, not the file that it points to",
        "Fetch the file itself: `git lfs pull` in the clone, or the download button of the file's"
        " page on the Hub.",
    ),
    (
        b"\xef\xbb\xbf",
        "it begins with a byte-order mark (BOM), which an editor put there and the tokenizers"
        " library does not read",
        "Save it as UTF-8 without BOM, or download it again.",
    ),
    (b"\xff\xfe", "it is UTF-16, and JSON files are UTF-8", "Save it as UTF-8, without BOM."),
    (b"\xfe\xff", "it is UTF-16, and JSON files are UTF-8", "Save it as UTF-8, without BOM."),
    (b"PK\x03\x04", "it is a zip archive", "Unpack it and upload the tokenizer.json in it."),
    (b"\x1f\x8b", "it is compressed with gzip", "Unpack it and upload the tokenizer.json in it."),
    (b"GGUF", "it is a GGUF file of weights", _WAY_OUT),
    (b"\x80\x04", "it is a pickle", _WAY_OUT),
    (b"\x80\x02", "it is a pickle", _WAY_OUT),
    (
        b"\n\x0e\n\x05<unk>",
        "it is a SentencePiece model (tokenizer.model)",
        "Upload the tokenizer.json beside it, which transformers writes with save_pretrained.",
    ),
)

# Other JSON files of a repository, by keys that they have and a tokenizer.json has not.
_OTHER_FILES = (
    (("peft_type",), "the adapter_config.json of an adapter, which has its base model's tokenizer"),
    (
        ("lora_alpha",),
        "the adapter_config.json of an adapter, which has its base model's tokenizer",
    ),
    (("tokenizer_class",), "a tokenizer_config.json"),
    (("added_tokens_decoder",), "a tokenizer_config.json"),
    (("architectures",), "a config.json"),
    (("model_type",), "a config.json"),
    (("weight_map",), "an index of weights (model.safetensors.index.json)"),
    (("transformers_version",), "a generation_config.json"),
    (("bos_token", "eos_token"), "a special_tokens_map.json"),
)


def check_content(content: bytes) -> None:
    """Refuse what is no tokenizer.json by its size or first bytes. TokenizerError says why."""
    if len(content) > _MAX_BYTES:
        raise TokenizerError(
            f"The file has {len(content) / 2**20:,.1f} MB; at most {MAX_UPLOAD_MB} MB are read.",
            way_out=_WAY_OUT,
        )
    if not content.strip():
        raise _no_tokenizer("it is empty")
    for beginning, what, way_out in _BEGINNINGS:
        if content.startswith(beginning):
            raise _no_tokenizer(what, way_out)
    start = content[:200].lstrip().lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml")):
        raise _no_tokenizer(
            "it is a web page", "On the Hub, take the file's download button, not its page."
        )
    if content[:2].count(0):
        raise _no_tokenizer("it is UTF-16 or UTF-32, and JSON files are UTF-8", "Save it as UTF-8.")


def explain_refusal(content: bytes, reason: str) -> TokenizerError:
    """Why the tokenizers library does not read this file; `reason` is what it says itself."""
    try:
        found = json.loads(content)
    except UnicodeDecodeError:
        return _no_tokenizer("it is not UTF-8", "Save it as UTF-8, or download it again.")
    except json.JSONDecodeError as error:
        return _no_tokenizer(
            f"it is no JSON ({error.msg}, line {error.lineno})",
            "Download it again: it may be cut off.",
        )
    except (RecursionError, MemoryError):
        return _no_tokenizer("its JSON is nested too deeply")
    if not isinstance(found, dict):
        kind = {list: "a list", str: "a text", type(None): "null"}.get(type(found), "a number")
        return _no_tokenizer(f"it holds {kind}, not an object")
    if (other := _other_file(found)) is not None:
        return _no_tokenizer(f"it is {other}", "Upload the tokenizer.json beside it.")
    return _no_tokenizer("its parts do not fit together", details=reason[:2000])


def lacks_unk_id(content: bytes) -> bool:
    """Whether this is a Unigram tokenizer without an id for what its vocabulary lacks."""
    model = json.loads(content).get("model", {})
    return model.get("type") == "Unigram" and model.get("unk_id") is None


def _other_file(found: Mapping[str, Any]) -> str | None:
    if isinstance(found.get("model"), dict):
        return None
    for keys, name in _OTHER_FILES:
        if all(key in found for key in keys):
            return name
    if found and all(isinstance(value, int) for value in found.values()):
        return "a vocab.json: the vocabulary alone, without the rules that cut a text"
    return "JSON without a `model`, which every tokenizer.json has"


def _no_tokenizer(what: str, way_out: str = _WAY_OUT, details: str | None = None) -> TokenizerError:
    return TokenizerError(
        f"The file is no tokenizer.json that the tokenizers library can read: {what}.",
        way_out=way_out,
        details=details,
    )
