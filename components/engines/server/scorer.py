"""A server's next-token probabilities after a prompt and a few more tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from components.control import Control
from components.endpoints import Endpoint
from components.engines.server import failures
from components.engines.server.client import Client
from components.engines.server.dialect import AnswerError, Dialect, Part, Told
from components.numbers import NextTokens, NumberTrie, TokenPath, TopToken
from components.numbers.distribution import Method
from components.numbers.trie_walk import best_first

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

# So much of the probability may stay untold at one call's nodes, where it can be asked for.
_UNTOLD = 1e-5
_ROUNDING = 0.005


@contextmanager
def as_expected(endpoint: Endpoint) -> Iterator[None]:
    """An answer of another form than its kind of server gives, as EndpointError."""
    try:
        yield
    except AnswerError as error:
        raise failures.unexpected(endpoint, str(error)) from error
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise failures.unexpected(
            endpoint, f"a part of its answer is missing or of another kind ({type(error).__name__})"
        ) from error


def ask_columns(
    client: Client,
    dialect: Dialect,
    prompts: Sequence[Sequence[int]],
    columns: Sequence[int],
    digit: int,
    control: Control,
) -> tuple[Told, int, int]:
    """What the server tells of the columns after each prompt, in how many requests and tokens."""
    told = Told.nothing(len(prompts), len(columns))
    parts = dialect.parts(prompts, columns, digit)
    return told, len(parts), _put(client, parts, dialect.read, columns, told, control)


def complete(
    client: Client,
    dialect: Dialect,
    prompts: Sequence[Sequence[int]],
    columns: Sequence[int],
    told: Told,
    control: Control,
) -> tuple[int, int]:
    """Put into `told` what it leaves open of the columns; in how many requests and tokens."""
    parts = dialect.completing(prompts, columns, told)
    return len(parts), _put(client, parts, dialect.complete, columns, told, control)


def _put(
    client: Client,
    parts: Sequence[Part],
    read: Callable[[Part, Any, Sequence[int], Told], int],
    columns: Sequence[int],
    told: Told,
    control: Control,
) -> int:
    """Ask for all parts and put the answers in their places; how many tokens the server read."""
    answers = client.ask_all([part.ask for part in parts], control)
    with as_expected(client.endpoint):
        tokens = sum(
            read(part, answer, columns, told) for part, answer in zip(parts, answers, strict=True)
        )
    if not np.isfinite(told.probabilities).all() or (told.probabilities < 0).any():
        raise failures.unexpected(client.endpoint, "what should be probabilities are no numbers")
    if (told.probabilities.sum(axis=1) > 1 + _ROUNDING).any():
        raise failures.unexpected(client.endpoint, "its probabilities sum to more than 1")
    return tokens


class ServerScorer:
    """A Scorer of one prompt over a server: the prompt first, then its nodes side by side."""

    method: Method = "server"
    prefetched: Sequence[TokenPath] = ()

    def __init__(
        self,
        client: Client,
        dialect: Dialect,
        tokenizer: PreTrainedTokenizerFast,
        prompt: TokenPath,
        trie: NumberTrie,
        control: Control,
        note: str | None,
    ):
        self._client, self._dialect, self._tokenizer = client, dialect, tokenizer
        self._prompt, self._control, self.note = list(prompt), control, note
        self._columns: list[int] = trie.columns.tolist()
        self._place = {token: place for place, token in enumerate(self._columns)}
        self._digit = trie.branches[0].token
        self._rows: dict[TokenPath, NDArray[np.float64]] = {}
        self._after_prompt: dict[int, float] | None = None
        size = dialect.prompts_at(len(self._columns))
        self.pass_size = size * client.endpoint.concurrency
        self.passes = self.tokens = 0

    def score(self, paths: Sequence[TokenPath], prefetch: Sequence[TokenPath] = ()) -> NextTokens:
        """As Scorer has it; what the server did not tell is not `told`."""
        told = self._ask(paths)
        if self._dialect.completes:
            self._complete(paths, told)
        if () in paths and told.likeliest[paths.index(())]:
            self._after_prompt = dict(told.likeliest[paths.index(())])
        for path, row in zip(paths, told.probabilities, strict=True):
            self._rows[path] = row
        return NextTokens(told.probabilities, told.told)

    def top_tokens(self, count: int) -> list[TopToken]:
        """As Scorer has it; one request more where the server was asked for chosen tokens."""
        if self._after_prompt is None:
            answer = self._client.ask(self._dialect.top(self._prompt, count), self._control)
            self.passes += 1
            with as_expected(self._client.endpoint):
                self._after_prompt = self._dialect.read_top(answer)
        best = sorted(self._after_prompt.items(), key=lambda one: -one[1])[:count]
        return [
            TopToken(token, str(self._tokenizer.decode([token])), probability)
            for token, probability in best
        ]

    def _ask(self, paths: Sequence[TokenPath]) -> Told:
        told, requests, tokens = ask_columns(
            self._client,
            self._dialect,
            self._prompts(paths),
            self._columns,
            self._digit,
            self._control,
        )
        self.passes += requests
        self.tokens += tokens
        return told

    def _complete(self, paths: Sequence[TokenPath], told: Told) -> None:
        """Ask for what stays untold, but for what all of it together does not matter."""
        mass = np.array([self._mass(path) for path in paths])
        places = best_first(mass * np.clip(1 - told.told, 0, None), _UNTOLD).nodes
        if not len(places):
            return
        asked = [paths[place] for place in places]
        part = told.of(places)
        requests, tokens = complete(
            self._client, self._dialect, self._prompts(asked), self._columns, part, self._control
        )
        told.probabilities[places], told.told[places] = part.probabilities, part.told
        self.passes += requests
        self.tokens += tokens

    def _prompts(self, paths: Sequence[TokenPath]) -> list[list[int]]:
        return [[*self._prompt, *path] for path in paths]

    def _mass(self, path: TokenPath) -> float:
        """The probability to get to a path, whose prefixes have been scored."""
        mass = 1.0
        for length in range(len(path)):
            mass *= float(self._rows[path[:length]][self._place[path[length]]])
        return mass
