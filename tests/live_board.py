"""Parquet files in the layouts that the live board has had."""

import io
import math

import pandas as pd

from components.leaderboard import BENCHMARKS, load_board

TYPES_2025 = {
    "pretrained": "🟢 pretrained",
    "chat models": "💬 chat models (RLHF, DPO, IFT, ...)",
    "fine-tuned on domain-specific datasets": "🔶 fine-tuned on domain-specific datasets",
    "other": "❓ other",
}


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


def parquet(frame: pd.DataFrame) -> bytes:
    """The frame as the bytes of a parquet file."""
    buffer = io.BytesIO()
    frame.to_parquet(buffer)
    return buffer.getvalue()
