"""What the Hub accepts as a repository's id."""

import re
from typing import Annotated

from pydantic import AfterValidator

# As huggingface_hub's `validate_repo_id` has it, which a test holds this to: importing that package
# takes longer than all of the registry. The name alone, without an organization, is an id too:
# the oldest models have none.
_HUB_ID = re.compile(r"(\b[\w\-.]{1,96}\b/)?\b[\w\-.]{1,96}\b", re.ASCII)


def is_hub_id(text: str) -> bool:
    """Whether the Hub would accept `text` as organization/name, or as a name alone."""
    return (
        _HUB_ID.fullmatch(text) is not None
        and not any(sign in text for sign in ("--", ".."))
        and not text.endswith(".git")
    )


def _hub_id(text: str) -> str:
    if not is_hub_id(text):
        raise ValueError(f"{text!r} is no Hub id, organization/name")
    return text


HubId = Annotated[str, AfterValidator(_hub_id)]
