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
        "The recorded size differs by more than a quarter from any size in the name.",
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
    "moe_turned": Caveat(
        "MoE corrected",
        "The board's own MoE column says the opposite of this model's architecture or name; that"
        " of 2024 is turned for nearly all models.",
    ),
    "flagged": Caveat("flagged", "The board's maintainers or users flagged this run."),
}
# Numbers before a B or M; `1_6b` may be 1.6 billion, and `v9_2_70b` ends in 70.
_SIZE_IN_NAME = re.compile(
    r"(?<![A-Za-z0-9.])((?:\d+_)*)(\d+(?:\.\d+)?)([bm])(?![a-z0-9])", re.IGNORECASE
)
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
        "moe_turned": rows.get("moe_turned", pd.Series(False, index=rows.index)),
        "flagged": rows["flagged"].fillna(False),
    }
    table = pd.DataFrame({caveat: columns[caveat].astype(bool) for caveat in CAVEATS})
    caveats = [tuple(compress(CAVEATS, applies)) for applies in table.to_numpy().tolist()]
    return rows.assign(caveats=pd.Series(caveats, index=rows.index, dtype=object))


@lru_cache(maxsize=10_000)  # the whole live board
def sizes_in_name(model_id: str) -> tuple[float, ...]:
    """Billions of parameters that the name may claim, such as 7 for `Qwen2.5-7B`; () without any.

    Where a name can be read in several ways, all of them: (8, 3.8) for `LLAMA-3_8B`. Millions are
    meant only where nothing is in billions: `7M-Gen-Llama3_1-70B` is made with 7M instructions.
    Mixtures of experts (`8x7B`) claim no single number.
    """
    name = model_id.split("/")[-1]
    if _MIXTURE_IN_NAME.search(name):
        return ()
    found = [(before, number, unit.lower()) for before, number, unit in _SIZE_IN_NAME.findall(name)]
    unit = "b" if any(unit == "b" for *_, unit in found) else "m"
    sizes = [s for before, number, u in found if u == unit for s in _readings(before, number)]
    return tuple(size if unit == "b" else size / 1000 for size in dict.fromkeys(sizes))


def _readings(before: str, number: str) -> list[float]:
    """The number itself, and with the one before it as its whole part: `1_6` is 6 or 1.6."""
    readings = [float(number)]
    whole = before.rstrip("_").split("_")[-1]
    if whole and "." not in number and (whole == "0" or not whole.startswith("0")):
        readings.append(float(f"{whole}.{number}"))
    return readings


def _size_unlike_name(rows: pd.DataFrame) -> pd.Series:
    unlike = [
        bool(sizes := sizes_in_name(model_id))
        and all(abs(recorded / size - 1) > _TOLERANCE for size in sizes if size)
        for model_id, recorded in zip(rows["model_id"], rows["params_b"], strict=True)
    ]
    return pd.Series(unlike, index=rows.index, dtype=bool) & rows["params_b"].notna()
