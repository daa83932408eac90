"""Tokenizers that nobody vouched for, before they are given a visitor's own text."""

from collections.abc import Sequence

from components.errors import BasewiseError
from components.ui import services
from components.ui.kit.feedback import show_error
from components.ui.services import LoadedTokenizer


def usable_on(
    loaded: dict[str, LoadedTokenizer], texts: Sequence[str]
) -> dict[str, LoadedTokenizer]:
    """Those of the tokenizers that can encode these texts; why another can't is shown here."""
    usable = {}
    for repo_id, tokenizer in loaded.items():
        try:
            services.require_usable(tokenizer, texts)
        except BasewiseError as error:
            show_error(error)
        else:
            usable[repo_id] = tokenizer
    return usable
