"""Why the Hub could not supply files, in words, each with its own way out."""

import re

from components.assets.store import SourceError, refused_by_disk
from components.registry import HubRepo

CONNECT = "connect to the Hub, or set HF_ENDPOINT to a mirror that can be reached"
TRY_AGAIN = "try again in a while"
_SET_TOKEN = "set HF_TOKEN to a token as the Hub gives it (hf_…), or to none"
_CHECK_NETWORK = (
    "log in to the network in a browser on this host, or set HF_ENDPOINT to a mirror that can be"
    " reached"
)
_LOGIN_NEEDED = 511  # what a network answers to whoever has not logged in
_TOKEN = re.compile(r"[!-~]+")  # what a header takes: visible ASCII without spaces


class HubError(SourceError):
    """Why the Hub could not supply the files."""


def token_problem() -> str | None:
    """Why this host's token can't be sent to anybody; None for one that can, or for none.

    It is not repeated: it may be right but for one character.
    """
    from huggingface_hub import get_token

    token = get_token()
    if token is None or _TOKEN.fullmatch(token):
        return None
    return "the token of this host (HF_TOKEN) has characters that no token has"


def check_token() -> None:
    """HubError where this host's token can't be sent."""
    if (problem := token_problem()) is not None:
        raise HubError(problem, _SET_TOKEN)


def has_reason(error: BaseException) -> bool:
    """Whether an answer is the Hub's own: it says why it refuses; others before it do not."""
    response = getattr(error, "response", None)
    return response is not None and bool({"x-error-code", "x-error-message"} & {*response.headers})


def explain(error: BaseException, repo: HubRepo, *, answered: bool) -> SourceError:
    """The reason in words; `answered` says whether the Hub had answered before."""
    if (refusal := refused_by_disk(error)) is not None:
        return refusal
    import httpx2
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    match error:
        case GatedRepoError():
            return HubError(
                "gated: its licence has to be accepted first",
                f"accept the licence at https://huggingface.co/{repo.repo_id} and set HF_TOKEN to a"
                " token of that account",
            )
        case HfHubHTTPError() if error.response.status_code in (401, 403) and not has_reason(error):
            return HubError(
                f"what answers for the Hub refuses it (HTTP {error.response.status_code}) and does"
                " not say why",
                f"check that the id is spelled right, and HF_ENDPOINT, if it is set; {_SET_TOKEN}",
            )
        case RepositoryNotFoundError():
            return HubError(
                "no such repository, or a private one",
                "check the spelling of the id, and set HF_TOKEN if the repository is private",
            )
        case RevisionNotFoundError():
            return HubError(
                f"revision {repo.revision or 'main'} does not exist",
                "correct the revision in components/registry/models.toml",
            )
        case HfHubHTTPError() if error.response.status_code in (401, 403):
            return HubError(
                "the Hub refuses the token, or lets it read no files here",
                "set HF_TOKEN to a token that is valid and may read this repository, or to none",
            )
        case HfHubHTTPError() if error.response.status_code == _LOGIN_NEEDED:
            return HubError("the network of this host asks for a login", _CHECK_NETWORK)
        case HfHubHTTPError() if error.response.status_code == 429:
            return HubError("the Hub answers that it was asked too often", TRY_AGAIN)
        case HfHubHTTPError():
            return HubError(f"the Hub answered HTTP {error.response.status_code}", TRY_AGAIN)
        case OfflineModeIsEnabled():
            return HubError("the Hub can't be reached (HF_HUB_OFFLINE is set)", "unset it")
        case httpx2.TransportError() if not answered:
            return HubError(
                f"the Hub can't be reached ({str(error) or type(error).__name__})", CONNECT
            )
        case ValueError() if not answered:  # no JSON, or none of the Hub's
            return HubError(
                "what answers is no Hub: it sends a web page, as a network's login does",
                _CHECK_NETWORK,
            )
        case _:
            reason = f"the download broke off ({type(error).__name__}: {error})"[:300]
            return HubError(reason, TRY_AGAIN)
