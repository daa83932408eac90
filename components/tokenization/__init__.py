"""What is true of any text for any tokenizer: load one, cut a text into its tokens' spans."""

from components.settings import MAX_UPLOAD_MB
from components.tokenization.fast_tokenizer import backend, unknown_token
from components.tokenization.load import (
    give_memory_back,
    load_tokenizer,
    open_tokenizer,
)
from components.tokenization.spans import (
    TokenSpan,
    TokenStrip,
    cut_text,
    disagreements,
    strip_of,
    token_spans,
)
from components.tokenization.trial import try_tokenizer

__all__ = [
    "MAX_UPLOAD_MB",
    "TokenSpan",
    "TokenStrip",
    "backend",
    "cut_text",
    "disagreements",
    "give_memory_back",
    "load_tokenizer",
    "open_tokenizer",
    "strip_of",
    "token_spans",
    "try_tokenizer",
    "unknown_token",
]
