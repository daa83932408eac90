"""A server's next-token probabilities after a prompt and a few more tokens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from components.control import Control
from components.endpoints import Endpoint
from components.engines.server import failures
from components.engines.server.client import Client
from components.engines.server.dialect import AnswerError, Dialect, Told
from components.numbers import NextTokens, NumberTrie, TokenPath, TopToken
from components.numbers.distribution import Method
from components.numbers.trie_walk import best_first

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

# So much of the probability may stay untold at one call's nodes, where more can be asked for.
_UNTOLD = 2e-4
_MORE = 5
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
    *,
    count: int | None = None,
) -> tuple[Told, int, int]:
    """What the server tells of the columns after each prompt, in how many requests and tokens."""
    parts = dialect.parts(prompts, columns, digit, count or dialect.first_count)
    answers = client.ask_all([part.ask for part in parts], control)
    told = Told.nothing(len(prompts), len(columns))
    tokens = 0
    with as_expected(client.endpoint):
        for part, answer in zip(parts, answers, strict=True):
            tokens += dialect.read(part, answer, columns, told)
    if not np.isfinite(told.probabilities).all() or (told.probabilities < 0).any():
        raise failures.unexpected(client.endpoint, "what should be probabilities are no numbers")
    if (told.probabilities.sum(axis=1) > 1 + _ROUNDING).any():
        raise failures.unexpected(client.endpoint, "its probabilities sum to more than 1")
    return told, len(parts), tokens


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
        size = dialect.prompts_at(len(self._columns), dialect.first_count)
        self.pass_size = size * client.endpoint.concurrency
        self.passes = self.tokens = 0

    def score(self, paths: Sequence[TokenPath], prefetch: Sequence[TokenPath] = ()) -> NextTokens:
        """As Scorer has it; what the server did not tell is not `told`."""
        told = self._ask(paths, self._dialect.first_count)
        self._ask_for_more(paths, told)
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

    def _ask(self, paths: Sequence[TokenPath], count: int) -> Told:
        told, requests, tokens = ask_columns(
            self._client,
            self._dialect,
            [[*self._prompt, *path] for path in paths],
            self._columns,
            self._digit,
            self._control,
            count=count,
        )
        self.passes += requests
        self.tokens += tokens
        return told

    def _ask_for_more(self, paths: Sequence[TokenPath], told: Told) -> None:
        """Ask again where too much stays untold, for more tokens each time the server allows."""
        mass = np.array([self._mass(path) for path in paths])
        count = self._dialect.first_count
        while count < self._dialect.most_count:
            again = best_first(mass * np.clip(1 - told.told, 0, None), _UNTOLD).nodes
            if not len(again):
                return
            count = min(_MORE * count, self._dialect.most_count)
            more = self._ask([paths[place] for place in again], count)
            told.probabilities[again], told.told[again] = more.probabilities, more.told
            for place, likeliest in zip(again, more.likeliest, strict=True):
                told.likeliest[place] = likeliest

    def _mass(self, path: TokenPath) -> float:
        """The probability to get to a path, whose prefixes have been scored."""
        mass = 1.0
        for length in range(len(path)):
            mass *= float(self._rows[path[:length]][self._place[path[length]]])
        return mass
