"""A tokenizer of the tokenizers library small enough to know all of."""

from collections.abc import Sequence

from tokenizers import AddedToken, Tokenizer
from tokenizers.models import BPE

CHARACTERS = "0123456789$.,- Prices<b>|"


def tokenizer_of_digits(
    *,
    characters: str = CHARACTERS,
    merged: Sequence[str] = (),
    prefix: str | None = None,
    chunks: int | None = None,
) -> Tokenizer:
    """One token per character, others are dropped; the texts in `merged` are one token each.

    `prefix` joined to a 5 is one token too, `<b>5` for `<b>`. `chunks` makes every run of that
    many digits one token, from the left.
    """
    vocabulary = {character: place for place, character in enumerate(dict.fromkeys(characters))}
    tokenizer = Tokenizer(BPE(vocab=vocabulary, merges=[]))
    joined = [*merged, *([f"{prefix}5"] if prefix else [])]
    if chunks:
        joined += [f"{n:0{chunks}}" for n in range(10**chunks)]
    tokenizer.add_tokens([AddedToken(text, normalized=False) for text in joined])
    return tokenizer
