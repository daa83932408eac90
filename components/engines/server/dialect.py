"""What a kind of server is asked and tells: the interface that each dialect fills.

`dialects` has those of the servers that are known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from components.engines.server.client import Ask


class AnswerError(Exception):
    """An answer that is not as this kind of server gives it, in a few words."""


@dataclass(frozen=True)
class Part:
    """A request about some of the prompts and, where a server takes few ids, some columns."""

    ask: Ask
    rows: slice
    columns: slice = field(default_factory=lambda: slice(None))


@dataclass(frozen=True, eq=False)
class Told:
    """What was told of the tokens after several prompts.

    `probabilities` has the shape (prompts, columns), 0 where nothing was said; `told`, shape
    (prompts,), is the probability of all tokens spoken of. `likeliest` are the tokens told after
    each prompt (id to probability), where the server tells the likeliest.
    """

    probabilities: NDArray[np.float64]
    told: NDArray[np.float64]
    likeliest: list[Mapping[int, float]]

    @classmethod
    def nothing(cls, prompts: int, columns: int) -> Told:
        """Before any answer."""
        return cls(np.zeros((prompts, columns)), np.zeros(prompts), [{} for _ in range(prompts)])

    def of(self, places: NDArray[np.intp]) -> Told:
        """A copy of what was told after some of the prompts."""
        likeliest = [self.likeliest[place] for place in places]
        return Told(self.probabilities[places], self.told[places], likeliest)


@dataclass(frozen=True)
class Dialect:
    """One kind of server, asked for its model by name.

    `exact`: it tells the tokens that are asked for; otherwise the likeliest ones, which a second
    request completes where the dialect `completes`. `prompts_per_request` and `ids_per_request`
    bound one request.
    """

    model: str
    kind: ClassVar[str]
    exact: ClassVar[bool]
    prompts_per_request: ClassVar[int]
    ids_per_request: ClassVar[int | None] = None
    completes: ClassVar[bool] = False
    completions: ClassVar[str] = "/v1/completions"

    def parts(
        self, prompts: Sequence[Sequence[int]], columns: Sequence[int], digit: int
    ) -> list[Part]:
        """The requests that tell the columns' probabilities after each prompt.

        `digit` is a token that is a digit.
        """
        raise NotImplementedError

    def read(self, part: Part, answer: Any, columns: Sequence[int], told: Told) -> int:
        """Put a part's answer in its place; how many tokens the server read. AnswerError."""
        raise NotImplementedError

    def completing(
        self, prompts: Sequence[Sequence[int]], columns: Sequence[int], told: Told
    ) -> list[Part]:
        """The requests for what `told` leaves open of the columns after each prompt."""
        raise NotImplementedError

    def complete(self, part: Part, answer: Any, columns: Sequence[int], told: Told) -> int:
        """As `read`, for an answer to one of `completing`. AnswerError."""
        raise NotImplementedError

    def top(self, prompt: Sequence[int], count: int) -> Ask:
        """The request for the likeliest tokens after a prompt."""
        raise NotImplementedError

    def read_top(self, answer: Any) -> dict[int, float]:
        """The likeliest tokens' probabilities by id. AnswerError."""
        raise NotImplementedError

    def continuation(self, prompt: Sequence[int], tokens: int) -> Ask:
        """The request for the greedy continuation, in pieces."""
        return Ask(
            self.completions,
            {
                "model": self.model,
                "prompt": list(prompt),
                "max_tokens": tokens,
                "temperature": 0,
                "stream": True,
            },
        )

    def prompts_at(self, columns: int) -> int:
        """How many prompts a request may have at so many columns."""
        return self.prompts_per_request
