"""The live board for tests: its layouts so far, and a Hub that serves it."""

import math

import pandas as pd

from benchmarks.full_board import COMMIT, DATASET, FILE, dataset_layout, parquet
from tests.support.loopback_hub import LoopbackHub

LAYOUTS = ("2024-10", "2024-12", "2025-02")
_OF_2025 = ["Merged", "MoE", "Flagged", "Official Providers", "Generation", "Submission Date"]


def recorded_layout(layout: str = "2025-02") -> pd.DataFrame:
    """The final snapshot's rows as the Hub dataset had them in one of LAYOUTS."""
    frame = dataset_layout()
    if layout == "2025-02":
        return frame
    older = frame.drop(columns=_OF_2025).assign(
        **{"Not_Merged": True, "MoE": False, "Maintainer's Highlight": False}
    )
    if layout == "2024-12":
        return older
    whole = older["#Params (B)"].apply(math.floor)
    return older.drop(columns="CO₂ cost (kg)").assign(**{"#Params (B)": whole})


def add_board(hub: LoopbackHub, frame: pd.DataFrame, *, commit: str = COMMIT) -> None:
    """Make the frame the dataset that the live board is read from."""
    hub.add_repo(DATASET, {FILE: parquet(frame)}, commit=commit, repo_type="dataset", lfs=(FILE,))
