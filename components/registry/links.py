"""The model that a pasted link or URI names: an address of the Hub, whole or in part."""

import re
from dataclasses import dataclass
from urllib.parse import unquote

from components.errors import UnknownModelError

_HOSTS = re.compile(r"(https?://)?(www\.)?(huggingface\.co|hf\.co)(:\d+)?(?=[/?#]|$)", re.I)
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)://", re.I)
_AROUND = " \t\r\n\"'`“”‘’«»‹›<>()[]{},;\u00a0\u200b\ufeff"
# What follows a repository's id in an address.
_VIEWS = frozenset(
    [
        *("tree", "blob", "resolve", "raw", "blame", "commits", "commit", "discussions", "edit"),
        *("settings", "revision", "refs", "treesize", "paths-info"),
    ]
)
_OTHER_REPOSITORIES = {"datasets": "a dataset", "spaces": "a Space", "buckets": "a bucket"}
_OTHER_PAGES = frozenset(
    [
        *("collections", "papers", "docs", "blog", "join", "login", "new", "organizations"),
        *("posts", "learn", "pricing", "search", "chat", "tasks", "inference", "enterprise"),
    ]
)


@dataclass(frozen=True)
class HubLink:
    """The id as it stands in a link, and the revision that the link names, if any."""

    repo_id: str
    revision: str | None = None


def read_link(text: str) -> HubLink:
    """The id in an address of the Hub, a `hf://` URI or a path; other text as it is, trimmed.

    Says nothing of whether there is such a model. Raises UnknownModelError for an address that
    is no model's, by what it is.
    """
    trimmed = text.strip(_AROUND)
    rest = trimmed
    is_address = False
    if rest.lower().startswith("hf://"):
        rest, is_address = rest[len("hf://") :], True
    elif (host := _HOSTS.match(rest)) is not None:
        rest, is_address = rest[host.end() :], True
    elif (scheme := _SCHEME.match(rest)) is not None:
        raise _no_model(trimmed, f"is no address on the Hub ({scheme.group()}…)")
    path = re.split(r"[?#]", rest, maxsplit=1)[0]
    parts = [unquote(part).strip() for part in path.split("/") if part.strip()]
    if parts and parts[0] == "api" and len(parts) > 1:
        parts, is_address = parts[1:], True
    if not parts:
        raise _no_model(trimmed, "names no model" if is_address else "is empty")
    if parts[0] in _OTHER_REPOSITORIES and (is_address or len(parts) > 1):
        raise _no_model(trimmed, f"is {_OTHER_REPOSITORIES[parts[0]]}, not a model")
    if is_address and parts[0] in _OTHER_PAGES:
        raise _no_model(trimmed, "is a page of the Hub that is no model's")
    if parts[0] == "models" and len(parts) > 1:
        parts = parts[1:]
    uri = trimmed.lower().startswith("hf://")
    return _in_parts(parts, any_file=uri) or HubLink(path.strip(" /"))


def _in_parts(parts: list[str], *, any_file: bool) -> HubLink | None:
    """The link of an address in parts; None if these are no id with what may follow it.

    `any_file` says that a path in the repository may follow at once, as in `hf://`.
    """
    bare = len(parts) == 1 or parts[1] in _VIEWS
    name, *view = parts if bare else parts[1:]
    name, _, revision = name.partition("@")
    if view and view[0] in ("tree", "blob", "resolve", "raw", "blame", "commits", "revision"):
        revision = revision or (view[1] if len(view) > 1 else "")
    elif view and view[0] not in _VIEWS and not (revision or any_file):
        return None
    repo_id = name if bare else f"{parts[0]}/{name}"
    return HubLink(repo_id, None if revision in ("", "main") else revision)


def _no_model(text: str, what: str) -> UnknownModelError:
    shown = text if len(text) <= 80 else f"{text[:80]}…"
    return UnknownModelError(
        f"“{shown}” {what}.",
        way_out="Type a model's id, organization/name, or paste the address of its page.",
    )
