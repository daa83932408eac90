"""Tokenizers: load them, cut text into their spans, see how they write numbers."""

from components.tokenization.cost import cost_summary, sequence_costs
from components.tokenization.first_token import (
    FirstTokenInformation,
    as_ranges,
    first_token_information,
    possible_counts,
    still_possible,
)
from components.tokenization.load import (
    MAX_UPLOAD_MB,
    give_memory_back,
    load_tokenizer,
    open_tokenizer,
    read_tokenizer,
)
from components.tokenization.numbers import (
    CONTEXTS,
    IN_PLACE,
    LARGEST_NUMBER,
    PREFIX,
    NumberAtlas,
    NumberContext,
    number_atlas,
)
from components.tokenization.spans import (
    TokenSpan,
    TokenStrip,
    cut_text,
    disagreements,
    token_spans,
)
from components.tokenization.strategy import LONG_SAMPLE, NumberingStrategy, numbering_strategy

__all__ = [
    "CONTEXTS",
    "IN_PLACE",
    "LARGEST_NUMBER",
    "LONG_SAMPLE",
    "MAX_UPLOAD_MB",
    "PREFIX",
    "FirstTokenInformation",
    "NumberAtlas",
    "NumberContext",
    "NumberingStrategy",
    "TokenSpan",
    "TokenStrip",
    "as_ranges",
    "cost_summary",
    "cut_text",
    "disagreements",
    "first_token_information",
    "give_memory_back",
    "load_tokenizer",
    "number_atlas",
    "numbering_strategy",
    "open_tokenizer",
    "possible_counts",
    "read_tokenizer",
    "sequence_costs",
    "still_possible",
    "token_spans",
]
