"""A text cut into the spans that its tokens stand for."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast


@dataclass(frozen=True)
class TokenSpan:
    """One token: its id, its vocabulary entry, and the characters that it adds to the text.

    `text` is empty for a token that shares its character with the next one: all but the last
    of the tokens that spell a character's bytes, and the `▁` that SentencePiece puts first.
    """

    id: int
    token: str
    text: str


def token_spans(tokenizer: PreTrainedTokenizerFast, text: str) -> list[TokenSpan]:
    """The tokens of `text`, without special ones; their texts joined are `text`.

    Characters that the tokenizer drops go to the token before: some normalise white space, and
    SmolLM2's vocabulary lacks some bytes. A text of dropped characters alone has no tokens.
    """
    encoding = tokenizer.backend_tokenizer.encode(text, add_special_tokens=False)
    if not encoding.ids:
        return []
    starts = [start for start, _ in encoding.offsets]
    cuts = [*accumulate([0, *starts[1:]], max), len(text)]
    return [
        TokenSpan(token_id, token, text[start:end])
        for token_id, token, (start, end) in zip(
            encoding.ids, encoding.tokens, pairwise(cuts), strict=True
        )
    ]
