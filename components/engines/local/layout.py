"""How a repository's weights are stored, and whether they run here as they are meant to."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from components.assets import weights_names
from components.errors import EngineError

_PLAIN_BYTES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2}
# Others that safetensors has; what is not here takes a byte.
_OTHER_BYTES = {"I64": 8, "U64": 8, "I32": 4, "U32": 4, "I16": 2, "U16": 2}
# As transformers calls the methods of `quantization_config`, and as their makers write them.
_NAMES = {
    "aqlm": "AQLM",
    "auto-round": "AutoRound",
    "auto_round": "AutoRound",
    "awq": "AWQ",
    "bitnet": "BitNet",
    "eetq": "EETQ",
    "exl2": "EXL2",
    "exl3": "EXL3",
    "fbgemm_fp8": "FBGEMM FP8",
    "fp8": "FP8",
    "fp_quant": "FP-Quant",
    "gptq": "GPTQ",
    "higgs": "HIGGS",
    "hqq": "HQQ",
    "modelopt": "ModelOpt",
    "mxfp4": "MXFP4",
    "mxfp8": "MXFP8",
    "nvfp4": "NVFP4",
    "quark": "Quark",
    "quip": "QuIP#",
    "spqr": "SpQR",
    "vptq": "VPTQ",
}
# Scaled back to the precision that the device computes in, while they are loaded.
_SCALED_BACK = ("fp8", "mxfp4")
# What tensors' names give away where the config says nothing, and kinds that no model computes in.
_TRACES = {
    r"\.qweight$|\.qzeros$": "GPTQ or AWQ",
    r"\.weight_packed$": "compressed-tensors",
    r"\.absmax$|\.quant_state\.": "bitsandbytes",
    r"_blocks$": "MXFP4",
    r"\.(weight_scale(_inv)?|input_scale|scale_inv)$": "scaled integers or FP8",
}
_WAY_OUT = (
    "Pick the repository that it was quantized from, with “Weights in 4 bit” on where memory is"
    " short, or serve it with vLLM."
)


@dataclass(frozen=True)
class Layout:
    """How weights are stored: `quantization` names the method, None for plain numbers.

    `scaled_back`: they are multiplied by their scales while loading and computed in full.
    """

    quantization: str | None = None
    scaled_back: bool = False

    def bytes_in_memory(self, numbers: Mapping[str, int], width: float) -> float:
        """What weights take once loaded, from how many numbers of each kind are stored.

        `width` is the bytes of one plain number as it is loaded.
        """
        total = 0.0
        for kind, count in numbers.items():
            if kind in _PLAIN_BYTES:
                total += count * width
            elif self.scaled_back:
                # MXFP4 has two numbers to a byte.
                total += count * width * (2 if kind == "U8" else 1)
            else:
                total += count * _OTHER_BYTES.get(kind, 1)
        return total


def read_layout(folder: Path, label: str) -> Layout:
    """What the config in `folder` says of its weights.

    EngineError, by the method's name, for a quantization that does not run here.
    """
    config = read_config(folder, label)
    found = _quantization_config(config)
    if found is None:
        return Layout()
    method = _method(found)
    if method == "bitsandbytes":
        return Layout(_bitsandbytes(found))
    name = _NAMES.get(method, method or "a method without a name")
    if method in _SCALED_BACK:
        return Layout(name, scaled_back=True)
    raise _refusal(label, f"{label} is quantized with {name}", json.dumps(found, indent=1)[:2000])


def read_config(folder: Path, label: str) -> dict[str, Any]:
    """The object in the config.json of `folder`; EngineError if it holds none."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise _unreadable(label, str(error)) from error
    if not isinstance(config, dict):
        raise _unreadable(label, "It holds no JSON object.")
    return config


@dataclass(frozen=True)
class StoredTensor:
    """A tensor of a folder's weights: its name, kind of number (BF16, F8_E4M3, …) and shape."""

    name: str
    kind: str
    shape: tuple[int, ...]


def stored_tensors(folder: Path) -> list[StoredTensor]:
    """What a folder's weights hold, by the heads of its files."""
    from safetensors import safe_open

    found = []
    for file in weights_names(folder):
        with safe_open(folder / file, framework="pt") as tensors:
            for name in tensors.keys():  # noqa: SIM118
                part = tensors.get_slice(name)
                found.append(StoredTensor(name, part.get_dtype(), tuple(part.get_shape())))
    return found


def stored_numbers(tensors: Iterable[StoredTensor]) -> dict[str, int]:
    """How many numbers of each kind tensors hold."""
    counts: dict[str, int] = {}
    for tensor in tensors:
        counts[tensor.kind] = counts.get(tensor.kind, 0) + prod(tensor.shape)
    return counts


def refuse_unexplained(tensors: Iterable[StoredTensor], label: str, layout: Layout) -> None:
    """EngineError for weights that are quantized although their config does not say so.

    They would be taken for the weights themselves, without their scales.
    """
    if layout.quantization is not None:
        return
    for tensor in tensors:
        name, kind = tensor.name, tensor.kind
        trace = next((what for sign, what in _TRACES.items() if re.search(sign, name)), None)
        if trace is not None or (kind not in _PLAIN_BYTES and name.endswith((".weight", ".bias"))):
            method = f" ({trace})" if trace else ""
            raise _refusal(
                label,
                f"The weights of {label} are quantized{method} and its config does not say how",
                f"{name} holds {kind}; there is no quantization_config in config.json.",
            )


def _quantization_config(config: dict[str, Any]) -> dict[str, Any] | None:
    """As transformers finds it: of the model, or of the text model of a wrapper."""
    for place in (config, config.get("text_config"), config.get("llm_config")):
        if not isinstance(place, dict):
            continue
        for key in ("quantization_config", "compression_config", "quantization"):
            if isinstance(found := place.get(key), dict) and found:
                return found
    return None


def _method(found: dict[str, Any]) -> str:
    if found.get("load_in_4bit") or found.get("load_in_8bit"):
        return "bitsandbytes"
    # MLX says how many bits and no method, under a key of its own.
    method = str(found.get("quant_method") or ("MLX" if "group_size" in found else ""))
    return {"compressed_tensors": "compressed-tensors"}.get(method, method)


def _bitsandbytes(found: dict[str, Any]) -> str:
    if found.get("load_in_8bit") or found.get("_load_in_8bit"):
        return "INT8 by bitsandbytes"
    return f"{str(found.get('bnb_4bit_quant_type', 'fp4')).upper()} by bitsandbytes"


def _refusal(label: str, what: str, details: str) -> EngineError:
    return EngineError(f"{what}, which does not run here.", way_out=_WAY_OUT, details=details)


def _unreadable(label: str, details: str) -> EngineError:
    return EngineError(
        f"The config.json of {label} can't be read.", way_out="Pick another model.", details=details
    )
