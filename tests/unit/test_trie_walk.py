"""The parts of the walk: what is taken next, and where the mass of a scored node goes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.numbers import NextTokens, NumberTrie
from components.numbers.scorer import TopToken
from components.numbers.tally import Tally
from components.numbers.trie import Branch, TrieNode
from components.numbers.trie_walk import best_first, expected_next

ONE, TWO, COMMA, ZEROS = 1, 2, 3, 4
MASSES = st.lists(st.floats(0, 1), max_size=30)


def indexes(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.intp)


def node(tokens, number, edges, children, overflow) -> TrieNode:
    return TrieNode(tokens, number, indexes(*edges), indexes(*children), indexes(*overflow))


def small_trie() -> NumberTrie:
    """Of the numbers 1 and 2, which a comma and zeros may go on with; `00` begins no number."""
    nodes = (
        node((), None, (0, 1), (1, 2), (3,)),
        node((ONE,), 1, (2,), (3,), (0, 1, 3)),
        node((TWO,), 2, (2,), (4,), (0, 1, 3)),
        node((ONE, COMMA), 1, (), (), (0, 1, 3)),
        node((TWO, COMMA), 2, (), (), (0, 1, 3)),
    )
    branches = (
        Branch(ONE, "1", indexes(1, 3), indexes(1)),
        Branch(TWO, "2", indexes(2, 4), indexes(2)),
    )
    return NumberTrie(nodes, np.array([ONE, TWO, COMMA, ZEROS]), branches)


def scored(*rows: list[float], told: float = 1.0) -> NextTokens:
    return NextTokens(np.array(rows), np.full(len(rows), told))


@given(MASSES, st.floats(0, 0.9))
def test_the_fewest_of_the_likeliest_nodes_are_taken_that_leave_the_tolerance(masses, tolerance):
    mass = np.array(masses)
    nodes, waiting = best_first(mass, tolerance)
    assert waiting == pytest.approx(sum(masses))
    taken = mass[nodes]
    assert (np.diff(taken) <= 0).all()
    others = np.delete(mass, nodes)
    assert others.sum() <= tolerance + 1e-9
    if len(nodes):
        assert others.max(initial=0) <= taken.min()
        assert others.sum() + taken.min() >= tolerance - 1e-9


def test_equal_nodes_are_taken_in_order():
    assert best_first(np.full(4, 0.25), 0.3).nodes.tolist() == [0, 1, 2]


def test_the_mass_of_the_root_goes_to_its_children_to_overflow_and_to_no_number():
    tally = Tally(small_trie())
    tally.add(indexes(0), scored([0.5, 0.25, 0.0, 0.125]))
    assert tally.mass.tolist() == [1, 0.5, 0.25, 0, 0]
    assert tally.waiting.tolist() == [False, True, True, False, False]
    assert tally.overflow.tolist() == [0.125, 0, 0, 0, 0]
    assert tally.not_a_number == 0.125
    assert not tally.untold.any()


def test_what_ends_after_a_separator_is_its_numbers():
    tally = Tally(small_trie())
    tally.add(indexes(0), scored([1.0, 0.0, 0.0, 0.0]))
    tally.add(indexes(1), scored([0.0, 0.0, 0.5, 0.25]))
    tally.add(indexes(3), scored([0.125, 0.125, 0.0, 0.25]))
    assert tally.probabilities[1] == 0.25 + 0.5 * 0.5
    assert tally.overflow.tolist() == [0, 0.25, 0, 0.25, 0]
    assert not tally.waiting_mass.any()


@pytest.mark.parametrize("root", [True, False])
def test_what_was_not_told_is_neither_a_number_nor_none(root):
    tally = Tally(small_trie())
    if not root:
        tally.add(indexes(0), scored([1.0, 0.0, 0.0, 0.0]))
    tally.add(indexes(0 if root else 1), scored([0.0, 0.0, 0.25, 0.125], told=0.5))
    assert tally.untold.sum() == 0.5
    ended = tally.not_a_number if root else tally.probabilities[1]
    assert ended == (0.375 if root else 0.125)  # at the root, a comma is no edge


def test_columns_that_round_to_more_than_was_told_leave_no_negative_part():
    tally = Tally(small_trie())
    tally.add(indexes(0), scored([0.3, 0.3, 0.0, 0.0], told=0.595))
    assert tally.not_a_number == 0
    assert tally.untold[0] == pytest.approx(0.4)
    assert tally.mass[1:].sum() + tally.untold.sum() == pytest.approx(1)


def test_first_tokens_carry_what_is_waiting_or_untold_after_them():
    tally = Tally(small_trie())
    tally.add(indexes(0), scored([0.5, 0.25, 0.0, 0.125]))
    tally.add(indexes(1), scored([0.0, 0.0, 0.25, 0.25], told=0.75))
    top = [TopToken(ONE, "1", 0.5), TopToken(ZEROS, "00", 0.125), TopToken(9, "!", 0.0625)]
    one, two, zeros, other = tally.first_tokens(top)
    assert (one.text, one.probability, one.overflow) == ("1", 0.5, 0.125)
    assert one.unexplored == 0.5 * 0.25 + 0.5 * 0.25  # the separator's node, and the untold
    assert (two.text, two.unexplored) == ("2", 0.25)
    assert (zeros.text, zeros.overflow, len(zeros.numbers)) == ("00", 0.125, 0)
    assert (other.text, other.overflow) == ("!", 0)


def test_separators_are_expected_after_the_nodes_taken_as_they_followed_so_far():
    tally = Tally(small_trie())
    tally.add(indexes(0), scored([0.5, 0.5, 0.0, 0.0]))
    assert expected_next(tally, indexes(1), 0.0).tolist() == [2]  # nothing is known of separators
    tally.add(indexes(1), scored([0.0, 0.0, 0.5, 0.0]))
    assert expected_next(tally, indexes(2), 0.1).tolist() == [3, 4]
    assert expected_next(tally, indexes(2), 0.9).tolist() == []


@pytest.mark.parametrize(
    ("rows", "told", "problem"),
    [
        ([0.5], [1.0], "shapes"),
        ([[0.5]], [1.0, 1.0], "shapes"),
        ([[-0.1, 0.5]], [1.0], "in \\[0, 1\\]"),
        ([[np.nan, 0.5]], [1.0], "in \\[0, 1\\]"),
        ([[0.5, 0.1]], [1.2], "in \\[0, 1\\]"),
        ([[0.5, 0.1]], [-0.1], "in \\[0, 1\\]"),
        ([[0.5, 0.4]], [0.8], "sum to more"),
    ],
)
def test_what_is_no_distribution_of_next_tokens_is_refused(rows, told, problem):
    with pytest.raises(ValueError, match=problem):
        NextTokens(np.array(rows), np.array(told))


def test_an_engine_that_knows_its_vocabulary_tells_all():
    assert NextTokens.with_all_told(np.array([[0.5], [0.25]])).told.tolist() == [1, 1]
