"""Find out, once, what a server is: alive, of this model, with our tokens, and what it tells."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from components.control import Control
from components.endpoints import Endpoint
from components.engines.base import ModelId
from components.engines.server.canaries import fingerprint
from components.engines.server.client import Ask, Client
from components.engines.server.dialect import Dialect, Told
from components.engines.server.dialects import (
    CompletionsDialect,
    LlamaCppDialect,
    SglangDialect,
    VllmDialect,
)
from components.engines.server.engine import ReadingServerEngine, ServerEngine
from components.engines.server.scorer import as_expected, ask_columns, complete
from components.errors import EndpointAwayError, EndpointError, EngineError
from components.tokenization import load_tokenizer

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

_log = logging.getLogger(__name__)

ALIVE_SECONDS = 3.0  # a page waits no longer than this for a server that is not there
# Digits, several spaces, other scripts, and the end of every price prompt.
_TEXT = "Price: $1,299 or 12  cups;\n\n値段は１２円 — café №7, цена 5 ₽ 🙂\n\nPrice is $"
_CANARY = "What does this cost to the nearest dollar?\n\nA brass lamp\n\nPrice is $"
_CANARY_TOKENS = 20
_SAME = 0.05  # how far a probability told twice may differ: rounding, in 16 bits
_BIAS = 20.0
_KINDS = {"vllm": "vLLM", "sglang": "SGLang", "llamacpp": "llama.cpp"}
_KEPT_BACK = {"SGLang": 7}  # tokens of the context it tells that no prompt may take, in 0.5.23
_LIMITS = (20, 5)
_HOST = "Ask whoever runs this host: docs/servers.md says what a server must do."


@dataclass(frozen=True)
class Served:
    """What `/v1/models` says of the model: the kind of server, its context, what it computes in."""

    kind: str
    longest: int | None = None
    precision: str = "unknown"


def look(client: Client, control: Control) -> Served:
    """Whether the server is there and serves the model. EndpointError within ALIVE_SECONDS."""
    answer = client.ask(Ask("/v1/models"), control, seconds=ALIVE_SECONDS)
    wanted = client.endpoint.model
    with as_expected(client.endpoint):
        listed: Mapping[str, Mapping[str, Any]] = {str(one["id"]): one for one in answer["data"]}
        if wanted not in listed:
            names = ", ".join(list(listed)[:5]) or "nothing"
            raise EndpointError(
                f"{client.endpoint.name} does not serve {wanted}; it serves"
                f" {client.endpoint.hide(names)}.",
                way_out=_HOST,
            )
        model = listed[wanted]
        meta = model.get("meta") or {}
        kind = _KINDS.get(str(model.get("owned_by")).lower(), CompletionsDialect.kind)
        longest = model.get("max_model_len") or meta.get("n_ctx")
        precision = str(meta.get("ftype") or "unknown")
        if longest is not None:
            longest = int(longest) - _KEPT_BACK.get(kind, 0)
        return Served(kind, longest, precision)


def connect(client: Client, control: Control) -> ServerEngine:
    """The endpoint's model as an engine, once all of this is found out.

    EndpointError for a server that is away, is not used rightly, or can't be used: another
    tokenizer, tokens that are put in, log-probabilities that settings of sampling change. Raises
    what `load_tokenizer` raises, too.
    """
    endpoint = client.endpoint
    control.report(f"Asking what {endpoint.name} is")
    served = look(client, control)
    tokenizer = load_tokenizer(endpoint.hub_id, control)
    control.report(f"Asking what {endpoint.name} tells")
    _refuse_other_tokens(client, served, tokenizer, control)
    prompt = list(tokenizer(_CANARY)["input_ids"])
    digits = _digits(endpoint, tokenizer)
    dialect = _dialect(client, served, tokenizer, prompt, digits, control)
    told, _, tokens = ask_columns(client, dialect, [prompt], digits, digits[0], control)
    if tokens and tokens != len(prompt):
        raise EndpointError(
            f"{endpoint.name} reads {tokens} tokens where it was sent {len(prompt)}: it puts some"
            " in, such as a second token that begins texts.",
            way_out=_HOST,
        )
    _refuse_changed(client, dialect, prompt, digits, told, control)
    version = _version(client, served.kind, control)
    likeliest = sorted(told.likeliest[0].values(), reverse=True)[:_CANARY_TOKENS]
    mark = fingerprint(
        [endpoint.name, served.kind, version, endpoint.model],
        [*told.probabilities[0].tolist(), *likeliest],
    )
    model_id = ModelId(
        repo_id=endpoint.hub_id,
        engine=served.kind,
        source=f"served:{endpoint.model}",
        revision=f"{version} ({mark})",
        precision=served.precision,
        endpoint=endpoint.name,
    )
    _log.info("%s: %s", endpoint.name, model_id.describe())
    kind = ReadingServerEngine if isinstance(dialect, VllmDialect) else ServerEngine
    return kind(model_id, client, dialect, tokenizer, served.longest)


def _refuse_other_tokens(
    client: Client, served: Served, tokenizer: PreTrainedTokenizerFast, control: Control
) -> None:
    """EndpointError unless the server cuts text as we do, with special tokens and without."""
    for special in (False, True):
        ours: list[int] = tokenizer(_TEXT, add_special_tokens=special)["input_ids"]
        match served.kind:
            case "llama.cpp":
                body = {"content": _TEXT, "add_special": special}
            case "vLLM" | "SGLang":
                body = {
                    "model": client.endpoint.model,
                    "prompt": _TEXT,
                    "add_special_tokens": special,
                }
            case _:
                if special:
                    _refuse_other_count(client, ours, control)
                continue
        answer = client.ask(Ask("/tokenize", body), control)
        with as_expected(client.endpoint):
            theirs = [int(token) for token in answer["tokens"]]
        if theirs != ours:
            place = next(
                (i for i, (a, b) in enumerate(zip(theirs, ours, strict=False)) if a != b),
                min(len(theirs), len(ours)),
            )
            raise EndpointError(
                f"{client.endpoint.name} has another tokenizer than {client.endpoint.hub_id}: from"
                f" token {place + 1} of a test text on they differ"
                + (", special tokens included." if special else "."),
                way_out=_HOST,
            )


def _refuse_other_count(client: Client, ours: Sequence[int], control: Control) -> None:
    """For a server that does not show its tokens: as many must come out of the test text."""
    body = {"model": client.endpoint.model, "prompt": _TEXT, "max_tokens": 1, "temperature": 0}
    answer = client.ask(Ask("/v1/completions", body), control)
    with as_expected(client.endpoint):
        counted = int(answer["usage"]["prompt_tokens"])
    if counted != len(ours):
        raise EndpointError(
            f"{client.endpoint.name} has another tokenizer than {client.endpoint.hub_id}: it cuts a"
            f" test text into {counted} tokens, not {len(ours)}.",
            way_out=_HOST,
        )


def _digits(endpoint: Endpoint, tokenizer: PreTrainedTokenizerFast) -> list[int]:
    """The tokens that are one digit each, as far as there are such."""
    found = [tokenizer(f"0{digit}", add_special_tokens=False)["input_ids"] for digit in range(10)]
    digits = sorted({ids[-1] for ids in found})
    if len(digits) < 2:
        raise EndpointError(
            f"The tokenizer of {endpoint.hub_id} has no tokens for digits.",
            way_out="Pick another model.",
        )
    return digits


def _dialect(
    client: Client,
    served: Served,
    tokenizer: PreTrainedTokenizerFast,
    prompt: list[int],
    digits: list[int],
    control: Control,
) -> Dialect:
    """How this server is asked: for chosen tokens where it tells them, else for the likeliest."""
    model = client.endpoint.model
    match served.kind:
        case "vLLM":
            exact = VllmDialect(model)
            if _works(client, exact, prompt, digits, control):
                return exact
        case "SGLang":
            exact = SglangDialect(model)
            if _works(client, exact, prompt, digits, control):
                return exact
        case "llama.cpp":
            return LlamaCppDialect(model)
    for limit in _LIMITS:
        for ids in (None, _unique_texts(tokenizer)):
            dialect = CompletionsDialect(model, limit, ids)
            if _works(client, dialect, prompt, digits, control):
                return dialect
    raise EndpointError(
        f"{client.endpoint.name} tells no probabilities of tokens: a service for chats alone is"
        " no engine here.",
        way_out=_HOST,
    )


def _works(
    client: Client, dialect: Dialect, prompt: list[int], digits: list[int], control: Control
) -> bool:
    """Whether the server answers in this dialect. Unknown fields are ignored with 200: look."""
    try:
        ask_columns(client, dialect, [prompt], digits, digits[0], control)
    except EndpointAwayError:
        raise
    except (EndpointError, EngineError) as error:
        _log.info("%s is not asked as %s: %s", client.endpoint.name, dialect.kind, error.problem)
        return False
    return True


def _unique_texts(tokenizer: PreTrainedTokenizerFast) -> dict[str, int]:
    """The token of each text that is one token's alone."""
    texts = tokenizer.batch_decode([[token] for token in range(len(tokenizer))])
    found: dict[str, int] = {}
    shared: set[str] = set()
    for token, text in enumerate(texts):
        if text in found:
            shared.add(text)
        found[text] = token
    return {text: token for text, token in found.items() if text not in shared}


def _refuse_changed(
    client: Client,
    dialect: Dialect,
    prompt: list[int],
    digits: list[int],
    told: Told,
    control: Control,
) -> None:
    """EndpointError where a bias of sampling shows in what is told: it is not the model's then."""
    if isinstance(dialect, VllmDialect):
        biased = dialect.chosen([prompt], digits, logit_bias={str(digits[0]): _BIAS})
        again = Told.nothing(1, len(digits))
        answer = client.ask(biased, control)
        with as_expected(client.endpoint):
            dialect.read(dialect.parts([prompt], digits, 0)[0], answer, digits, again)
    elif isinstance(dialect, LlamaCppDialect):
        again, _, _ = ask_columns(client, dialect, [prompt], digits, digits[-1], control)
        complete(client, dialect, [prompt], digits, again, control)
    else:
        return  # what is sent there has no such setting
    moved = np.abs(told.probabilities - again.probabilities).max(initial=0.0)
    before, after = told.likeliest[0], again.likeliest[0]
    moved = max([moved, *(abs(before.get(i, 0) - after.get(i, 0)) for i in {*before, *after})])
    if moved > _SAME:
        raise EndpointError(
            f"{client.endpoint.name} applies settings of sampling to the probabilities that it"
            " tells: they are not the model's own.",
            way_out="Have it started with raw log-probabilities (vLLM: --logprobs-mode"
            " raw_logprobs).",
        )


def _version(client: Client, kind: str, control: Control) -> str:
    """The server's own version; `unknown` where it does not tell."""
    paths = {
        "vLLM": [("/version", "version")],
        "SGLang": [("/server_info", "version"), ("/get_server_info", "version")],
        "llama.cpp": [("/props", "build_info")],
    }
    for path, field in paths.get(kind, []):
        try:
            answer = client.ask(Ask(path), control)
        except (EndpointError, EngineError) as error:
            _log.info("%s does not tell its version: %s", client.endpoint.name, error.problem)
            continue
        if isinstance(answer, dict) and isinstance(answer.get(field), str):
            return answer[field][:60]
    return "unknown"
