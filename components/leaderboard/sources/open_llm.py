"""Open LLM Leaderboard v2: six benchmarks of base and instruct models, to March 2025."""

import pandas as pd

from components.leaderboard.board import BENCHMARKS, VINTAGES, load_board
from components.leaderboard.sources.items import Part
from components.leaderboard.sources.source import Column, Source

# The answers to choose from in each of the 24 parts of BBH that the board used; three have fewer
# than 250 items. Choices: the board's normalisation notes (huggingface.co/docs/leaderboards,
# open_llm_leaderboard/normalization). Items: solved from the accuracies and standard errors in
# published result files of the board's harness; a test repeats that.
_BBH = (
    *(Part(250, 1 / choices) for choices in (2, 2, 2, 2, 2, 2)),
    *(Part(250, 1 / choices) for choices in (3, 3, 3, 4, 5, 5, 6, 6, 6, 6, 7, 7, 11, 18, 19)),
    Part(187, 1 / 2),  # causal judgement
    Part(178, 1 / 2),  # snarks
    Part(146, 1 / 5),  # penguins in a table
)
_MUSR = (
    Part(250, 1 / 2),  # murder mysteries
    Part(256, 1 / 5),  # object placements
    Part(250, 1 / 3),  # team allocation
)
# The board's GPQA pools three nested sets of questions: diamond (198) within main (448) within
# extended (546; Rein et al., arXiv 2311.12022). Its 1,192 answers are to 546 questions, of which
# 198 count three times, 250 twice and 98 once: as much as 1192^2 / (198*9 + 250*4 + 98) = 493
# independent ones (Kish's effective sample size).
_GPQA = (Part(493, 1 / 4),)

SOURCE = Source(
    id="ollm-v2",
    label="Open LLM Leaderboard v2",
    version="final, 9c09a7ca",
    date="2025-03",
    license="not stated by the data set",
    link="https://huggingface.co/datasets/open-llm-leaderboard/contents",
    attribution="Open LLM Leaderboard v2, Hugging Face (2024-2025); a selection of its models.",
    harness="lm-evaluation-harness, task group leaderboard; normalised: 0 is chance",
    errors="computed from the numbers of items",
    limits="Retired in March 2025. Runs with and without chat template stand side by side.",
    columns=(
        # The mean of prompt-level (541 prompts) and instruction-level accuracy (834 instructions
        # in them): the prompts are what is independent.
        Column("ifeval", BENCHMARKS["ifeval"], "strict accuracy", 0, parts=(Part(541),)),
        Column("bbh", BENCHMARKS["bbh"], "accuracy", 3, parts=_BBH),
        Column("math_lvl5", BENCHMARKS["math_lvl5"], "exact match", 4, parts=(Part(1_324),)),
        Column("gpqa", BENCHMARKS["gpqa"], "accuracy", 0, parts=_GPQA),
        Column("musr", BENCHMARKS["musr"], "accuracy", 0, parts=_MUSR),
        Column("mmlu_pro", BENCHMARKS["mmlu_pro"], "accuracy", 5, parts=(Part(12_032, 1 / 10),)),
    ),
)


def read() -> pd.DataFrame:
    """All runs of all bundled vintages: besides the common columns `vintage` and `kind`."""
    boards = [load_board(vintage).assign(vintage=vintage) for vintage in VINTAGES]
    return long_scores(pd.concat(boards, ignore_index=True))


def long_scores(board: pd.DataFrame) -> pd.DataFrame:
    """A board of `load_board` with `vintage`, one row per run and benchmark, with errors."""
    template = board["chat_template"].map({True: "with chat template", False: "no chat template"})
    runs = board.assign(
        run=board["precision"]
        .str.cat(template.astype("str").where(template.notna()), sep=", ")
        .fillna(board["precision"])
    )
    rows = runs.melt(
        id_vars=["model_id", "run", "vintage", "kind", "params_b"],
        value_vars=list(SOURCE.benchmarks),
        var_name="benchmark",
        value_name="score",
    )
    return SOURCE.with_stderr(rows)
