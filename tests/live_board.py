"""The live board for tests and benchmarks: its layouts so far, and a Hub that serves it."""

import io
import math

import numpy as np
import pandas as pd

from components.leaderboard import BENCHMARKS, load_board
from tests.loopback_hub import LoopbackHub

DATASET = "open-llm-leaderboard/contents"
FILE = "data/train-00000-of-00001.parquet"
COMMIT = "9c09a7cae43334062a82cb164f2ef255013dafa2"
FULL_SIZE = 4576
TYPES_2025 = {
    "pretrained": "🟢 pretrained",
    "chat models": "💬 chat models (RLHF, DPO, IFT, ...)",
    "fine-tuned on domain-specific datasets": "🔶 fine-tuned on domain-specific datasets",
    "other": "❓ other",
}
_TYPE_OF_KIND = {"base": TYPES_2025["pretrained"], "instruct": TYPES_2025["chat models"]}
LAYOUTS = ("2024-10", "2024-12", "2025-02")


def recorded_layout(layout: str = "2025-02") -> pd.DataFrame:
    """The final snapshot's rows as the Hub dataset had them in one of LAYOUTS."""
    board = load_board("2025-03-final")
    frame = pd.DataFrame(
        {
            "eval_name": board["model_id"] + "_" + board["precision"],
            "Precision": board["precision"],
            "Type": board["recorded_type"].map(TYPES_2025),
            "Architecture": board["architecture"],
            "Model": '<a href="x">' + board["model_id"] + "</a>",
            "fullname": board["model_id"],
            "Average ⬆️": board["average"],
            "Hub License": board["license"],
            "#Params (B)": board["params_b"].fillna(-1),
            "Chat Template": board["chat_template"].fillna(False).astype(bool),
            **{label: board[column] for column, label in BENCHMARKS.items()},
        }
    )
    if layout == "2024-10":
        frame["#Params (B)"] = frame["#Params (B)"].apply(math.floor)
    else:
        frame["CO₂ cost (kg)"] = 1.0
    if layout == "2025-02":
        return frame.assign(
            **{"Merged": False, "MoE": False, "Flagged": False, "Official Providers": False},
            **{"Generation": 0, "Submission Date": "2025-02-07"},
        )
    return frame.assign(**{"Not_Merged": True, "MoE": False, "Maintainer's Highlight": False})


def full_size() -> pd.DataFrame:
    """As many rows as the real board has: the snapshot's, then copies of them under other ids.

    Each copy scores a hundredth less on average than the one before, and has the corrected type.
    Half of the rows are base models, where the real board is mostly fine-tuned models and merges.
    """
    frame = recorded_layout()
    types = load_board("2025-03-final")["kind"].map(_TYPE_OF_KIND)
    number, row = np.divmod(np.arange(FULL_SIZE), len(frame))
    copies = frame.iloc[row].reset_index(drop=True)
    renamed = copies["fullname"] + "-copy-" + pd.Series(number).astype(str)
    return copies.assign(
        **{
            "fullname": copies["fullname"].where(number == 0, renamed),
            "Type": copies["Type"].where(number == 0, types.iloc[row].array),
            "Average ⬆️": copies["Average ⬆️"] - number / 100,
        }
    )


def add_board(hub: LoopbackHub, frame: pd.DataFrame, *, commit: str = COMMIT) -> None:
    """Make the frame the dataset that the live board is read from."""
    hub.add_repo(DATASET, {FILE: parquet(frame)}, commit=commit, repo_type="dataset", lfs=(FILE,))


def parquet(frame: pd.DataFrame) -> bytes:
    """The frame as the bytes of a parquet file."""
    buffer = io.BytesIO()
    frame.to_parquet(buffer)
    return buffer.getvalue()
