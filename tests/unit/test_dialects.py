"""How servers' answers are read: the forms that their documentation and recorded answers have."""

import math

import numpy as np
import pytest

from components.endpoints import Endpoint
from components.engines.server.dialect import AnswerError, Told
from components.engines.server.dialects import (
    CompletionsDialect,
    LlamaCppDialect,
    SglangDialect,
    VllmDialect,
)
from components.engines.server.failures import of_status, server_said
from components.errors import EndpointAwayError, EndpointError, EngineError

COLUMNS = [5, 7, 9]
PROMPTS = [[1, 2], [1, 2, 5]]


def read(dialect, answers):
    parts = dialect.parts(PROMPTS, COLUMNS, 5)
    told = Told.nothing(len(PROMPTS), len(COLUMNS))
    tokens = sum(
        dialect.read(part, answer, COLUMNS, told)
        for part, answer in zip(parts, answers, strict=True)
    )
    return told, tokens


def choice(index: int, **logs: float) -> dict[str, object]:
    keyed = {name.replace("id_", "token_id:"): value for name, value in logs.items()}
    return {"index": index, "logprobs": {"top_logprobs": [keyed]}}


def test_vllm_tells_chosen_tokens_in_any_order_of_prompts_and_minus_infinity_as_nothing():
    answer = {
        "choices": [
            choice(1, id_5=-9999.0, id_7=math.log(0.5), id_9=math.log(0.25), id_3=-0.1),
            choice(0, id_5=math.log(0.1), id_7=math.log(0.2), id_9=math.log(0.3)),
        ],
        "usage": {"prompt_tokens": 5},
    }
    told, tokens = read(VllmDialect("m"), [answer])
    assert np.allclose(told.probabilities, [[0.1, 0.2, 0.3], [0, 0.5, 0.25]])
    assert told.told.tolist() == [1, 1]
    assert tokens == 5


def test_an_older_vllm_that_ignores_the_field_is_noticed():
    answer = {"choices": [choice(0, id_5=-1.0), choice(1, id_5=-1.0)], "usage": {}}
    with pytest.raises(AnswerError, match="tells nothing of 2 of the tokens"):
        read(VllmDialect("m"), [answer])


def test_many_columns_and_prompts_are_split_within_vllms_limits():
    columns, prompts = list(range(1111)), [[1]] * 2001
    parts = VllmDialect("m").parts(prompts, columns, 0)
    assert len(parts) == 2 * 9
    bodies = [part.ask.body for part in parts if part.ask.body is not None]
    assert len(bodies) == len(parts)
    assert {len(body["logprob_token_ids"]) for body in bodies} == {128, 87}
    asked = sum(len(body["prompt"]) * len(body["logprob_token_ids"]) for body in bodies)
    assert asked == 1111 * 2001


def test_sglang_tells_a_matrix_of_probabilities():
    rows = [[0.1, 0.2, 0.3], [0.0, 0.5, 0.25]]
    told, tokens = read(SglangDialect("m"), [{"scores": rows, "usage": {"prompt_tokens": 5}}])
    assert told.probabilities.tolist() == rows
    assert tokens == 5
    with pytest.raises(AnswerError):
        read(SglangDialect("m"), [{"scores": rows[:1]}])


def of_llama_cpp(index: int, tokens: dict[int, float], *, logs: bool = True) -> dict[str, object]:
    """What llama.cpp tells of these tokens, whose probabilities are given."""
    if logs:
        top = {"top_logprobs": [{"id": i, "logprob": math.log(p)} for i, p in tokens.items()]}
    else:
        top = {"top_probs": [{"id": token, "prob": p} for token, p in tokens.items()]}
    return {"index": index, "completion_probabilities": [{"id": 5, **top}], "tokens_evaluated": 2}


def test_llama_cpp_tells_the_likeliest_and_nothing_of_the_rest():
    answer = [of_llama_cpp(1, {7: 0.5}), of_llama_cpp(0, {5: 0.1, 8: 0.6})]
    told, tokens = read(LlamaCppDialect("m"), [answer])
    assert np.allclose(told.probabilities, [[0.1, 0, 0], [0, 0.5, 0]])
    assert np.allclose(told.told, [0.7, 0.5])
    assert tokens == 4


def test_llama_cpps_shares_complete_what_the_likeliest_tokens_leave_open():
    dialect = LlamaCppDialect("m")
    true = [[0.1, 0.01, 1e-7], [1e-9, 0.5, 1e-3]]
    answer = [of_llama_cpp(0, {8: 0.6, 5: 0.1}), of_llama_cpp(1, {7: 0.5})]
    told, _ = read(dialect, [answer])
    (part,) = dialect.completing([[1], [2]], COLUMNS, told)
    assert part.ask.body is not None
    bias = dict(part.ask.body["logit_bias"])
    assert bias == {**dict.fromkeys(COLUMNS, 100.0), 8: 70.0}
    assert part.ask.body["n_probs"] == 4
    # As the server samples: each in proportion to its probability and what the bias adds.
    shares = []
    for place, row in enumerate(true):
        known = dict(zip(COLUMNS, row, strict=True)) | {8: 0.6 if place == 0 else 0.1}
        raised = {token: p * math.exp(bias[token] - 100) for token, p in known.items()}
        whole = sum(raised.values())
        shares.append(
            of_llama_cpp(place, {token: p / whole for token, p in raised.items()}, logs=False)
        )
    assert dialect.complete(part, shares, COLUMNS, told) == 4
    assert np.allclose(told.probabilities, true, rtol=1e-12)
    assert told.told.tolist() == [1.0, 1.0]
    with pytest.raises(KeyError):
        dialect.complete(part, answer, COLUMNS, told)
    short = [of_llama_cpp(place, {8: 1.0}, logs=False) for place in (0, 1)]
    with pytest.raises(AnswerError, match="tells 1 of 4 tokens"):
        dialect.complete(part, short, COLUMNS, told)
    none = dict.fromkeys([*COLUMNS, 8], 0.0)
    with pytest.raises(AnswerError, match="no probability"):
        dialect.complete(part, [of_llama_cpp(i, none, logs=False) for i in (0, 1)], COLUMNS, told)


def test_many_columns_are_asked_in_shorter_lists():
    dialect = LlamaCppDialect("m")
    assert dialect.prompts_at(21) == 64
    assert dialect.prompts_at(1600) == 12
    assert len(dialect.parts([[1]] * 65, COLUMNS, 5)) == 2


def test_tokens_named_by_text_count_as_told_but_are_read_only_where_they_are_one_tokens():
    answer = {"choices": [choice(0, a=math.log(0.5), b=math.log(0.2)), choice(1, b=-1.0)]}
    told, _ = read(CompletionsDialect("m", 5, {"a": 7}), [answer])
    assert np.allclose(told.probabilities[0], [0, 0.5, 0])
    assert np.allclose(told.told, [0.7, math.exp(-1)])


def test_a_status_says_what_is_wrong_and_nothing_secret():
    endpoint = Endpoint.model_validate(
        {"name": "box", "url": "http://inner:1", "model": "m", "hub_id": "a/b", "key": "sk-1"}
    )
    said = b'{"error": {"message": "no sk-1 at http://inner:1/x", "code": 1}}'
    refused = of_status(endpoint, 400, said)
    assert isinstance(refused, EngineError)
    assert refused.details == "no … at …/x"
    assert isinstance(of_status(endpoint, 503, b""), EndpointAwayError)
    assert isinstance(of_status(endpoint, 401, b"<html>"), EndpointError)
    assert server_said(b"<html>secret</html>") == ""
    assert server_said(b'{"detail": "x y"}') == "x y"
