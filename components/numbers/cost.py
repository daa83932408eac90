"""What numbers cost: tokens per price, and their share of a training sequence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from components.numbers.atlas import number_atlas
from components.tokenization.fast_tokenizer import backend

if TYPE_CHECKING:
    import pandas as pd

    from components.tokenization.fast_tokenizer import AnyTokenizer


def sequence_costs(
    tokenizer: AnyTokenizer,
    descriptions: Sequence[str],
    prompts: Sequence[str],
    dollars: Sequence[int],
) -> pd.DataFrame:
    """Tokens of each training sequence, a row per product, without BOS or EOS.

    A sequence is a prompt that ends with `Price is $` and its price in whole dollars. Columns:
    `description_tokens` (the description by itself), `sequence_tokens`, `price_tokens` (those
    that hold a digit of the price), `number_share` (price tokens per sequence token, 0 to 1). The
    last two are NaN where the tokenizer has no way to write the price.
    """
    import pandas as pd

    library = backend(tokenizer)
    texts = [f"{prompt}{price}" for prompt, price in zip(prompts, dollars, strict=True)]
    alone = library.encode_batch_fast(list(descriptions), add_special_tokens=False)
    whole = library.encode_batch_fast(texts, add_special_tokens=False)
    sequence = np.array([len(encoding) for encoding in whole], dtype=np.int64)
    atlas = number_atlas(library, dollars)
    price = np.where(atlas.written, atlas.counts, np.nan)
    return pd.DataFrame(
        {
            "description_tokens": [len(encoding) for encoding in alone],
            "sequence_tokens": sequence,
            "price_tokens": price,
            "number_share": price / sequence,
        }
    )


def cost_summary(costs: pd.DataFrame) -> dict[str, float]:
    """The figures of a tokenizer over all products of `sequence_costs`.

    `mean_price_tokens`, `largest_price_tokens`, `mean_description_tokens`,
    `largest_description_tokens`, and `number_share` of all tokens together, 0 to 1. What is of
    prices is NaN where any of them can't be written.
    """
    price = costs["price_tokens"]
    return {
        "mean_price_tokens": float(price.mean(skipna=False)),
        "largest_price_tokens": float(price.max(skipna=False)),
        "mean_description_tokens": float(costs["description_tokens"].mean()),
        "largest_description_tokens": int(costs["description_tokens"].max()),
        "number_share": float(price.sum(skipna=False) / costs["sequence_tokens"].sum()),
    }
