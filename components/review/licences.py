"""Licences in words: may what comes out of a fine-tuning be shipped?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from components.leaderboard import PERMISSIVE_LICENSES

Shipping = Literal["yes", "conditions", "no", "unknown"]


@dataclass(frozen=True)
class Licence:
    """Whether a changed model may be shipped, also commercially, and what is asked for."""

    shipping: Shipping
    words: str


_META = (
    "with an acceptable use policy, “Built with Llama” in sight, below 700 million monthly users"
)
_KNOWN = {
    "apache-2.0": Licence("yes", "yes: Apache 2.0, keep the notices"),
    "mit": Licence("yes", "yes: MIT, keep the notice"),
    "llama2": Licence(
        "conditions",
        "with conditions: Llama 2 Community Licence, with an acceptable use policy, below 700"
        " million monthly users",
    ),
    "llama3": Licence("conditions", f"with conditions: Llama 3 Community Licence, {_META}"),
    "llama3.1": Licence("conditions", f"with conditions: Llama 3.1 Community Licence, {_META}"),
    "llama3.2": Licence("conditions", f"with conditions: Llama 3.2 Community Licence, {_META}"),
    "llama3.3": Licence("conditions", f"with conditions: Llama 3.3 Community Licence, {_META}"),
    "gemma": Licence(
        "conditions",
        "with conditions: Gemma Terms of Use, whose prohibited uses you pass on to your users",
    ),
}


def licence_in_words(license: str | None) -> Licence:
    """What a licence, as the Hub names it, says of shipping. No legal advice: read the licence."""
    if license is None:
        return Licence("unknown", "unknown: read the model's page on the Hub")
    if license in _KNOWN:
        return _KNOWN[license]
    if license in PERMISSIVE_LICENSES:
        return Licence("yes", f"yes: {license}, a permissive licence")
    if "-nc" in license:
        return Licence("no", f"not commercially: {license}")
    return Licence("unknown", f"{license}: read it, Basewise does not know what it allows")
