"""After fine-tuning: 61 models before and after the same training on each task (LM-Harmony)."""

import pandas as pd

from components.leaderboard.board import DATA
from components.leaderboard.sources.source import Column, Source

TASKS = {
    "anli_r1": "ANLI R1",
    "arc_challenge": "ARC challenge",
    "arc_easy": "ARC easy",
    "boolq": "BoolQ",
    "cola": "CoLA",
    "commonsense_qa": "CommonsenseQA",
    "gsm8k": "GSM8K",
    "headqa_en": "HeadQA",
    "hellaswag": "HellaSwag",
    "mathqa": "MathQA",
    "medmcqa": "MedMCQA",
    "mnli": "MNLI",
    "mrpc": "MRPC",
    "nq_open": "NQ open",
    "openbookqa": "OpenBookQA",
    "piqa": "PIQA",
    "qnli": "QNLI",
    "qqp": "QQP",
    "rte": "RTE",
    "sciq": "SciQ",
    "social_iqa": "Social IQA",
    "sst2": "SST-2",
    "wic": "WiC",
    "winogrande": "WinoGrande",
}
CORPORA = {
    "arxiv_2025": "arXiv 2025",
    "stackexchange_2025": "Stack Exchange 2025",
    "wiki_2025": "Wikipedia 2025",
}
_METRICS = {"cola": "Matthews correlation x 100", "nq_open": "exact match", "gsm8k": "exact match"}

SOURCE = Source(
    id="after-finetuning",
    label="After fine-tuning",
    version="88bc5c35",
    date="2025-07",
    license="MIT",
    link="https://github.com/socialfoundations/lm-harmony",
    attribution="LM-Harmony, Zhang, Dominguez-Olmedo and Hardt (ICLR 2026, arXiv 2507.05195), "
    "© 2024 Guanhua Zhang and Moritz Hardt, MIT.",
    harness="lm-evaluation-harness, at most 10,000 test items a task",
    errors="the source's own",
    limits="61 models, none newer than Qwen2.5; classification, question answering and GSM8K; "
    "no regression and no prices.",
    columns=(
        *(Column(task, label, _METRICS.get(task, "accuracy"), 0) for task, label in TASKS.items()),
        *(
            Column(corpus, label, "bits per byte", 0, "bits per byte", higher_is_better=False)
            for corpus, label in CORPORA.items()
        ),
    ),
)


def read() -> pd.DataFrame:
    """Scores after fine-tuning, and `before` and `before_stderr` of the untouched model."""
    rows = pd.read_csv(DATA / "after_finetuning.csv")
    return rows.rename(columns={"after": "score", "after_stderr": "stderr"}).assign(
        run="", params_b=float("nan")
    )
