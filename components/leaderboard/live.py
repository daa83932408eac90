"""The full board from the Hub, read by column name so that older and newer layouts work."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from components.assets import fetch_dataset_file
from components.control import Control
from components.errors import BoardError
from components.leaderboard.board import BENCHMARKS, HIDEABLE, tidy

DATASET = "open-llm-leaderboard/contents"
FILE = "data/train-00000-of-00001.parquet"

# Column names of the Hub's file, and ours.
_NEEDED = {
    "fullname": "model_id",
    "Average ⬆️": "average",
    "IFEval": "ifeval",
    "BBH": "bbh",
    "MATH Lvl 5": "math_lvl5",
    "GPQA": "gpqa",
    "MUSR": "musr",
    "MMLU-PRO": "mmlu_pro",
}
_OPTIONAL = {
    "Type": "recorded_type",
    "Precision": "precision",
    "Chat Template": "chat_template",
    "#Params (B)": "params_b",
    "Hub License": "license",
    "Architecture": "architecture",
    "Flagged": "flagged",
    "MoE": "moe",
    "Merged": "merged",
    "Submission Date": "submitted",
}
_BOOLEANS = {True: True, False: False, "True": True, "False": False}
_NOT_MERGED = "Not_Merged"  # what the board of 2024 had in place of Merged


@dataclass(frozen=True)
class LiveBoard:
    """The live board, the commit of the dataset that it was read from, and its last submission.

    `hub_away` is why the Hub could not be reached, where the board is a copy fetched earlier.
    """

    board: pd.DataFrame
    revision: str
    newest: date | None
    hub_away: str | None


def load_live_board(control: Control | None = None) -> LiveBoard:
    """Download the board, or use the cached copy.

    Raises AssetError if it can't be fetched, BoardError if the file is not such a board.
    """
    file = fetch_dataset_file(DATASET, FILE, control)
    board = read_board(file.path)
    newest = pd.to_datetime(board["submitted"], errors="coerce").max()
    return LiveBoard(
        board, file.revision, None if pd.isna(newest) else newest.date(), file.hub_away
    )


def read_board(path: Path) -> pd.DataFrame:
    """A parquet file of the Hub dataset in the columns of `load_board`, and `submitted`.

    Raises BoardError naming the needed columns that are missing.
    """
    try:
        recorded = pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise BoardError(
            f"The leaderboard file can't be read: {error}",
            way_out="Try again later, or use one of the bundled vintages.",
        ) from error
    missing = [column for column in _NEEDED if column not in recorded.columns]
    if missing:
        raise BoardError(
            f"The leaderboard file lacks the columns {', '.join(missing)}.",
            way_out="Its layout has changed: use one of the bundled vintages.",
        )
    names = _NEEDED | _OPTIONAL
    runs = recorded.reindex(columns=list(names)).rename(columns=names)
    scores = ["average", *BENCHMARKS]
    runs[scores] = runs[scores].apply(pd.to_numeric, errors="coerce")
    sizes = pd.to_numeric(runs["params_b"], errors="coerce")
    runs["params_b"] = sizes.where(sizes > 0)
    for column in ("chat_template", *HIDEABLE):
        runs[column] = runs[column].map(_BOOLEANS).astype("boolean")
    if _NOT_MERGED in recorded:
        runs["merged"] = ~recorded[_NOT_MERGED].map(_BOOLEANS).astype("boolean")
    return tidy(runs)
