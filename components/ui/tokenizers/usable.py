"""Tokenizers of which some can't do what is asked: those that nobody vouched for."""

from collections.abc import Callable
from typing import TypeVar

from components.errors import TokenizerError
from components.ui.kit.feedback import show_error
from components.ui.services import LoadedTokenizer

T = TypeVar("T")


def answered(
    loaded: dict[str, LoadedTokenizer], ask: Callable[[LoadedTokenizer], T]
) -> dict[str, T]:
    """What each of the tokenizers answers; why another can't is shown here."""
    answers = {}
    for repo_id, tokenizer in loaded.items():
        try:
            answers[repo_id] = ask(tokenizer)
        except TokenizerError as error:
            show_error(error)
    return answers
