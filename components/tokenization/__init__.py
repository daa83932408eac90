"""Tokenizers: load them, cut text into their spans, see how they write numbers."""

from components.tokenization.load import load_tokenizer, open_tokenizer
from components.tokenization.numbers import (
    PREFIX,
    NumberingStrategy,
    number_atlas,
    numbering_strategy,
)
from components.tokenization.spans import TokenSpan, token_spans

__all__ = [
    "PREFIX",
    "NumberingStrategy",
    "TokenSpan",
    "load_tokenizer",
    "number_atlas",
    "numbering_strategy",
    "open_tokenizer",
    "token_spans",
]
