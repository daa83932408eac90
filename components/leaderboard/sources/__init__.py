"""Published scores by source, each a tidy frame of one harness."""

from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType

import pandas as pd

from components.errors import BoardError
from components.leaderboard.sources import euroeval, lm_harmony, open_llm, swallow
from components.leaderboard.sources.items import Part, score_stderr
from components.leaderboard.sources.source import Column, Source, require_one_source
from components.registry import load_registry

__all__ = [
    "SOURCES",
    "Column",
    "Part",
    "Source",
    "load_scores",
    "require_one_source",
    "score_stderr",
]

_MODULES = (open_llm, lm_harmony, swallow, euroeval)
SOURCES: Mapping[str, Source] = MappingProxyType(
    {module.SOURCE.id: module.SOURCE for module in _MODULES}
)
_READERS: Mapping[str, Callable[[], pd.DataFrame]] = {
    module.SOURCE.id: module.read for module in _MODULES
}
_COMMON = ["source", "model_id", "model", "run", "benchmark", "score", "stderr"]


def load_scores(source: str) -> pd.DataFrame:
    """The bundled scores of one of SOURCES, one row per model, run and benchmark that it has.

    Columns: `source`; `model_id` as the source writes it; `model`, the registry's id for it;
    `run`, what tells several runs of one model apart (empty where there is one); `benchmark`, an
    id of the source's columns; `score`, 0 to 100 or bits per byte, and `stderr` on the same scale,
    NaN if unknown; `params_b`, billions of parameters, NaN if unknown.

    `after-finetuning` has also `before` and `before_stderr`; `ollm-v2` `vintage` and `kind`;
    `swallow` `released` and `active_params_b`; `euroeval-english` `mean_rank`. BoardError for an
    unknown source.
    """
    if source not in SOURCES:
        raise BoardError(
            f"There is no source of scores {source!r}.",
            way_out=f"Pick one of {', '.join(SOURCES)}.",
        )
    return _scores(source).copy()


@cache
def _scores(source: str) -> pd.DataFrame:
    rows = _READERS[source]()
    rows["source"] = source
    rows["model"] = rows["model_id"].map(load_registry().canonical_id)
    return rows[[*_COMMON, *(name for name in rows.columns if name not in _COMMON)]]
