"""Swallow LLM Leaderboard v2: ten English benchmarks of base models, to mid 2026."""

import pandas as pd

from components.leaderboard.board import DATA
from components.leaderboard.sources.items import Part
from components.leaderboard.sources.source import Column, Source

# Its English scripts ask all items of a data set (`NUM_TESTCASE=all`), so these are the sizes of
# the splits that its task files name. Scores confirm them where they can: OpenBookQA and MATH come
# in steps of 1/500, and SQuAD2 never falls below 50.1, the share of its 5,945 unanswerable
# questions in 11,873. HumanEval's ten trials share a problem: 164 problems count.

SOURCE = Source(
    id="swallow",
    label="Swallow (English)",
    version="ed3805c",
    date="2026-06-24",
    license="CC-BY-4.0",
    link="https://swallow-llm.github.io/leaderboard/",
    attribution="Swallow LLM Leaderboard v2, Swallow LLM team, CC BY 4.0; changed: English tasks "
    "of base models only, scores times 100, column names.",
    harness="swallow-evaluation",
    errors="computed from the numbers of items",
    limits="Base models only; its BBH asks for reasoning steps, so it is not the BBH of the Open "
    "LLM Leaderboard.",
    columns=(
        Column("openbookqa", "OpenBookQA", "accuracy", 4, parts=(Part(500),)),
        Column("triviaqa", "TriviaQA", "exact match", 4, parts=(Part(17_944),)),
        Column("hellaswag", "HellaSwag", "accuracy", 4, parts=(Part(10_042),)),
        Column("squad2", "SQuAD2", "exact match", 4, parts=(Part(11_873),)),
        Column("xwino", "XWINO", "accuracy", 4, parts=(Part(2_325),)),
        Column("mmlu", "MMLU", "accuracy", 5, parts=(Part(14_042),)),
        Column("gsm8k", "GSM8K", "exact match", 4, parts=(Part(1_319),)),
        Column("math", "MATH", "exact match", 4, parts=(Part(500),)),
        Column("bbh", "BBH", "exact match, chain of thought", 3, parts=(Part(6_511),)),
        Column("humaneval", "HumanEval", "pass@1 of 10 trials", 0, parts=(Part(164),)),
    ),
)


def read() -> pd.DataFrame:
    """All models; besides the common columns `released` and `active_params_b`."""
    rows = pd.read_csv(DATA / "swallow.csv", parse_dates=["released"])
    return (
        rows.melt(
            id_vars=["model_id", "params_b", "active_params_b", "released"],
            value_vars=list(SOURCE.benchmarks),
            var_name="benchmark",
            value_name="score",
        )
        .assign(run="")
        .pipe(SOURCE.with_stderr)
    )
