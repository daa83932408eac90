"""How well a model predicts the rows' own text, in bits per byte.

Per byte and per price, not per token, so that models with different tokenizers compare.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from components.control import Control
from components.engines import Engine, TextLikelihood
from components.evaluation.intervals import Interval, weighted_mean, with_intervals


def text_likelihoods(
    engine: Engine, texts: Mapping[str, str], control: Control
) -> pd.DataFrame | None:
    """The log-likelihood of each text under the model; None if the engine does not tell it.

    `texts` are by item. One row each: `item_id`, `nats` (minus the log-likelihood) and `bytes`
    (UTF-8). Texts of no byte are left out. Raises what the engine's `log_likelihood` raises.
    """
    if not isinstance(engine, TextLikelihood):
        return None
    table = []
    for done, (item, text) in enumerate(texts.items(), start=1):
        if text:
            nats = -engine.log_likelihood(text, control)
            table.append((item, nats, len(text.encode())))
        control.report("Reading descriptions", done / len(texts), 1, "share")
    return pd.DataFrame(table, columns=["item_id", "nats", "bytes"])


def bits_per_byte(likelihoods: pd.DataFrame) -> Interval:
    """All texts' bits over all their bytes, as lm-evaluation-harness has it; lower is better.

    With a 95 % interval over texts. `likelihoods` is what `text_likelihoods` gives.
    """
    bits = weighted_mean(likelihoods["nats"].to_numpy(float) / math.log(2))
    size = weighted_mean(likelihoods["bytes"].to_numpy(float))
    if likelihoods.empty:
        return Interval(np.nan, np.nan, np.nan)
    return with_intervals({"bits_per_byte": bits.over(size)}, len(likelihoods))["bits_per_byte"]
