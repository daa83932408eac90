"""The parts that a number trie is built from, and the trie against its definition."""

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders
from tokenizers.processors import TemplateProcessing

from components.errors import TokenizerError
from components.numbers import NumberTrie, TokenPath
from components.numbers.encoding import EncodedNumber
from components.numbers.trie_builder import (
    _require_known,
    _require_separators_apart,
    build_trie,
    number_paths,
    trie_shape,
)
from components.numbers.trie_cache import NumberTrieCache, tokens_before
from components.numbers.vocabulary import NumberVocabulary
from tests.support.small_tokenizer import tokenizer_of_digits

COMMA, DOLLAR, UNKNOWN = 99, 50, 7_000


def encoded(text: str, *tokens: tuple[int, int]) -> EncodedNumber:
    """A number after `text` whose encoding has these (id, end) pairs."""
    starts = [0, *(end for _, end in tokens)]
    offsets = [(start, end) for start, (_, end) in zip(starts, tokens, strict=False)]
    ids = [token for token, _ in tokens]
    return EncodedNumber(text, ids, offsets, len(text), tokens[-1][1] if tokens else len(text))


def test_paths_are_what_the_encodings_do_not_share():
    found = number_paths("$", [encoded("$", (DOLLAR, 1), (n, 2)) for n in (0, 1)])
    assert found.paths == [(0,), (1,)]
    assert found.unspelled == {(): "", (0,): "", (1,): ""}


def test_where_a_token_joins_the_texts_end_to_a_digit_that_end_is_unspelled():
    joined, apart = encoded("$", (7, 2)), encoded("$", (DOLLAR, 1), (1, 2))
    found = number_paths("$", [joined, apart])
    assert found.paths == [(7,), (DOLLAR, 1)]
    assert found.unspelled == {(): "$", (7,): "", (DOLLAR,): "", (DOLLAR, 1): ""}


@pytest.mark.parametrize("second", [encoded("$", (DOLLAR, 1)), encoded("$", (DOLLAR, 1), (0, 2))])
def test_numbers_without_tokens_or_with_the_same_are_refused(second):
    with pytest.raises(TokenizerError, match="different tokens"):
        number_paths("$", [encoded("$", (DOLLAR, 1), (0, 2)), second])


def test_the_shape_of_three_numbers_by_hand():
    shape = trie_shape([(0,), (1,), (1, 0)], [COMMA])
    assert shape.order == [(), (0,), (1,), (0, COMMA), (1, 0), (1, COMMA), (1, 0, COMMA)]
    assert shape.separators == {(0, COMMA), (1, COMMA), (1, 0, COMMA)}
    assert shape.children[()] == [(0,), (1,)]
    assert shape.children[(1,)] == [(1, 0), (1, COMMA)]
    assert (1, 0, COMMA) not in shape.children
    numbers = {(0,): 0, (1,): 1, (1, 0): 2, (0, COMMA): 0, (1, COMMA): 1, (1, 0, COMMA): 2}
    assert shape.numbers == numbers


PATHS = st.sets(st.lists(st.integers(0, 3), min_size=1, max_size=4).map(tuple), min_size=1)


@given(PATHS.map(sorted))
def test_a_shape_has_every_prefix_once_parents_first_and_one_separator_per_number(paths):
    shape = trie_shape(paths, [COMMA])
    prefixes = {path[:end] for path in paths for end in range(len(path) + 1)}
    assert set(shape.order) == prefixes | {(*path, COMMA) for path in paths}
    assert len(shape.order) == len(set(shape.order))
    place = {path: i for i, path in enumerate(shape.order)}
    children = [child for listed in shape.children.values() for child in listed]
    assert sorted(children) == sorted(path for path in shape.order if path)
    assert all(place[child[:-1]] < place[child] for child in children)


def fused(tokenizer: Tokenizer) -> Tokenizer:
    tokenizer.decoder = decoders.Fuse()
    return tokenizer


KINDS = {
    "digits": fused(tokenizer_of_digits()),
    "two at a time": fused(tokenizer_of_digits(chunks=2)),
    "whole": fused(tokenizer_of_digits(merged=[*(str(n) for n in range(1000)), ",0", "07"])),
    "joined": fused(tokenizer_of_digits(prefix="$")),
}


@cache
def vocabulary(kind: str) -> NumberVocabulary:
    return NumberVocabulary(KINDS[kind])


@pytest.mark.parametrize("kind", KINDS)
def test_a_token_that_is_no_edge_overflows_exactly_if_it_goes_on_with_the_number(kind):
    tokenizer = KINDS[kind]
    texts = {i: text for text, i in tokenizer.get_vocab().items()}
    trie = build_trie(vocabulary(kind), "is $")
    shared = "is " if kind == "joined" else "is $"
    for node in trie.nodes:
        spelled = shared + "".join(texts[token] for token in node.tokens)
        written = spelled.removeprefix("is $") if len(spelled) >= len("is $") else None
        edges = {int(trie.columns[edge]) for edge in node.edges}
        assert [trie.nodes[child].tokens for child in node.children] == [
            (*node.tokens, int(trie.columns[edge])) for edge in node.edges
        ]
        expected = set()
        for token, text in texts.items():
            if written is None:  # the $ is still to come
                goes_on = text[:1] == "$" and text[1:2].isdigit()
            else:
                goes_on = text[:1].isdigit()
                goes_on |= written.isdigit() and text[:1] == "," and text[1:2].isdigit()
            if goes_on and token not in edges:
                expected.add(token)
        if node.number is None or node.tokens == trie.path(node.number):
            assert node.number == (int(written) if written else None)
        assert {int(trie.columns[column]) for column in node.overflow} == expected


@pytest.mark.parametrize("kind", KINDS)
def test_branches_hold_each_node_and_each_number_once_by_its_first_token(kind):
    trie = build_trie(vocabulary(kind), "is $")
    assert sorted(i for branch in trie.branches for i in branch.nodes) == [
        *range(1, len(trie.nodes))
    ]
    for branch in trie.branches:
        assert {trie.nodes[i].tokens[0] for i in branch.nodes} == {branch.token}
        assert trie.nodes[branch.nodes[0]].tokens == (branch.token,)
        assert set(branch.numbers) == {n for n in range(1000) if trie.path(n)[0] == branch.token}
        assert branch.text == KINDS[kind].id_to_token(branch.token)


def test_the_tokens_that_go_on_are_told_by_their_text():
    words = vocabulary("whole")
    names = {words.tokenizer.id_to_token(i) for i in words.continuing("", after_number=True)}
    assert {"0", "999", "07", ",0"} <= names
    assert not {",", "$", "-", "."} & names
    without = words.continuing("", after_number=False)
    assert words.tokenizer.token_to_id(",0") not in without
    joined = vocabulary("joined")
    assert joined.continuing("$", after_number=False) == {joined.tokenizer.token_to_id("$5")}
    assert [words.tokenizer.id_to_token(i) for i in words.separators] == [","]


def test_what_comes_before_the_paths_is_known_only_if_all_encodings_agree():
    numbers = [encoded("$", (DOLLAR, 1), (n, 2)) for n in (0, 1)]
    assert tokens_before(numbers, [(0,), (1,)]) == (DOLLAR,)
    assert tokens_before(numbers, [(0,), (2,)]) is None
    assert tokens_before([encoded("$", (3, 1), (0, 2)), numbers[1]], [(0,), (1,)]) is None
    assert tokens_before(numbers, [(5, DOLLAR, 0), (1,)]) is None


def test_a_trie_serves_all_prompts_that_end_alike_and_few_are_kept(monkeypatch):
    built: list[str] = []

    def counting(words: NumberVocabulary, text: str) -> NumberTrie:
        built.append(text)
        return build_trie(words, text)

    monkeypatch.setattr("components.numbers.trie_cache.build_trie", counting)
    cache = NumberTrieCache(KINDS["digits"])
    first = cache.after("sic\n\nPrice is $")
    assert cache.after("is\n\nPrice is $").trie is first.trie
    expected: TokenPath = tuple(KINDS["digits"].encode("sic\n\nPrice is $").ids)
    assert first.tokens == expected
    assert len(built) == 1
    for prompt in ("$", "$ ", "is $", "is $$", "$$$", ".$", ",$", "-$", "s$"):
        cache.after(prompt)
    before = len(built)
    cache.after("sic\n\nPrice is $")
    assert len(built) == before + 1


@pytest.mark.parametrize(
    ("lost", "some"),
    [
        ([7], "1 of the numbers 0 to 999 (7)"),
        ([1, 2, 3], "3 of the numbers 0 to 999 (1, 2, 3)"),
        (range(0, 999), "999 of the numbers 0 to 999 (0, 1, 2, …)"),
    ],
)
def test_numbers_that_become_the_unknown_token_are_named_up_to_three(lost, some):
    paths = [(UNKNOWN,) if number in lost else (number,) for number in range(1000)]
    with pytest.raises(TokenizerError) as caught:
        _require_known(paths, UNKNOWN)
    assert caught.value.problem == (
        f"This tokenizer has no way to write {some}:"
        " they become its token for what the vocabulary lacks."
    )
    assert caught.value.way_out == "Pick another model."
    _require_known(paths, None)


def test_a_separator_that_is_a_digit_too_is_refused():
    _require_separators_apart([(1,), (1, 2)], [COMMA])
    with pytest.raises(TokenizerError) as caught:
        _require_separators_apart([(1,), (1, COMMA)], [COMMA])
    assert caught.value.problem == (
        "This tokenizer has the same token for a digit and for the thousands separator."
    )
    assert caught.value.way_out == "Pick another model."


def test_a_prompt_begins_with_the_tokens_that_the_tokenizer_itself_puts_first():
    tokenizer = tokenizer_of_digits()
    tokenizer.add_special_tokens(["<s>", "</s>"])
    ids = [(token, tokenizer.token_to_id(token)) for token in ("<s>", "</s>")]
    prompt = tuple(tokenizer.encode("Price is $", add_special_tokens=False).ids)
    bare = NumberTrieCache(tokenizer).after("Price is $")
    assert bare.tokens == prompt
    tokenizer.post_processor = TemplateProcessing(single="<s> $A </s>", special_tokens=ids)
    found = NumberTrieCache(tokenizer).after("Price is $")
    assert found.tokens == (ids[0][1], *prompt)
    assert [node.tokens for node in found.trie.nodes] == [node.tokens for node in bare.trie.nodes]


def test_only_the_plain_comma_is_a_separator():
    tokenizer = tokenizer_of_digits(merged=[",0"])
    tokenizer.decoder = decoders.Fuse()
    assert NumberVocabulary(tokenizer).separators == [tokenizer.token_to_id(",")]
    assert NumberVocabulary(tokenizer_of_digits(characters="0123456789$")).separators == []


def test_a_token_that_takes_in_more_of_the_prompt_than_its_end_is_a_path_of_its_own():
    long = "ss Price is Price is $"
    tokenizer = tokenizer_of_digits(merged=[f"{long}7"])
    cache = NumberTrieCache(tokenizer)
    short = cache.after("Price is $")
    found = cache.after(long)
    assert found.tokens == ()
    assert found.trie.path(7) == (tokenizer.token_to_id(f"{long}7"),)
    whole = tuple(tokenizer.encode(f"{long}8", add_special_tokens=False).ids)
    assert found.trie.path(8) == whole
    assert len(short.trie.path(7)) == 1
