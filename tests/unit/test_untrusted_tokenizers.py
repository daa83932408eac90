"""What a visitor brings as tokenizer.json: what it is told apart from, tried and refused for."""

import json

import pytest
from tokenizers import Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.processors import TemplateProcessing

from components.errors import TokenizerError
from components.isolation import IsolatedFaultError
from components.numbers import IN_PLACE, OpenTokenizer, Sequences, StrangersTokenizer
from components.tokenization import token_spans, try_tokenizer
from tests.support.fuzz import processor_seconds
from tests.support.small_tokenizer import tokenizer_of_digits
from tests.support.untrusted_tokenizers import LETTERS, content, harmful

POINTER = (
    b"version https://git-lfs.github.com/spec/v1\n"
    b"oid sha256:4667f2089529e8e7657cfb6d1c19910ae71ff5f28aa7ab2ff2763330affad795\nsize 33384568\n"
)


SEQUENCES = Sequences(("a lamp",), ("a lamp\n\nPrice is $",), (349,))


def look_at(content: bytes) -> None:
    """What pages ask about one."""
    look = StrangersTokenizer(content)
    look.overview(SEQUENCES)
    look.cut(60 * "wireless headphones with long battery life and a case for travel ")


@pytest.mark.slow
@pytest.mark.parametrize("kind", harmful())
@pytest.mark.parametrize("do", [try_tokenizer, look_at])
def test_a_tokenizer_that_does_harm_is_a_message_in_time(kind, do):
    started = processor_seconds()
    with pytest.raises(TokenizerError) as caught:
        do(harmful()[kind])
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
        try_tokenizer(brought)
    assert caught.value.way_out


def unigram(unk_id: int | None, characters: str = "xyz") -> bytes:
    vocabulary = [["<unk>", 0.0], *[[character, -1.0] for character in characters]]
    return content(model={"type": "Unigram", "unk_id": unk_id, "vocab": vocabulary})


def test_a_unigram_tokenizer_without_unk_id_has_no_tokens_for_what_it_lacks_and_that_is_said():
    with pytest.raises(TokenizerError, match=r"no tokens for .*`unk_id`"):
        try_tokenizer(unigram(None))
    try_tokenizer(unigram(None, LETTERS))


def test_dropout_is_for_training_the_same_text_is_cut_the_same_way_each_time():
    merges = [[str(a), str(b)] for a in range(10) for b in range(10)]
    vocabulary = {text: place for place, text in enumerate(LETTERS)}
    vocabulary |= {a + b: len(vocabulary) + i for i, (a, b) in enumerate(merges)}
    whole = json.loads(content())["model"] | {"vocab": vocabulary, "merges": merges}
    trained = StrangersTokenizer(content(model=whole | {"dropout": 0.5}))
    plain = StrangersTokenizer(content(model=whole))
    assert trained.atlas(range(1000)).pieces == trained.atlas(range(1000)).pieces
    assert trained.atlas(range(1000)).pieces == plain.atlas(range(1000)).pieces


def test_a_text_that_a_tokenizer_can_not_write_is_found_before_the_app_writes_it():
    brought = unigram(None, LETTERS)
    try_tokenizer(brought)
    with pytest.raises(TokenizerError, match="no tokens for “§”"):
        try_tokenizer(brought, ["§"])


def run_again(*_: object) -> None:
    raise IsolatedFaultError("run again")


def test_what_passed_once_is_not_tried_again(monkeypatch):
    brought = tokenizer_of_digits(characters=LETTERS, merged=["once"]).to_str().encode()
    try_tokenizer(brought)
    monkeypatch.setattr("components.tokenization.trial.run_isolated", run_again)
    try_tokenizer(brought)


def longer_than_short_texts(count: int) -> bytes:
    """Harmless on anything but `count` of the same sign in a row, where it takes for ever."""
    pattern = f"(?:9{{{count},}})(?:9|99)+x"
    split = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated"}
    return content(pre_tokenizer={**split, "invert": False})


def test_a_tokenizer_that_is_for_the_app_is_tried_on_texts_as_long_as_pages_accept():
    with pytest.raises(TokenizerError, match=r"can't encode “9999|takes it too long"):
        try_tokenizer(longer_than_short_texts(4000))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["pieces", "special", "bytes"])
def test_what_comes_back_of_a_tokenizer_that_is_asked_elsewhere_is_what_it_says_here(kind):
    tokenizer = {
        "pieces": tokenizer_of_digits(characters=LETTERS, merged=["129", "$5", "is "]),
        "special": with_special_tokens(),
        "bytes": byte_level(),
    }[kind]
    here, elsewhere = (
        OpenTokenizer(tokenizer),
        StrangersTokenizer(tokenizer.to_str().encode()),
    )
    mine, theirs = here.overview(SEQUENCES), elsewhere.overview(SEQUENCES)
    assert theirs.strategy == mine.strategy
    assert theirs.costs.equals(mine.costs)
    texts = ["", "x a\nb $5 is $129.00"]
    assert elsewhere.lengths(texts) == here.lengths(texts)
    for text in texts:
        mine, theirs = here.cut(text), elsewhere.cut(text)
        assert theirs.spans() == mine.spans()
        assert (theirs.before, theirs.after) == (mine.before, mine.after)
        assert theirs.spans() == token_spans(tokenizer, text)
    for template, numbers in ((IN_PLACE, range(1000)), ("{n:,.2f} x", [5, 129, 129, 99_999])):
        mine, theirs = here.atlas(numbers, template), elsewhere.atlas(numbers, template)
        assert theirs.pieces == mine.pieces
        assert dict(theirs.unwritable) == dict(mine.unwritable)
        assert theirs.frame().equals(mine.frame())


def with_special_tokens() -> Tokenizer:
    tokenizer = tokenizer_of_digits(characters=LETTERS)
    tokenizer.add_special_tokens(["<s>", "</s>", "x"])
    ids = [(token, tokenizer.token_to_id(token)) for token in ("<s>", "</s>")]
    tokenizer.post_processor = TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A $B </s>", special_tokens=ids
    )
    return tokenizer


def byte_level() -> Tokenizer:
    alphabet = {letter: place for place, letter in enumerate(sorted(ByteLevel.alphabet()))}
    tokenizer = Tokenizer(BPE(vocab=alphabet, merges=[]))
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False)
    tokenizer.decoder = ByteLevelDecoder()
    return tokenizer


def test_the_app_never_opens_what_it_has_examined_elsewhere(monkeypatch):
    opened = []
    original = Tokenizer.from_buffer
    monkeypatch.setattr(
        "tokenizers.Tokenizer",
        type("Watched", (), {"from_buffer": lambda *a: opened.append(1) or original(*a)}),
    )
    look = StrangersTokenizer(content())
    look.overview(SEQUENCES)
    look.cut("Price is $5")
    look.atlas(range(5))
    look.lengths(["5"])
    assert not opened
