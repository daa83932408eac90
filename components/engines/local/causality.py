"""Whether a loaded model is causal: what comes later must not change what is said before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.engines.local.failures import in_words, is_models_failure
from components.engines.local.transformers_compat import embedding_rows
from components.errors import EngineError

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_LENGTH = 8
# How far logits before the last token may move when it is another, as a share of their spread:
# rounding moves them by 1e-6 in 32 bits, in 16 by 0.01; a token that is seen by more.
_MOVED, _MOVED_IN_16_BIT = 1e-4, 0.05


def refuse_unless_causal(label: str, model: PreTrainedModel) -> None:
    """EngineError for a model that sees the tokens after a place when it says what comes there.

    And for one that does not run on text alone.
    """
    import torch

    rows = embedding_rows(model) or 64
    first = torch.arange(_LENGTH) * max(1, rows // (2 * _LENGTH)) + rows // 4
    second = first.clone()
    second[-1] = rows // 8
    ids = torch.stack([first, second]).clamp(max=rows - 1).to(model.device)
    try:
        with torch.inference_mode():
            logits = model(input_ids=ids, use_cache=False).logits[:, :-1].float()
    except Exception as error:
        if not is_models_failure(error):
            raise
        raise EngineError(
            f"{label} does not run on text alone.",
            way_out="Pick another model.",
            details=in_words(error),
        ) from error
    moved = (logits[0] - logits[1]).abs().max() / logits.std().clamp(min=1e-9)
    bound = _MOVED if model.dtype.itemsize == 4 else _MOVED_IN_16_BIT
    if moved > bound:
        raise EngineError(
            f"{label} is not a causal language model: what it says at a place depends on the"
            " tokens after it.",
            way_out="Pick another model: a causal (decoder-only) language model.",
        )
