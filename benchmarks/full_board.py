"""The leaderboard as the Hub's dataset has it, and one of the real board's size.

Made from the bundled final snapshot, for the leaderboard benchmark and for tests.
"""

import io
from pathlib import Path

import numpy as np
import pandas as pd

from components.leaderboard import BENCHMARKS, load_board

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


def dataset_layout() -> pd.DataFrame:
    """The snapshot's rows with the dataset's columns of February 2025."""
    board = load_board("2025-03-final")
    return pd.DataFrame(
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
            "CO₂ cost (kg)": 1.0,
            **{"Merged": False, "MoE": False, "Flagged": False, "Official Providers": False},
            **{"Generation": 0, "Submission Date": "2025-02-07"},
        }
    )


def full_size() -> pd.DataFrame:
    """As many rows as the real board has: the snapshot's, then copies of them under other ids.

    Each copy scores a hundredth less on average than the one before, and has the corrected type.
    Half of the rows are base models, where the real board is mostly fine-tuned models and merges.
    """
    frame = dataset_layout()
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


def parquet(frame: pd.DataFrame) -> bytes:
    """The frame as the bytes of a parquet file."""
    buffer = io.BytesIO()
    frame.to_parquet(buffer)
    return buffer.getvalue()


def write_to_hub_cache(cache: Path, frame: pd.DataFrame) -> None:
    """Put the frame where an earlier download would have left the dataset.

    `cache` is the folder that BASEWISE_CACHE names; its layout is that of the Hub's client.
    """
    repository = cache / "hub" / f"datasets--{DATASET.replace('/', '--')}"
    file = repository / "snapshots" / COMMIT / FILE
    file.parent.mkdir(parents=True)
    file.write_bytes(parquet(frame))
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(COMMIT, encoding="utf-8")
