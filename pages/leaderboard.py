"""Leaderboard: scores of base models beside their instruct twins, in three vintages."""

from components.charts import scores_by_size
from components.leaderboard import VINTAGE_LABELS
from components.ui import board_view, resources, shell
from components.ui.model_ids import labels

models = shell.open_page(
    shell.LEADERBOARD,
    "Published scores of base models, each beside its instruct twin: the benchmarks give"
    " instructions, so the twin often shows better what the weights can do.",
)
board = resources.board(board_view.pick_vintage())
board_view.describe(board)
rows = board_view.filtered(board)
board_view.table(rows, models)
if not rows.empty:
    shell.chart(
        scores_by_size(
            rows,
            models,
            labels(models),
            vintage=VINTAGE_LABELS[board.vintage],
            theme=shell.theme(),
        ),
        name="scores-by-size",
        alt="Average score against number of parameters, the shortlist labelled",
    )
board_view.source_note()
