"""How the tokenizer inspector's machine names are shown."""

from collections import Counter
from collections.abc import Mapping

from components.numbers import LONG_SAMPLE, Chunking, NumberingStrategy, StrategyName, Unwritable

STRATEGY_EXPLANATIONS: Mapping[StrategyName, str] = {
    "whole-number": "every number from 0 to 999 is one token",
    "per-digit": "one token per digit",
    "irregular": "some numbers are one token, others several",
    "unwritable": "no way to write numbers",
}
CHUNKING_LABELS: Mapping[Chunking, str] = {
    "single-digits": "one digit at a time",
    "left-to-right-twos": "left to right in twos",
    "left-to-right-threes": "left to right in threes",
    "right-to-left-twos": "right to left in twos",
    "right-to-left-threes": "right to left in threes",
    "one-token": "in one token",
    "by-vocabulary": "by vocabulary",
    "unwritable": "no way to write them",
}
UNWRITABLE_LABELS: Mapping[Unwritable, str] = {
    "unknown_token": "the token for what the vocabulary lacks",
    "no_tokens": "no token at all",
    "same_tokens": "the same tokens as another number",
}
FACT_LABELS = {
    "one_token_share": "0 to 999 in one token",
    "unwritable": "0 to 999 that can't be written",
    "mean_tokens": "tokens per number, mean of 0 to 999",
    "digit_vocabulary": "vocabulary entries of digits only",
    "longer_numbers": f"4 to 6 digits ({LONG_SAMPLE:,} of each length)",
    "prefix_kept": "the tokens of “Price is $” stay as they are",
    "decoded_back": "decoding gives the text back",
    "spellings": "one number, several spellings",
    "bare_number": "a bare number, without text before it",
}


def explanation(strategy: NumberingStrategy) -> str:
    """The strategy in a clause; of numbers that can't be written, how many and why."""
    clause = STRATEGY_EXPLANATIONS[strategy.name]
    if not strategy.unwritable:
        return clause
    return f"{clause}: of 0 to 999, {why_unwritable(strategy.unwritable)}"


def why_unwritable(unwritable: Mapping[int, Unwritable]) -> str:
    """How many numbers become what instead, and which the first of them are."""
    reasons = Counter(unwritable.values()).most_common()
    counts = ", ".join(f"{count:,} become {UNWRITABLE_LABELS[name]}" for name, count in reasons)
    first = list(unwritable)[:3]
    return f"{counts} ({', '.join(map(str, first))}{', …' if len(unwritable) > 3 else ''})"
