"""Parquet files in the layouts that the live board has had."""

import io

import pandas as pd

from components.leaderboard import BENCHMARKS, load_board

TYPES_2025 = {
    "pretrained": "🟢 pretrained",
    "chat models": "💬 chat models (RLHF, DPO, IFT, ...)",
    "fine-tuned on domain-specific datasets": "🔶 fine-tuned on domain-specific datasets",
    "other": "❓ other",
}


def recorded_layout(*, layout: str = "2025") -> pd.DataFrame:
    """The final snapshot's rows as the Hub dataset has them: `2025`, or the older `2024`."""
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
    if layout == "2025":
        return frame.assign(**{"CO₂ cost (kg)": 1.0, "Generation": 0, "Official Providers": False})
    return frame.assign(**{"Not_Merged": True, "Maintainer's Highlight": False})


def parquet(frame: pd.DataFrame) -> bytes:
    """The frame as the bytes of a parquet file."""
    buffer = io.BytesIO()
    frame.to_parquet(buffer)
    return buffer.getvalue()
