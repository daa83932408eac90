"""What a visitor brings as tokenizer.json: what it is told apart from, tried and refused for."""

import json

import pytest

from components.errors import TokenizerError
from components.isolation import IsolatedFaultError
from components.numbers import number_atlas
from components.tokenization import read_tokenizer, try_tokenizer
from tests.support.fuzz import processor_seconds
from tests.support.small_tokenizer import tokenizer_of_digits
from tests.support.untrusted_tokenizers import LETTERS, content, harmful

POINTER = (
    b"version https://git-lfs.github.com/spec/v1\n"
    b"oid sha256:4667f2089529e8e7657cfb6d1c19910ae71ff5f28aa7ab2ff2763330affad795\nsize 33384568\n"
)


@pytest.mark.parametrize("kind", harmful())
def test_a_tokenizer_that_does_harm_is_a_message_in_time(kind):
    started = processor_seconds()
    with pytest.raises(TokenizerError) as caught:
        read_tokenizer(harmful()[kind])
    assert processor_seconds() - started < 15
    assert "tokenizer" in caught.value.problem
    assert caught.value.way_out


@pytest.mark.parametrize(
    ("brought", "said"),
    [
        (POINTER, "Git LFS pointer"),
        (b"\xef\xbb\xbf" + content(), "byte-order mark"),
        (content().decode().encode("utf-16"), "UTF-16"),
        (content().decode().encode("utf-16-le"), "UTF-16"),
        (b"<!DOCTYPE html><html></html>", "web page"),
        (b"PK\x03\x04rest", "zip"),
        (b'{"the": 0, "a": 1}', r"vocab\.json"),
        (b'{"tokenizer_class": "X", "bos_token": "<s>"}', r"tokenizer_config\.json"),
        (b'{"peft_type": "LORA", "base_model_name_or_path": "a/b"}', "adapter"),
        (b'{"model_type": "llama", "architectures": ["X"]}', r"config\.json"),
        (b'{"weight_map": {}}', "index of weights"),
        (content()[:-30], "no JSON"),
        (b"{}", "without a `model`"),
    ],
)
def test_what_is_no_tokenizer_is_told_by_what_it_is(brought, said):
    with pytest.raises(TokenizerError, match=said) as caught:
        read_tokenizer(brought)
    assert caught.value.way_out


def unigram(unk_id: int | None, characters: str = "xyz") -> bytes:
    vocabulary = [["<unk>", 0.0], *[[character, -1.0] for character in characters]]
    return content(model={"type": "Unigram", "unk_id": unk_id, "vocab": vocabulary})


def test_a_unigram_tokenizer_without_unk_id_has_no_tokens_for_what_it_lacks_and_that_is_said():
    with pytest.raises(TokenizerError, match=r"no tokens for .*`unk_id`"):
        read_tokenizer(unigram(None))
    read_tokenizer(unigram(None, LETTERS))


def test_dropout_is_for_training_the_same_text_is_cut_the_same_way_each_time():
    merges = [[str(a), str(b)] for a in range(10) for b in range(10)]
    vocabulary = {text: place for place, text in enumerate(LETTERS)}
    vocabulary |= {a + b: len(vocabulary) + i for i, (a, b) in enumerate(merges)}
    whole = json.loads(content())["model"] | {"vocab": vocabulary, "merges": merges}
    trained = read_tokenizer(content(model=whole | {"dropout": 0.5}))
    plain = read_tokenizer(content(model=whole))
    assert number_atlas(trained).pieces == number_atlas(trained).pieces
    assert number_atlas(trained).pieces == number_atlas(plain).pieces


def test_a_text_that_a_tokenizer_can_not_write_is_found_before_the_app_writes_it():
    brought = unigram(None, LETTERS)
    try_tokenizer(brought)
    with pytest.raises(TokenizerError, match="no tokens for “§”"):
        try_tokenizer(brought, ["§"])


def test_what_passed_once_is_not_tried_again(monkeypatch):
    brought = tokenizer_of_digits(characters=LETTERS, merged=["once"]).to_str().encode()
    try_tokenizer(brought)
    monkeypatch.setattr(
        "components.tokenization.trial.run_isolated",
        lambda *_: (_ for _ in ()).throw(IsolatedFaultError("run again")),
    )
    try_tokenizer(brought)
