"""The numbering strategy of a model's family, as running its tokenizer showed."""

import re
from functools import cache

import pandas as pd

from components.leaderboard.board import DATA


@cache
def families() -> pd.DataFrame:
    """`pattern` of model ids, the registry's `tokenizer` package that they share, `strategy`.

    The leaderboard does not load tokenizers: the strategies are recorded, and a test runs every
    one of these tokenizers against its row.
    """
    return pd.read_csv(DATA / "numbering.csv")


@cache
def family_strategy(model_id: str) -> str | None:
    """The numbering strategy of the model's family; None where it is not known."""
    return next((strategy for pattern, strategy in _patterns() if pattern.search(model_id)), None)


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    # Out of the frame once: the live board asks for thousands of models.
    pairs = families()[["pattern", "strategy"]].itertuples(index=False, name=None)
    return [(re.compile(pattern), strategy) for pattern, strategy in pairs]
