"""Evidence per model, the decision between them, and the record that is handed over."""

from components.review.decision import (
    CRITERIA,
    MOST_WEIGHT,
    Criterion,
    Decision,
    Flip,
    LicenceNeed,
    MustHaves,
    Ranking,
    Verdict,
    rank,
    strike_out,
)
from components.review.evidence import (
    PriceFigures,
    RunFigures,
    TokenizerFigures,
    gather,
    gigabytes,
)
from components.review.facts import Fact, Matrix, Row, in_words, unknown
from components.review.licences import licence_in_words
from components.review.needs import MEMORY_USES, MemoryUse, Workload, architecture_of, memory
from components.review.record import Record, html_record, markdown_record
from components.review.sentences import reasons_against, reasons_for
from components.review.texts import MOST_CHARACTERS, TextStore

__all__ = [
    "CRITERIA",
    "MEMORY_USES",
    "MOST_CHARACTERS",
    "MOST_WEIGHT",
    "Criterion",
    "Decision",
    "Fact",
    "Flip",
    "LicenceNeed",
    "Matrix",
    "MemoryUse",
    "MustHaves",
    "PriceFigures",
    "Ranking",
    "Record",
    "Row",
    "RunFigures",
    "TextStore",
    "TokenizerFigures",
    "Verdict",
    "Workload",
    "architecture_of",
    "gather",
    "gigabytes",
    "html_record",
    "in_words",
    "licence_in_words",
    "markdown_record",
    "memory",
    "rank",
    "reasons_against",
    "reasons_for",
    "strike_out",
    "unknown",
]
