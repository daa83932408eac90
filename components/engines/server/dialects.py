"""How each kind of server is asked for next-token probabilities, and what it answers.

Seen with vLLM 0.32, SGLang 0.5.23 and llama.cpp of October 2026; docs/servers.md says what was run.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from components.engines.server.client import Ask
from components.engines.server.dialect import AnswerError, Dialect, Part, Told

_LEAST_LOG = -1e4  # vLLM writes minus infinity as -9999
_ID_KEY = "token_id:"


class VllmDialect(Dialect):
    """vLLM since it has `logprob_token_ids`: exact for any tokens, whatever `--max-logprobs`."""

    kind = "vLLM"
    exact = True
    prompts_per_request = 1024
    ids_per_request = 128

    def parts(
        self, prompts: Sequence[Sequence[int]], columns: Sequence[int], digit: int
    ) -> list[Part]:
        size = self.ids_per_request or len(columns)
        return [
            Part(self.chosen(prompts[rows], columns[part]), rows, part)
            for rows in _slices(len(prompts), self.prompts_per_request)
            for part in _slices(len(columns), size)
        ]

    def chosen(self, prompts: Sequence[Sequence[int]], ids: Sequence[int], **more: Any) -> Ask:
        """The request for the probabilities of these ids."""
        return Ask(
            self.completions,
            {
                "model": self.model,
                "prompt": [list(prompt) for prompt in prompts],
                "max_tokens": 1,
                "temperature": 0,
                "logprobs": 1,
                "logprob_token_ids": list(map(int, ids)),
                "return_tokens_as_token_ids": True,
                **more,
            },
        )

    def read(self, part: Part, answer: Any, columns: Sequence[int], told: Told) -> int:
        ids = columns[part.columns]
        found = _choices(answer, len(told.told[part.rows]))
        for place, keyed in zip(_places(part.rows), found, strict=True):
            given = dict(_by_id(keyed))
            if missing := [token for token in ids if token not in given]:
                raise AnswerError(f"it tells nothing of {len(missing)} of the tokens asked for")
            told.probabilities[place, part.columns] = [given[token] for token in ids]
            told.told[place] = 1.0
        return int(answer["usage"]["prompt_tokens"])

    def top(self, prompt: Sequence[int], count: int) -> Ask:
        body = {
            "model": self.model,
            "prompt": [list(prompt)],
            "max_tokens": 1,
            "temperature": 0,
            "logprobs": count,
            "return_tokens_as_token_ids": True,
        }
        return Ask(self.completions, body)

    def read_top(self, answer: Any) -> dict[int, float]:
        return dict(_by_id(_choices(answer, 1)[0]))

    def reading(self, tokens: Sequence[int]) -> Ask:
        """The request for the log-probability of each of a text's own tokens."""
        body = {
            "model": self.model,
            "prompt": list(tokens),
            "max_tokens": 1,
            "temperature": 0,
            "prompt_logprobs": 1,
        }
        return Ask(self.completions, body)

    def read_reading(self, answer: Any, tokens: Sequence[int]) -> list[float]:
        """The natural log-probability of each token after the first. AnswerError."""
        told = answer["choices"][0]["prompt_logprobs"]
        if len(told) != len(tokens):
            raise AnswerError("it read another text than it was sent")
        return [
            float(one[str(token)]["logprob"])
            for one, token in zip(told[1:], tokens[1:], strict=True)
        ]


class SglangDialect(Dialect):
    """SGLang's `/v1/score`: the probabilities of chosen tokens, as they are."""

    kind = "SGLang"
    exact = True
    prompts_per_request = 512
    _MOST_VALUES = 300_000  # some 7 MB

    def parts(
        self, prompts: Sequence[Sequence[int]], columns: Sequence[int], digit: int
    ) -> list[Part]:
        return [
            Part(self.chosen(prompts[rows], columns), rows)
            for rows in _slices(len(prompts), self.prompts_at(len(columns)))
        ]

    def chosen(self, prompts: Sequence[Sequence[int]], ids: Sequence[int]) -> Ask:
        """The request for the probabilities of these ids."""
        return Ask(
            "/v1/score",
            {
                "model": self.model,
                "query": [],
                "items": [list(prompt) for prompt in prompts],
                "label_token_ids": list(map(int, ids)),
                "apply_softmax": False,
            },
        )

    def prompts_at(self, columns: int) -> int:
        return max(1, min(self.prompts_per_request, self._MOST_VALUES // max(1, columns)))

    def read(self, part: Part, answer: Any, columns: Sequence[int], told: Told) -> int:
        scores = np.asarray(answer["scores"], dtype=float)
        if scores.shape != told.probabilities[part.rows].shape:
            raise AnswerError(f"it tells {scores.shape} probabilities")
        told.probabilities[part.rows] = scores
        told.told[part.rows] = 1.0
        return int((answer.get("usage") or {}).get("prompt_tokens", 0))

    def top(self, prompt: Sequence[int], count: int) -> Ask:
        body = {
            "input_ids": list(prompt),
            "sampling_params": {"max_new_tokens": 1, "temperature": 0},
            "return_logprob": True,
            "logprob_start_len": -1,
            "top_logprobs_num": count,
        }
        return Ask("/generate", body)

    def read_top(self, answer: Any) -> dict[int, float]:
        first = answer["meta_info"]["output_top_logprobs"][0]
        return {int(token): math.exp(log) for log, token, *_ in first}


class LlamaCppDialect(Dialect):
    """llama.cpp's `/completion`: the likeliest tokens, then the columns' shares of each other.

    It notices a closed connection only after a second without a result: short lists.
    """

    kind = "llama.cpp"
    exact = False
    completes = True
    prompts_per_request = 64
    likeliest = 100
    _FORCED = 1000.0
    # What is added to a column's logit, and to that of a token to compare with: nothing else comes
    # up then, and the one that is sampled is a column, not a token to compare with.
    _COLUMN, _COMPARED = 100.0, 70.0
    _MOST_VALUES = 64 * 300  # some 1.6 MB

    def parts(
        self, prompts: Sequence[Sequence[int]], columns: Sequence[int], digit: int
    ) -> list[Part]:
        return [
            Part(self._of_likeliest(prompts[rows], digit), rows)
            for rows in _slices(len(prompts), self.prompts_per_request)
        ]

    def _of_likeliest(self, prompts: Sequence[Sequence[int]], digit: int) -> Ask:
        """The request for the likeliest tokens after each prompt.

        A digit is forced to come next: the server tells nothing where its own choice is half a
        character or the end of the text. That does not change what it tells.
        """
        return self._completion(
            prompts,
            n_probs=self.likeliest,
            temperature=0,
            post_sampling_probs=False,
            logit_bias=[[int(digit), self._FORCED]],
        )

    def completing(
        self, prompts: Sequence[Sequence[int]], columns: Sequence[int], told: Told
    ) -> list[Part]:
        return [
            Part(self._of_shares(prompts[rows], columns, told.likeliest[rows]), rows)
            for rows in _slices(len(prompts), self.prompts_at(len(columns)))
        ]

    def _of_shares(
        self,
        prompts: Sequence[Sequence[int]],
        columns: Sequence[int],
        likeliest: Sequence[Mapping[int, float]],
    ) -> Ask:
        """The request for the columns' probabilities and that of each prompt's likeliest token.

        After sampling, whose bias leaves nothing else: in proportion to one another. What one of
        them has before it says what all have.
        """
        compared = {_likeliest_of(told) for told in likeliest} - set(columns)
        return self._completion(
            prompts,
            n_probs=len(columns) + len(compared),
            temperature=1,
            samplers=[],
            post_sampling_probs=True,
            logit_bias=[
                *([int(token), self._COLUMN] for token in columns),
                *([token, self._COMPARED] for token in sorted(compared)),
            ],
        )

    def _completion(self, prompts: Sequence[Sequence[int]], **settings: object) -> Ask:
        return Ask(
            "/completion",
            {
                "prompt": [list(prompt) for prompt in prompts],
                "n_predict": 1,
                "cache_prompt": True,
                "response_fields": ["completion_probabilities", "tokens_evaluated", "index"],
                **settings,
            },
        )

    def prompts_at(self, columns: int) -> int:
        return max(1, min(self.prompts_per_request, self._MOST_VALUES // max(1, columns)))

    def read(self, part: Part, answer: Any, columns: Sequence[int], told: Told) -> int:
        answers = _in_order(answer, part)
        for place, one in zip(_places(part.rows), answers, strict=True):
            _put_likeliest(told, place, self.read_top(one), columns)
        return sum(int(one["tokens_evaluated"]) for one in answers)

    def complete(self, part: Part, answer: Any, columns: Sequence[int], told: Told) -> int:
        answers = _in_order(answer, part)
        for place, one in zip(_places(part.rows), answers, strict=True):
            given = one["completion_probabilities"][0]["top_probs"]
            shares = {int(token["id"]): float(token["prob"]) for token in given}
            if part.ask.body is not None and len(shares) < part.ask.body["n_probs"]:
                raise AnswerError(f"it tells {len(shares)} of {part.ask.body['n_probs']} tokens")
            compared = _likeliest_of(told.likeliest[place])
            share = shares[compared]
            if share <= 0:
                raise AnswerError("the token to compare with has no probability")
            if compared not in columns:
                share *= math.exp(self._COLUMN - self._COMPARED)
            whole = told.likeliest[place][compared] / share
            told.probabilities[place] = [shares.get(token, 0.0) * whole for token in columns]
            told.told[place] = 1.0
        return sum(int(one["tokens_evaluated"]) for one in answers)

    def top(self, prompt: Sequence[int], count: int) -> Ask:
        raise NotImplementedError  # the first answer has them

    def read_top(self, answer: Any) -> dict[int, float]:
        (first, *_) = _as_list(answer)
        likeliest = first["completion_probabilities"][0]["top_logprobs"]
        return {int(one["id"]): math.exp(one["logprob"]) for one in likeliest}


@dataclass(frozen=True)
class CompletionsDialect(Dialect):
    """Any other server with OpenAI's `/v1/completions`: its few likeliest tokens.

    `limit` is how many it tells. Where it names tokens by their text, `ids` has the token of each
    text that is one token's alone.
    """

    limit: int = 5
    ids: Mapping[str, int] | None = None

    kind = "OpenAI-compatible"
    exact = False
    prompts_per_request = 64

    def parts(
        self, prompts: Sequence[Sequence[int]], columns: Sequence[int], digit: int
    ) -> list[Part]:
        return [
            Part(self._likeliest(prompts[rows]), rows)
            for rows in _slices(len(prompts), self.prompts_per_request)
        ]

    def _likeliest(self, prompts: Sequence[Sequence[int]]) -> Ask:
        return Ask(
            self.completions,
            {
                "model": self.model,
                "prompt": [list(prompt) for prompt in prompts],
                "max_tokens": 1,
                "temperature": 0,
                "logprobs": self.limit,
                **({"return_tokens_as_token_ids": True} if self.ids is None else {}),
            },
        )

    def read(self, part: Part, answer: Any, columns: Sequence[int], told: Told) -> int:
        found = _choices(answer, len(told.told[part.rows]))
        for place, keyed in zip(_places(part.rows), found, strict=True):
            _put_likeliest(told, place, self._named(keyed), columns, sum(_values(keyed)))
        return int((answer.get("usage") or {}).get("prompt_tokens", 0))

    def _named(self, keyed: Mapping[str, float]) -> dict[int, float]:
        if self.ids is None:
            return dict(_by_id(keyed))
        return {
            self.ids[text]: math.exp(value) for text, value in keyed.items() if text in self.ids
        }

    def top(self, prompt: Sequence[int], count: int) -> Ask:
        return self._likeliest([prompt])

    def read_top(self, answer: Any) -> dict[int, float]:
        return self._named(_choices(answer, 1)[0])


def _likeliest_of(likeliest: Mapping[int, float]) -> int:
    return max(likeliest, key=lambda token: likeliest[token])


def _in_order(answer: Any, part: Part) -> list[Any]:
    """llama.cpp's answers to a part's prompts."""
    answers = sorted(_as_list(answer), key=lambda one: one.get("index", 0))
    if len(answers) != len(_places(part.rows)):
        raise AnswerError(f"it answers {len(answers)} of {len(_places(part.rows))} prompts")
    return answers


def _put_likeliest(
    told: Told,
    place: int,
    likeliest: Mapping[int, float],
    columns: Sequence[int],
    mass: float | None = None,
) -> None:
    told.probabilities[place] = [likeliest.get(token, 0.0) for token in columns]
    told.told[place] = min(1.0, sum(likeliest.values()) if mass is None else mass)
    told.likeliest[place] = likeliest


def _choices(answer: Any, count: int) -> list[dict[str, float]]:
    """What each choice tells of its first token: by key, in the prompts' order."""
    choices = sorted(answer["choices"], key=lambda one: one["index"])
    if len(choices) != count:
        raise AnswerError(f"it answers {len(choices)} of {count} prompts")
    return [choice["logprobs"]["top_logprobs"][0] for choice in choices]


def _by_id(keyed: Mapping[str, float]) -> Iterable[tuple[int, float]]:
    for key, value in keyed.items():
        if not key.startswith(_ID_KEY):
            raise AnswerError("it names tokens by their text")
        yield int(key.removeprefix(_ID_KEY)), math.exp(value) if value > _LEAST_LOG + 2 else 0.0


def _values(keyed: Mapping[str, float]) -> Iterable[float]:
    return map(math.exp, keyed.values())


def _as_list(answer: Any) -> list[Any]:
    return answer if isinstance(answer, list) else [answer]


def _slices(length: int, size: int) -> list[slice]:
    return [slice(start, min(start + size, length)) for start in range(0, length, size)]


def _places(rows: slice) -> range:
    return range(rows.start, rows.stop)
