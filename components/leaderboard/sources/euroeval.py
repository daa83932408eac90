"""EuroEval's English leaderboard: seven data sets of base models, to April 2026."""

import pandas as pd

from components.leaderboard.board import DATA
from components.leaderboard.sources.source import Column, Source

_HALF_WIDTH = 1.96  # standard errors in a margin: `src/euroeval/scores.py` of EuroEval

SOURCE = Source(
    id="euroeval-english",
    label="EuroEval (English)",
    version="1a77f1d",
    date="2026-04-20",
    license="MIT",
    link="https://euroeval.com/leaderboards/",
    attribution="EuroEval leaderboards, © 2024-2026 Dan Saattrup Smart, MIT.",
    harness="EuroEval, several draws of examples and test items per data set",
    errors="the source's own 95 % margins, divided by 1.96",
    limits="A few fine-tuned models are typed base there. Runs on the validation split are not "
    "quite comparable with those on the test split, and many models lack data sets. Its figures "
    "are of several kinds (correlation, F1), so the source itself ranks by mean rank.",
    columns=(
        Column("sst5", "SST-5", "Matthews correlation x 100", 12),
        Column("conll_en", "CoNLL-en", "micro F1 without miscellaneous", 8),
        Column("scala_en", "ScaLA-en", "Matthews correlation x 100", 12),
        Column("squad", "SQuAD", "F1", 4),
        Column("cnn_dailymail", "CNN / DailyMail", "the source's main figure", 1),
        Column("life_in_the_uk", "Life in the UK", "Matthews correlation x 100", 5),
        Column("hellaswag", "HellaSwag", "Matthews correlation x 100", 5),
    ),
)


def read() -> pd.DataFrame:
    """All runs; besides the common columns `mean_rank`, the source's own, lower is better."""
    rows = pd.read_csv(DATA / "euroeval_english.csv", dtype={"run": "str"}).fillna({"run": ""})
    of_run = ["model_id", "run", "params_b", "mean_rank"]
    benchmarks = list(SOURCE.benchmarks)
    scores = rows.melt(of_run, benchmarks, var_name="benchmark", value_name="score")
    margins = rows.melt(value_vars=[f"{name}_margin" for name in benchmarks])["value"]
    return scores.assign(stderr=margins / _HALF_WIDTH).dropna(subset="score", ignore_index=True)
