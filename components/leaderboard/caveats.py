"""What speaks against taking a row's scores at face value: caveats, computed from the board."""

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import compress

import pandas as pd

from components.leaderboard.twins import without_public_base


@dataclass(frozen=True)
class Caveat:
    """How a caveat is shown: a label of one to four words, and why it matters in a sentence."""

    label: str
    explanation: str


CAVEATS = {
    "type_corrected": Caveat(
        "type corrected", "The board recorded another type for this model; ours is its maker's."
    ),
    "no_chat_template": Caveat(
        "no chat template",
        "An instruct model run without its chat template scores far too low, mostly on IFEval.",
    ),
    "base_with_chat_template": Caveat(
        "with chat template",
        "A base model run with a chat template, which it was not trained on.",
    ),
    "math_graded_zero": Caveat(
        "MATH zero",
        "0.00 on MATH: in runs before the new grading of February 2025 that is often a grading"
        " failure.",
    ),
    "size_unknown": Caveat("size unknown", "The board has no number of parameters."),
    "size_unlike_name": Caveat(
        "size unlike name",
        "The recorded size and the size in the name differ by more than a quarter.",
    ),
    "several_runs": Caveat(
        "several runs",
        "The board has several runs of this model (precision, chat template, id); one row per"
        " model shows the best average.",
    ),
    "no_public_base": Caveat(
        "no public base",
        "An instruct model whose maker published no base: it can't be fine-tuned from a base, and"
        " stands for itself beside the twins.",
    ),
    "flagged": Caveat("flagged", "The board's maintainers or users flagged this run."),
}
_SIZE_IN_NAME = re.compile(r"(?<![A-Za-z0-9.])(\d+(?:[._]\d+)?)([bm])(?![a-z0-9])", re.IGNORECASE)
_MIXTURE_IN_NAME = re.compile(r"\d+x\d", re.IGNORECASE)
_TOLERANCE = 0.25


def with_caveats(rows: pd.DataFrame, board: pd.DataFrame) -> pd.DataFrame:
    """`rows` with `caveats`, a tuple of keys of CAVEATS each; `board` holds all runs."""
    several = board["model"].value_counts().gt(1)
    columns = {
        "type_corrected": rows["kind"] != rows["recorded_kind"],
        "no_chat_template": (rows["kind"] == "instruct") & ~rows["chat_template"].fillna(True),
        "base_with_chat_template": (rows["kind"] == "base") & rows["chat_template"].fillna(False),
        "math_graded_zero": rows["math_lvl5"] == 0,
        "size_unknown": rows["params_b"].isna(),
        "size_unlike_name": _size_unlike_name(rows),
        "several_runs": rows["model"].map(several).astype(bool),
        "no_public_base": rows["model"].isin(without_public_base()),
        "flagged": rows["flagged"].fillna(False),
    }
    table = pd.DataFrame({caveat: columns[caveat].astype(bool) for caveat in CAVEATS})
    caveats = [tuple(compress(CAVEATS, applies)) for applies in table.to_numpy().tolist()]
    return rows.assign(caveats=pd.Series(caveats, index=rows.index, dtype=object))


@lru_cache(maxsize=10_000)  # the whole live board
def size_in_name(model_id: str) -> float | None:
    """Billions of parameters that the name claims, such as 7 for `Qwen2.5-7B`; None without.

    Mixtures of experts (`8x7B`) claim no single number.
    """
    name = model_id.split("/")[-1]
    if _MIXTURE_IN_NAME.search(name):
        return None
    match = _SIZE_IN_NAME.search(name)
    if match is None:
        return None
    size = float(match.group(1).replace("_", "."))
    return size if match.group(2).lower() == "b" else size / 1000


def _size_unlike_name(rows: pd.DataFrame) -> pd.Series:
    claimed = rows["model_id"].map(size_in_name).astype(float)
    return (rows["params_b"] / claimed - 1).abs() > _TOLERANCE
