"""The parts that a number trie is built from, and the trie against its definition."""

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders

from components.errors import TokenizerError
from components.numbers import NumberTrie, TokenPath
from components.numbers.encoding import EncodedNumber
from components.numbers.trie_builder import build_trie, number_paths, trie_shape
from components.numbers.trie_cache import NumberTrieCache, tokens_before
from components.numbers.vocabulary import NumberVocabulary
from tests.support.small_tokenizer import tokenizer_of_digits

COMMA, DOLLAR = 99, 50


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
