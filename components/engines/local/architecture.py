"""Whether a repository is a causal language model that transformers loads, by its config alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components.engines.local.failures import in_words, is_loading_failure
from components.engines.local.layout import read_config
from components.engines.local.transformers_compat import known_model_types, known_rope_types
from components.errors import EngineError

if TYPE_CHECKING:
    from transformers import PreTrainedConfig

_ROPE = ("rope_parameters", "rope_scaling")
_ANOTHER = "Pick another model: a causal (decoder-only) language model."


@dataclass(frozen=True)
class Architecture:
    """A model's config, and the class of transformers that loads it."""

    config: PreTrainedConfig
    loader: Any


def read_architecture(folder: Path, label: str) -> Architecture:
    """The architecture that the config in `folder` names.

    A wrapper around a text model (Gemma 3, Mistral 3) is loaded whole, as it is asked in text
    alone. EngineError, in one sentence, for what is no causal language model or can't be read.
    """
    config = _config(folder, label)
    _refuse_unknown_rope(config, label)
    return Architecture(config, choose_loader(config, label))


def _config(folder: Path, label: str) -> PreTrainedConfig:
    from transformers import AutoConfig

    raw = read_config(folder, label)
    kind = raw.get("model_type")
    if not isinstance(kind, str) or kind not in known_model_types():
        own_code = " Its own code, in the repository, is never run." if "auto_map" in raw else ""
        what = f"is of the type {kind!r}" if kind else "names no type of model"
        raise EngineError(
            f"{label} {what}, which {_transformers()} does not know.{own_code}",
            way_out="Pick another model, or serve it with a server that knows it.",
        )
    try:
        return AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception as error:
        if not is_loading_failure(error):
            raise
        raise EngineError(
            f"{_transformers()} can't read the config of {label}.",
            way_out="Pick another model, or another copy of this one.",
            details=in_words(error),
        ) from error


def choose_loader(config: PreTrainedConfig, label: str) -> Any:
    """The class of transformers that loads a model of this config; EngineError as above."""
    from transformers import (
        MODEL_FOR_CAUSAL_LM_MAPPING,
        MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING,
        MODEL_FOR_MASKED_LM_MAPPING,
        AutoModelForCausalLM,
        AutoModelForImageTextToText,
    )

    kind = config.model_type
    if getattr(config, "is_encoder_decoder", False):
        raise _not_causal(label, kind, "a sequence-to-sequence model")
    decoder = getattr(config, "is_decoder", False) or getattr(config, "causal", False)
    if type(config) in MODEL_FOR_MASKED_LM_MAPPING and not decoder:
        raise _not_causal(label, kind, "an encoder, which reads a text from both sides")
    if type(config) in MODEL_FOR_CAUSAL_LM_MAPPING:
        return AutoModelForCausalLM
    if type(config) in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING:
        return AutoModelForImageTextToText
    raise _not_causal(label, kind, "a model of another kind")


def _not_causal(label: str, kind: str, what: str) -> EngineError:
    return EngineError(
        f"{label} ({kind}) is {what}, not a causal language model.", way_out=_ANOTHER
    )


def _refuse_unknown_rope(config: PreTrainedConfig, label: str) -> None:
    unknown = {*_rope_types(config.to_dict())} - known_rope_types()
    if unknown:
        raise EngineError(
            f"The config of {label} asks for positions of the type {min(unknown)!r} (rope), which"
            f" {_transformers()} does not know.",
            way_out="Pick a newer copy of this model, or another model.",
        )


def _rope_types(part: Any, name: str = "") -> Iterator[str]:
    """The types of rotary positions in a config, also of its parts and of kinds of layers."""
    if not isinstance(part, dict):
        return
    if name in _ROPE and isinstance(kind := part.get("rope_type", part.get("type")), str):
        yield kind
    for key, value in part.items():
        yield from _rope_types(value, name if name in _ROPE else key)


def _transformers() -> str:
    return f"transformers {version('transformers')}"
