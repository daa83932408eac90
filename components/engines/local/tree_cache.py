"""Keys and values of a prompt and of the tree's inner nodes, from which each pass takes its own."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from components.engines.local.transformers_compat import KeysValues, cached_layers, filled_cache
from components.numbers import TokenPath

if TYPE_CHECKING:
    import torch
    from transformers import Cache


class TreeCache:
    """The prompt's keys and values, then those of nodes that have children, as they are run.

    Per layer there is one buffer of shape (1, key/value heads, prompt + inner nodes, size);
    `rows` says where in it each node is.
    """

    def __init__(self, prompt: int, inner: Collection[TokenPath]):
        self._prompt, self._inner = prompt, frozenset(inner)
        self._layers: list[KeysValues] = []
        self._rows: dict[TokenPath, int] = {}

    @property
    def rows(self) -> Mapping[TokenPath, int]:
        return self._rows

    def select(self, nodes: Sequence[TokenPath]) -> Cache:
        """A cache of the model's kind with the prompt and these nodes, in this order."""
        import torch

        device = self._layers[0].keys.device
        rows = torch.tensor(
            [*range(self._prompt), *(self._rows[node] for node in nodes)], device=device
        )
        return filled_cache(
            [
                KeysValues(keys.index_select(2, rows), values.index_select(2, rows))
                for keys, values in self._layers
            ]
        )

    def store(self, cache: Cache, first: int, nodes: Sequence[TokenPath]) -> None:
        """Take over the keys and values of those of `nodes` that have children.

        In `cache` the nodes stand one after the other from index `first`; the prompt stands
        first of all and is taken over at the first call.
        """
        import torch

        layers = cached_layers(cache)
        if not self._layers:
            self._layers = [
                KeysValues(self._buffer(keys), self._buffer(values)) for keys, values in layers
            ]
        inner = [i for i, node in enumerate(nodes) if node in self._inner]
        if not inner:
            return
        start = self._prompt + len(self._rows)
        indices = torch.tensor(inner, device=layers[0].keys.device) + first
        for new, buffers in zip(layers, self._layers, strict=True):
            for tensor, buffer in zip(new, buffers, strict=True):
                buffer[:, :, start : start + len(inner)] = tensor.index_select(2, indices)
        self._rows.update((nodes[i], start + row) for row, i in enumerate(inner))

    def _buffer(self, tensor: torch.Tensor) -> torch.Tensor:
        """Room for the prompt and all inner nodes, with the prompt in it."""
        batch, heads, _, size = tensor.shape
        buffer = tensor.new_empty((batch, heads, self._prompt + len(self._inner), size))
        buffer[:, :, : self._prompt] = tensor[:, :, : self._prompt]
        return buffer
