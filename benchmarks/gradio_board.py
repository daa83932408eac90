"""The Gradio leaderboard that `benchmarks.leaderboard` measures beside the app.

python benchmarks/gradio_board.py BOARD.csv PORT

Run by another interpreter, with `requirements-gradio.txt` installed: it imports nothing of ours.
"""

import sys

import gradio as gr  # pyright: ignore[reportMissingImports]
import pandas as pd
from gradio_leaderboard import (  # pyright: ignore[reportMissingImports]
    ColumnFilter,
    Leaderboard,
    SearchColumns,
)


def main() -> None:
    """Serve the rows of a CSV file until ended."""
    board = pd.read_csv(sys.argv[1])
    text = board.select_dtypes(exclude="number").columns
    with gr.Blocks(analytics_enabled=False) as app:
        Leaderboard(
            board.fillna(dict.fromkeys(text, "")),
            datatype=["str" if name in text else "number" for name in board.columns],
            search_columns=SearchColumns("model_id", ["license"]),
            filter_columns=[
                ColumnFilter("kind", type="checkboxgroup"),
                ColumnFilter("params_b", type="slider", default=[0, board["params_b"].max()]),
            ],
            interactive=False,
        )
    app.launch(server_name="127.0.0.1", server_port=int(sys.argv[2]), share=False)


if __name__ == "__main__":
    main()
