"""What can go wrong with a server, each in a sentence with its way out; no address, no key."""

from __future__ import annotations

import json
import re

from components.endpoints import Endpoint
from components.errors import EndpointAwayError, EndpointError, EngineError

_LONGEST_SAID = 300
_AGAIN = "Try again in a while; if it stays so, ask whoever runs the server."
_HOST = "Ask whoever runs this host: its endpoints are described in docs/servers.md."


def unreachable(endpoint: Endpoint) -> EndpointError:
    return EndpointAwayError(f"Nothing answers at {endpoint.name}.", way_out=_AGAIN)


def broke_off(endpoint: Endpoint) -> EndpointError:
    return EndpointAwayError(
        f"{endpoint.name} broke its answer off, more than once.", way_out=_AGAIN
    )


def silent(endpoint: Endpoint, seconds: float) -> EndpointError:
    return EndpointAwayError(
        f"{endpoint.name} took the question and did not answer within {seconds:g} s.",
        way_out=_AGAIN,
    )


def too_long(endpoint: Endpoint, megabytes: float) -> EndpointError:
    return EndpointError(
        f"{endpoint.name} answers with more than {megabytes:,.0f} MB, which is not read.",
        way_out=_HOST,
    )


def no_json(endpoint: Endpoint, kind: str) -> EndpointError:
    return EndpointError(
        f"{endpoint.name} answers with what is no JSON ({kind or 'of no kind'}): the address may be"
        " that of a web page or of a proxy's sign-in.",
        way_out=_HOST,
    )


def unexpected(endpoint: Endpoint, what: str) -> EndpointError:
    return EndpointError(
        f"{endpoint.name} answers otherwise than its kind of server does: {what}.",
        way_out="Use a version that docs/servers.md names, or another server.",
    )


def of_status(endpoint: Endpoint, status: int, body: bytes) -> EndpointError | EngineError:
    """What an HTTP status other than 200 means; what the server said is in `details`.

    EngineError where this one request is at fault, not the server.
    """
    said = endpoint.hide(server_said(body)) or None
    name = endpoint.name
    match status:
        case 401 | 403:
            return EndpointError(f"{name} refuses the key.", way_out=_HOST, details=said)
        case 404:
            return EndpointError(
                f"{name} has no such path or model (404).", way_out=_HOST, details=said
            )
        case 429:
            return EndpointAwayError(
                f"{name} is busy: it took no request more (429).",
                way_out="Try again in a while.",
                details=said,
            )
        case _ if 300 <= status < 400:
            return EndpointError(
                f"{name} sends its visitors elsewhere ({status}), where a key is not taken.",
                way_out=_HOST,
            )
        case _ if status >= 500:
            return EndpointAwayError(
                f"{name} has trouble of its own ({status}).", way_out=_AGAIN, details=said
            )
        case _:
            return EngineError(
                f"{name} refuses the request ({status}).",
                way_out="Shorten the description, or pick another model.",
                details=said,
            )


def server_said(body: bytes) -> str:
    """The message in an error's body, short; nothing of a web page."""
    text = body[:10_000].decode("utf-8", errors="replace")
    try:
        found = json.loads(text)
    except ValueError:
        return "" if "<" in text else _short(text)
    for name in ("error", "message", "detail"):
        if isinstance(found, dict) and name in found:
            found = found[name]
    if isinstance(found, dict):
        found = found.get("message", "")
    return _short(found if isinstance(found, str) else json.dumps(found))


def _short(text: str) -> str:
    words = re.sub(r"\s+", " ", text).strip()
    return words if len(words) <= _LONGEST_SAID else f"{words[:_LONGEST_SAID]}…"
