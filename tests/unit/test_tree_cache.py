"""Keys and values kept of a prompt and of the nodes that others come after."""

import torch

from components.engines.local.transformers_compat import KeysValues, cached_layers, filled_cache
from components.engines.local.tree_cache import TreeCache

LAYERS = 2


def cache_of(*labels: float):
    """A cache whose tokens' keys are these labels, and their values the negative; 3 per layer."""
    keys = torch.tensor(labels, dtype=torch.float).view(1, 1, -1, 1).expand(1, 2, -1, 3)
    return filled_cache([KeysValues(keys + 100 * layer, -keys) for layer in range(LAYERS)])


def labels(tree: TreeCache, nodes) -> list[float]:
    """The labels of what is selected, the same in each layer."""
    first, second = cached_layers(tree.select(nodes))
    assert torch.equal(second.keys, first.keys + 100)
    assert torch.equal(second.values, first.values)
    assert torch.equal(first.values, -first.keys)
    return first.keys[0, 1, :, 2].tolist()


def test_the_prompt_and_the_selected_nodes_come_in_the_order_given():
    tree = TreeCache(2, [(1,), (2,), (1, 1)])
    tree.store(cache_of(10, 11, 1, 9, 2), first=2, nodes=[(1,), (9,), (2,)])
    assert labels(tree, []) == [10, 11]
    assert labels(tree, [(2,), (1,)]) == [10, 11, 2, 1]
    tree.store(cache_of(10, 11, 1, 3), first=3, nodes=[(1, 1)])
    assert labels(tree, [(1,), (1, 1)]) == [10, 11, 1, 3]


def test_only_nodes_that_others_come_after_are_kept():
    tree = TreeCache(1, [(1,)])
    tree.store(cache_of(10, 5, 6), first=1, nodes=[(5,), (6,)])
    assert not tree.rows
    tree.store(cache_of(10, 1), first=1, nodes=[(1,)])
    assert list(tree.rows) == [(1,)]
