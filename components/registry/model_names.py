"""Find models by whatever a person calls them: `llama-3.1`, `Llama 3.1 8b`, a part of an id."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from components.errors import UnknownModelError
from components.registry.hub_ids import is_hub_id
from components.registry.links import read_link
from components.registry.registry import ModelRegistry

# A size (`8b`, `1.5b`, `270m`), a word, or a number; `3_1` is how names of files write 3.1.
_WORD = re.compile(r"\d+(?:\.\d+)*[bmk](?![a-z0-9])|[a-z]+|\d+(?:\.\d+)*|[^\W\d_a-z]+")
_UNDERSCORE = re.compile(r"(?<=\d)_(?=\d)")
_MOST_SUGGESTIONS = 4
_LONGEST = 200


@dataclass(frozen=True)
class ReadModel:
    """The model that a text names; `note` says how it was read, where that is not plain."""

    repo_id: str
    note: str | None = None


def find_models(text: str, known: Mapping[str, str]) -> list[str]:
    """The ids of the known models (id to label) that the text may mean, best match first.

    Every word of the text is in the model's id or label, in any order: numbers whole (3 is in 3.1,
    but 1 is not), words in part. What matches in the order of the text and leaves little over
    comes first; of equals, the first known.
    """
    wanted = _words(text[:_LONGEST])
    squeezed = _squeezed(text[:_LONGEST])
    if not squeezed:
        return []
    ranked = []
    for place, (repo_id, label) in enumerate(known.items()):
        costs = [
            cost
            for name in (repo_id, repo_id.split("/")[-1], label)
            if (cost := _cost(wanted, squeezed, name)) is not None
        ]
        if costs:
            ranked.append((min(costs), place, repo_id))
    return [repo_id for _, _, repo_id in sorted(ranked)]


def read_model(text: str, registry: ModelRegistry, known: Mapping[str, str]) -> ReadModel:
    """The model that a visitor's text names: an id, an alias, a link, or exactly one's name.

    An id that nobody here knows is taken as it is: the Hub may have it. Raises UnknownModelError,
    with suggestions, for what is no id and for a name alone that several models may be meant by.
    """
    link = read_link(text)
    note = None
    if link.revision is not None:
        note = (
            f"{link.repo_id}: the revision {link.revision[:40]} in the link is not used, but the"
            " registry's own or the newest."
        )
    if link.repo_id in registry:
        return ReadModel(registry.canonical_id(link.repo_id), note)
    in_any_case = {repo_id.lower(): repo_id for repo_id in known}
    if (found := in_any_case.get(link.repo_id.lower())) is not None:
        return ReadModel(found, note)
    if "/" in link.repo_id and is_hub_id(link.repo_id):
        return ReadModel(link.repo_id, note)
    return _by_name(link.repo_id, registry, known)


def _by_name(text: str, registry: ModelRegistry, known: Mapping[str, str]) -> ReadModel:
    found = find_models(text, known)
    named = [r for r in found if _squeezed(text) in _names(r, known[r])]
    if len(named) == 1:
        return ReadModel(named[0], f"“{text}” is taken for {named[0]}.")
    if found:
        suggestions = found[:_MOST_SUGGESTIONS]
        raise UnknownModelError(
            f"“{text}” is no model's id.",
            way_out=f"Did you mean {' or '.join(suggestions)}?",
            suggestions=suggestions,
        )
    if is_hub_id(text):
        return ReadModel(text)
    return ReadModel(registry.get(text[:_LONGEST]).id)


def _names(repo_id: str, label: str) -> set[str]:
    return {_squeezed(repo_id.split("/")[-1]), _squeezed(label)}


def _cost(wanted: list[str], squeezed: str, name: str) -> tuple[int, int, int] | None:
    """How far a name is from what is wanted, lower is nearer; None if it is not that at all."""
    if _squeezed(name) == squeezed:
        return (0, 0, 0)
    words = _words(name)
    places = [_place(word, words) for word in wanted]
    if wanted and None not in places:
        exact = sum(word in words for word in wanted)
        in_order = places == sorted(p for p in places if p is not None)
        return (1 if in_order else 2, len(wanted) - exact, len(words) - len(wanted))
    if len(squeezed) > 2 and squeezed in _squeezed(name):
        return (3, 0, len(words))
    return None


def _place(wanted: str, words: list[str]) -> int | None:
    for place, word in enumerate(words):
        if word == wanted:
            return place
    for place, word in enumerate(words):
        if wanted[0].isdigit():
            if word[0].isdigit() and word.startswith(wanted) and word[len(wanted)] in ".bmk":
                return place
        elif len(wanted) > 1 and wanted in word:
            return place
    return None


def _words(text: str) -> list[str]:
    return _WORD.findall(_UNDERSCORE.sub(".", text.lower()))


def _squeezed(text: str) -> str:
    return "".join(character for character in text.lower() if character.isalnum())
