"""A model's files on this disk, and its identity, before any weights are loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from components.assets import (
    Asset,
    fetch_config,
    fetch_tokenizer,
    fetch_weights,
    stored_on_hub,
)
from components.control import Control
from components.engines.base import ModelId
from components.engines.local.device import chosen_device, chosen_dtype
from components.engines.local.examination import examined_config
from components.engines.local.layout import Layout
from components.engines.local.memory import BYTES_IN_FOUR_BIT, WeightsSize, refuse_if_never
from components.errors import EngineError
from components.registry import HubRepo, ModelSpec, Package, load_registry

# As the device computes, or with weights quantized to 4 bits while they are loaded.
Precision = Literal["native", "4-bit"]

_BYTES_OF_BF16 = 2


@dataclass(frozen=True)
class EngineFiles:
    """What a model is loaded from, on this disk, and what it will be once it is loaded."""

    id: ModelId
    precision: Precision
    layout: Layout
    weights: Asset
    tokenizer: Asset


def fetch_engine(
    repo_id: str, control: Control | None = None, *, precision: Precision = "native"
) -> EngineFiles:
    """Fetch a model's weights and tokenizer, unless it could never run here.

    Raises UnknownModelError for a malformed id, AssetError if no source has the files,
    EngineError if a model, by the size that the registry or the Hub gives, is larger than this
    machine's memory, or if it is, by its config, no causal language model or stored in a way that
    does not run here.
    """
    registry = load_registry()
    spec = registry.resolve(repo_id)
    stored: Mapping[str, int] | None
    if spec.params_b is not None:
        stored = {"BF16": int(spec.params_b * 1e9)}
    else:
        stored = stored_on_hub(HubRepo(repo_id=spec.id, revision=spec.revision))
    _refuse_if_never(spec, Layout(), stored, precision)  # the least that it may take
    config = fetch_config(spec, registry, control)
    layout = examined_config(config, spec.label, control)
    if layout.quantization is not None and precision == "4-bit":
        raise EngineError(
            f"{spec.label} is quantized already, with {layout.quantization}.",
            way_out="Switch “Weights in 4 bit” off.",
        )
    _refuse_if_never(spec, layout, stored, precision)
    weights = fetch_weights(spec, registry, control)
    tokenizer = fetch_tokenizer(spec, registry, control)
    model_id = _local_id(spec, weights, layout, precision)
    return EngineFiles(model_id, precision, layout, weights, tokenizer)


def weights_size(
    layout: Layout, numbers: Mapping[str, int], width: float, precision: Precision
) -> WeightsSize:
    """What weights take in memory, from how many numbers of each kind are stored.

    `width` is the bytes of one number where it is not quantized.
    """
    four_bit = layout.bytes_in_memory(numbers, BYTES_IN_FOUR_BIT)
    if precision == "4-bit":
        return WeightsSize(four_bit)
    loaded = layout.bytes_in_memory(numbers, width)
    return WeightsSize(loaded, four_bit if layout.quantization is None else None)


def _refuse_if_never(
    spec: ModelSpec, layout: Layout, stored: Mapping[str, int] | None, precision: Precision
) -> None:
    if stored is not None:
        refuse_if_never(spec.label, weights_size(layout, stored, _BYTES_OF_BF16, precision))


def _local_id(spec: ModelSpec, weights: Asset, layout: Layout, precision: Precision) -> ModelId:
    source = weights.source
    quantizations = [source.quantization] if isinstance(source, Package) else []
    quantizations += [layout.quantization]
    quantizations += ["NF4"] if precision == "4-bit" else []
    return ModelId(
        repo_id=spec.id,
        engine="local",
        source=weights.source_id,
        revision=weights.revision,
        precision=str(chosen_dtype(chosen_device())).removeprefix("torch."),
        quantization=", then ".join(filter(None, quantizations)) or None,
    )
