"""Load a model's files into memory."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from components.control import Control
from components.engines.local.architecture import Architecture, read_architecture
from components.engines.local.causality import refuse_unless_causal
from components.engines.local.device import chosen_device, chosen_dtype
from components.engines.local.engine import LocalEngine
from components.engines.local.examination import examined_weights, loading, loading_failures
from components.engines.local.files import EngineFiles, Precision, fetch_engine, weights_size
from components.engines.local.memory import refuse_if_not_now
from components.engines.local.transformers_compat import embedding_rows
from components.errors import EngineError
from components.registry import load_registry
from components.tokenization import open_tokenizer

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

# Tensors of a repository that a model can do without: what is computed anew (positions, causal
# masks), and parts that reading text does not run (vision, audio, prediction of several tokens).
_HARMLESS = re.compile(
    r"rotary_emb\.|(^|\.)inv_freq$|position_ids$|(attn|attention)\.(masked_)?bias$"
    r"|(^|\.)(vision_\w+|visual|audio_\w+|multi_modal_projector|mtp\w*)\."
)
_ANOTHER = "Pick another model, or another copy of this one."


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
    fit into free memory, are damaged or not those of their config, if the tokenizer is another
    model's, or if the model turns out not to be causal.
    """
    label = load_registry().resolve(files.id.repo_id).label
    control = control or Control()
    control.report(f"Loading {label} into memory")
    tokenizer = open_tokenizer(files.tokenizer)
    model = _load_model(label, files, control)
    _refuse_foreign(label, model, tokenizer)
    refuse_unless_causal(label, model)
    return LocalEngine(files.id, model, tokenizer)


def _load_model(label: str, files: EngineFiles, control: Control) -> PreTrainedModel:
    device = chosen_device()
    dtype = chosen_dtype(device)
    numbers = examined_weights(files.weights, label, files.layout, control)
    size = weights_size(files.layout, numbers, dtype.itemsize, files.precision)
    refuse_if_not_now(label, size, device)
    with loading_failures(files.weights.describe()), loading:
        architecture = read_architecture(files.weights.folder, label)
        model, info = _from_pretrained(architecture, files, device, dtype)
    _refuse_other_weights(files.weights.describe(), info)
    return model.eval()


def _from_pretrained(
    architecture: Architecture, files: EngineFiles, device: str, dtype: Any
) -> Any:
    from transformers import BitsAndBytesConfig

    if files.layout.scaled_back:
        config = architecture.config
        for part in (config, config.get_text_config()):
            if isinstance(found := getattr(part, "quantization_config", None), dict):
                found["dequantize"] = True
    quantized = {}
    if files.precision == "4-bit":
        quantized["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=dtype
        )
    return architecture.loader.from_pretrained(
        files.weights.folder,
        config=architecture.config,
        dtype=dtype,
        device_map=device,
        use_safetensors=True,
        trust_remote_code=False,
        local_files_only=True,
        output_loading_info=True,
        **quantized,
    )


def _refuse_other_weights(source: str, info: dict[str, Any]) -> None:
    """EngineError for weights that are not all of, or not only, what the model is made of."""
    if missing := sorted(info["missing_keys"]):
        raise EngineError(
            f"The weights of {source} are incomplete: {missing[0]} would be random.",
            way_out=_ANOTHER,
            details="\n".join(missing[:50]),
        )
    if unexpected := sorted(key for key in info["unexpected_keys"] if not _HARMLESS.search(key)):
        raise EngineError(
            f"The weights of {source} are not those of its config: there is no place for"
            f" {unexpected[0]}.",
            way_out=_ANOTHER,
            details="\n".join(unexpected[:50]),
        )


def _refuse_foreign(label: str, model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> None:
    """EngineError for a tokenizer whose tokens the model has no embeddings of.

    Special tokens beyond them do no harm (Gemma 3's stands for an image): no text brings them up.
    """
    rows = embedding_rows(model)
    added = tokenizer.added_tokens_decoder.items()
    ordinary = [index for index, token in added if not token.special]
    ids = max(tokenizer.vocab_size, *(index + 1 for index in ordinary), 0)
    if rows is not None and ids > rows:
        raise EngineError(
            f"The tokenizer of {label} is not this model's: it has {ids:,} tokens, the model has"
            f" embeddings of {rows:,}.",
            way_out=_ANOTHER,
        )
