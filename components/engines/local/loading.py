"""Load a model's files into memory."""

from __future__ import annotations

import threading
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components.assets import Asset
from components.control import Control
from components.engines.local.device import chosen_device, chosen_dtype
from components.engines.local.engine import LocalEngine
from components.engines.local.files import EngineFiles, Precision, fetch_engine
from components.engines.local.memory import BYTES_IN_FOUR_BIT, refuse_if_not_now
from components.errors import EngineError
from components.registry import load_registry
from components.tokenization import open_tokenizer

if TYPE_CHECKING:
    from transformers import PreTrainedModel

# transformers swaps process-wide settings while it loads, and restores what it saw before: two
# loads at once can leave another's in place.
_loading = threading.Lock()


def load_engine(
    repo_id: str, control: Control | None = None, *, precision: Precision = "native"
) -> LocalEngine:
    """Load a model's weights and tokenizer into memory, fetching them if needed.

    Precision `4-bit` quantizes the weights to NF4 while they are loaded (Dettmers et al. 2023,
    "QLoRA"). Raises what `fetch_engine` and `open_engine` raise.
    """
    return open_engine(fetch_engine(repo_id, control, precision=precision), control)


def open_engine(files: EngineFiles, control: Control | None = None) -> LocalEngine:
    """Load fetched files into memory.

    Raises TokenizerError if the tokenizer can't be read, and EngineError if the weights do not
    fit into free memory, are damaged, or need the repository's own code.
    """
    label = load_registry().resolve(files.id.repo_id).label
    (control or Control()).report(f"Loading {label} into memory")
    tokenizer = open_tokenizer(files.tokenizer)
    model = _load_model(label, files.weights, four_bit=files.precision == "4-bit")
    return LocalEngine(files.id, model, tokenizer)


def _load_model(label: str, weights: Asset, *, four_bit: bool) -> PreTrainedModel:
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig

    device = chosen_device()
    dtype = chosen_dtype(device)
    try:
        bytes_each = BYTES_IN_FOUR_BIT if four_bit else dtype.itemsize
        refuse_if_not_now(label, _parameters(weights.folder), bytes_each, device)
        with _loading:
            loaded: Any = AutoModelForCausalLM.from_pretrained(
                weights.folder,
                dtype=dtype,
                device_map=device,
                use_safetensors=True,
                trust_remote_code=False,
                local_files_only=True,
                output_loading_info=True,
                quantization_config=BitsAndBytesConfig(
                    load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=dtype
                )
                if four_bit
                else None,
            )
        model, info = loaded
    except EngineError:
        raise
    except Exception as error:
        raise EngineError(
            f"The weights of {weights.describe()} could not be loaded: {error}",
            way_out="Pick another model: only architectures that transformers itself knows run"
            " here, never code from a repository.",
        ) from error
    if missing := sorted(info["missing_keys"]):
        raise EngineError(
            f"The weights of {weights.describe()} are incomplete: {', '.join(missing[:3])}"
            " would be random.",
            way_out="Pick another model.",
        )
    return model.eval()


def _parameters(folder: Path) -> int:
    """How many numbers the safetensors files of a folder hold, from their headers."""
    from safetensors import safe_open

    count = 0
    for file in folder.glob("*.safetensors"):
        with safe_open(file, framework="pt") as tensors:
            count += sum(prod(tensors.get_slice(key).get_shape()) for key in tensors.keys())  # noqa: SIM118
    return count
