"""The memory that a model needs, to run and to be fine-tuned, from its architecture.

What is counted, in bytes, and where each figure is from:

- To run: the weights, 2 per parameter in 16 bit, and the key/value cache of one sequence.
- In 4 bit (NF4 with double quantization, Dettmers et al. 2023, arXiv 2305.14314, section 3): 4 bits
  per parameter of the layers' matrices and 0.127 for their scales; embeddings stay in 16 bit.
- Full fine-tuning in mixed precision with AdamW: 16 per parameter (Rajbhandari et al. 2020, ZeRO,
  arXiv 1910.02054, section 3.1).
- LoRA: the frozen weights in 16 bit, and 16 per parameter of the adapters on all matrices.
- QLoRA: the same on weights in 4 bit; embeddings are kept in 32 bit, as peft prepares them.
- Activations with gradient checkpointing: each layer's input (2 per value), one layer's own
  (34 per hidden value and token, Korthikanti et al. 2022, arXiv 2205.05198, without the attention
  matrix), and 18 per logit: in 16 bit, and four copies in 32 bit that transformers' loss makes.

A loss that is computed in chunks, offloading and paged or 8-bit optimizers need less.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import pandas as pd

from components.registry import load_registry

MemoryUse = Literal["run_16", "run_4", "full", "lora", "qlora"]
MEMORY_USES: Mapping[MemoryUse, str] = MappingProxyType(
    {
        "run_16": "to run, 16 bit",
        "run_4": "to run, 4 bit",
        "full": "to fine-tune in full",
        "lora": "to fine-tune, LoRA",
        "qlora": "to fine-tune, QLoRA",
    }
)

_DATA = Path(__file__).with_name("data") / "architectures.csv"
_NF4 = (4 + 0.127) / 8
_TRAINED = 16  # weight and gradient, and in 32 bit the copy and both moments of AdamW
_LAYER = 34
_LOGIT = 18


@dataclass(frozen=True)
class Architecture:
    """A decoder's shape. `mlp_matrices` is 3 with a gate, else 2."""

    context_length: int
    layers: int
    hidden: int
    intermediate: int
    heads: int
    kv_heads: int
    head_size: int
    vocabulary: int
    tied: bool
    mlp_matrices: int

    @property
    def shapes(self) -> list[tuple[int, int]]:
        """Inputs and outputs of each matrix of a layer."""
        attention = [
            (self.hidden, self.heads * self.head_size),
            (self.hidden, self.kv_heads * self.head_size),
            (self.hidden, self.kv_heads * self.head_size),
            (self.heads * self.head_size, self.hidden),
        ]
        up = [(self.hidden, self.intermediate)] * (self.mlp_matrices - 1)
        return [*attention, *up, (self.intermediate, self.hidden)]

    @property
    def matrices(self) -> int:
        """Parameters of the layers' matrices: what is quantized."""
        return self.layers * sum(rows * columns for rows, columns in self.shapes)

    @property
    def embeddings(self) -> int:
        """Parameters of the embeddings, and of the vocabulary projection where it is another."""
        return self.vocabulary * self.hidden * (1 if self.tied else 2)

    @property
    def parameters(self) -> int:
        """Of all matrices; norms and biases are far below a hundredth of them."""
        return self.matrices + self.embeddings

    def adapters(self, rank: int) -> int:
        """Parameters of LoRA adapters of this rank on every matrix of every layer."""
        return self.layers * rank * sum(rows + columns for rows, columns in self.shapes)


@dataclass(frozen=True)
class Workload:
    """What a model is given at once: `batch` sequences of `sequence` tokens; the adapters' rank."""

    sequence: int = 512
    batch: int = 4
    rank: int = 16

    def describe(self) -> str:
        """In words."""
        return (
            f"sequences of {self.sequence:,} tokens, batch {self.batch}, adapters of rank"
            f" {self.rank}"
        )


@cache
def architectures() -> Mapping[str, Architecture]:
    """The bundled architectures by Hub id, entered by hand.

    A test holds each shape against the model's published size; context lengths have no such check.
    """
    rows = pd.read_csv(_DATA, index_col="model_id").assign(
        tied=lambda table: table["tied"] == "yes"
    )
    return {
        str(model): Architecture(**{str(name): row[name] for name in rows.columns})
        for model, row in rows.to_dict("index").items()
    }


def architecture_of(model: str) -> Architecture | None:
    """A model's architecture, an instruct model's that of its base; None where it is not known."""
    registry = load_registry()
    spec = registry.resolve(model)
    base = registry.base_of(spec)
    known = architectures()
    return known.get(spec.id) or (known.get(base.id) if base else None)


def memory(architecture: Architecture, way: MemoryUse, workload: Workload) -> float:
    """Bytes of memory; see the module for what is counted. Running takes one sequence."""
    weights_16 = 2.0 * architecture.parameters
    adapters = _TRAINED * architecture.adapters(workload.rank)
    match way:
        case "run_16":
            return weights_16 + _cache(architecture, workload.sequence)
        case "run_4":
            weights = _NF4 * architecture.matrices + 2.0 * architecture.embeddings
            return weights + _cache(architecture, workload.sequence)
        case "full":
            return _TRAINED * architecture.parameters + _activations(architecture, workload)
        case "lora":
            return weights_16 + adapters + _activations(architecture, workload)
        case "qlora":
            weights = _NF4 * architecture.matrices + 4.0 * architecture.embeddings
            return weights + adapters + _activations(architecture, workload)


def least_memory(params_b: float, way: MemoryUse) -> float:
    """Bytes that the weights alone take, of a model of which only the size is known."""
    per_parameter = {"run_16": 2.0, "run_4": _NF4, "full": _TRAINED, "lora": 2.0, "qlora": _NF4}
    return per_parameter[way] * params_b * 1e9


def _cache(architecture: Architecture, tokens: int) -> float:
    per_token = 2 * architecture.layers * architecture.kv_heads * architecture.head_size
    return 2.0 * per_token * tokens


def _activations(architecture: Architecture, workload: Workload) -> float:
    per_token = (
        2 * architecture.hidden * architecture.layers
        + _LAYER * architecture.hidden
        + _LOGIT * architecture.vocabulary
    )
    return float(workload.sequence * workload.batch * per_token)
