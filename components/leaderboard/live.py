"""The full board from the Hub, read by column name so that older and newer layouts work."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from components.assets import Progress, fetch_dataset_file, silent
from components.errors import BoardError
from components.leaderboard.board import BENCHMARKS, tidy

DATASET = "open-llm-leaderboard/contents"
FILE = "data/train-00000-of-00001.parquet"

_NEEDED = {
    "fullname": "model_id",
    "Average ⬆️": "average",
    **{label: column for column, label in BENCHMARKS.items()},
}
_OPTIONAL = {
    "Type": "recorded_type",
    "Precision": "precision",
    "Chat Template": "chat_template",
    "#Params (B)": "params_b",
    "Hub License": "license",
    "Architecture": "architecture",
    "Flagged": "flagged",
}


@dataclass(frozen=True)
class LiveBoard:
    """The live board and the commit of the dataset that it was read from."""

    board: pd.DataFrame
    revision: str


def load_live_board(progress: Progress = silent) -> LiveBoard:
    """Download the board, or use the cached copy.

    Raises AssetError if it can't be had, BoardError if the file is not such a board.
    """
    file = fetch_dataset_file(DATASET, FILE, progress)
    return LiveBoard(read_board(file.path), file.revision)


def read_board(path: Path) -> pd.DataFrame:
    """A parquet file of the Hub dataset in the columns of `load_board`.

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
    told = {True: True, False: False, "True": True, "False": False}
    for column in ("chat_template", "flagged"):
        runs[column] = runs[column].map(told).astype("boolean")
    return tidy(runs)
