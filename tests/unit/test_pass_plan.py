"""The plan of a forward pass over a tree, against sequences written out one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.engines.local.pass_plan import PassPlan, plan_pass, split_into_chunks
from components.engines.local.scorers import first_levels
from components.numbers import TokenPath

PATHS = st.lists(
    st.lists(st.integers(0, 3), min_size=1, max_size=4).map(tuple), min_size=1, max_size=12
)


@st.composite
def plans(draw) -> tuple[TokenPath, PassPlan]:
    """A prompt, and a plan for some nodes of a tree, of which the others were run before."""
    prompt = tuple(draw(st.lists(st.integers(10, 19), min_size=1, max_size=6)))
    chunk = draw(st.integers(0, len(prompt)))
    nodes = {path[:end] for path in draw(PATHS) for end in range(1, len(path) + 1)}
    if chunk:  # the prompt's pass: nothing of the tree was run before
        new, earlier = nodes, set()
    else:
        listed = sorted(nodes, key=lambda path: (len(path), path))
        earlier = set(listed[: draw(st.integers(0, len(listed) - 1))])
        new = nodes - earlier
    rows = {path: row for row, path in enumerate(sorted(earlier, key=lambda path: path[::-1]))}
    order = draw(st.permutations(sorted(new)))
    return prompt, plan_pass(prompt, chunk, order, rows)


def sequence_of_key(prompt: TokenPath, plan: PassPlan) -> list[TokenPath]:
    """The text up to each key, the key's own token last, by the order that PassPlan promises."""
    so_far = [prompt[: end + 1] for end in range(len(prompt))]
    return [
        *so_far[: plan.cached_prompt],
        *((*prompt, *path) for path in plan.ancestors),
        *so_far[plan.cached_prompt :],
        *((*prompt, *path) for path in plan.paths),
    ]


@given(plans())
def test_each_query_sees_exactly_the_keys_of_its_own_sequence_in_place(given_plan):
    prompt, plan = given_plan
    sequences = sequence_of_key(prompt, plan)
    queries = sequences[plan.cached :]
    assert plan.tokens == tuple(sequence[-1] for sequence in queries)
    assert plan.visible.shape == plan.distances.shape == (len(queries), len(sequences))
    for row, query in enumerate(queries):
        seen = [sequences[key] for key in np.flatnonzero(plan.visible[row])]
        # Its text's every prefix, each of them once, at its own position.
        assert sorted(seen, key=len) == [query[: end + 1] for end in range(len(query))]
    assert plan.positions.tolist() == [len(sequence) - 1 for sequence in sequences]
    assert plan.query_positions.tolist() == [len(query) - 1 for query in queries]
    assert (plan.distances == plan.query_positions[:, None] - plan.positions).all()


@given(plans())
def test_the_keys_of_a_path_are_those_its_row_sees_past_the_prompt(given_plan):
    prompt, plan = given_plan
    sequences = sequence_of_key(prompt, plan)
    rows = zip(plan.paths, plan.path_keys, plan.path_keys_padding, strict=True)
    for path, keys, padding in rows:
        expected = [(*prompt, *path[:end]) for end in range(1, len(path) + 1)]
        assert [sequences[key] for key in keys[~padding]] == expected
        assert {sequences[key] for key in keys[padding]} <= {(*prompt, *path)}


def test_the_plan_of_the_prompts_first_pass_by_hand():
    plan = plan_pass((7, 8, 9), 2, [(1,), (1, 2)], {})
    assert (plan.cached_prompt, plan.chunk, plan.ancestors) == (1, (8, 9), ())
    assert plan.positions.tolist() == [0, 1, 2, 3, 4]
    assert plan.visible.astype(int).tolist() == [
        [1, 1, 0, 0, 0],
        [1, 1, 1, 0, 0],
        [1, 1, 1, 1, 0],
        [1, 1, 1, 1, 1],
    ]


def test_ancestors_stand_in_the_order_of_their_rows():
    plan = plan_pass((7, 8), 0, [(1, 2), (3, 4)], {(3,): 0, (5,): 1, (1,): 2})
    assert plan.ancestors == ((3,), (1,))
    assert plan.path_keys.tolist() == [[3, 4], [2, 5]]


def test_a_pass_without_paths_runs_the_prompt_alone():
    plan = plan_pass((7, 8), 2, [], {})
    assert plan.visible.tolist() == [[True, False], [True, True]]
    assert plan.path_keys.shape == plan.path_keys_padding.shape == (0, 0)


def test_a_path_whose_prefix_was_never_run_is_an_error():
    with pytest.raises(KeyError):
        plan_pass((7,), 0, [(1, 2)], {})


@given(st.lists(st.integers(), max_size=20).map(tuple), st.integers(1, 7))
def test_chunks_join_to_the_tokens_and_only_the_last_is_short(tokens, size):
    chunks = split_into_chunks(tokens, size)
    assert tuple(token for chunk in chunks for token in chunk) == tokens
    assert all(len(chunk) == size for chunk in chunks[:-1])
    assert all(0 < len(chunk) <= size for chunk in chunks)


def test_first_levels_are_whole_and_stop_where_there_is_no_room():
    paths = {(1,), (2,), (1, 1), (2, 1), (2, 2), (1, 1, 1)}
    assert first_levels(paths, 1) == []
    assert first_levels(paths, 4) == [(1,), (2,)]
    assert first_levels(paths, 5) == [(1,), (2,), (1, 1), (2, 1), (2, 2)]
    assert first_levels(paths, 99)[-1] == (1, 1, 1)
