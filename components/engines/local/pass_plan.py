"""The plan of one forward pass over a tree of tokens: positions, visibility and cache places.

Numbers only, without a model: what runs it is in scorers.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from components.numbers import TokenPath


@dataclass(frozen=True, eq=False)
class PassPlan:
    """One pass that runs the prompt's last `chunk` and the last token of each of `paths`.

    The keys of the pass stand in this order: the `cached_prompt` tokens of the prompt that
    earlier passes ran, `ancestors` (the prefixes of `paths` that earlier passes ran), then what
    is new and also the pass's queries: the chunk, then the paths. A path's other prefixes are in
    `paths` themselves. `chunk` may be empty, then all of the prompt is cached.
    """

    cached_prompt: int
    ancestors: tuple[TokenPath, ...]
    chunk: TokenPath
    paths: tuple[TokenPath, ...]

    @property
    def cached(self) -> int:
        """How many keys earlier passes computed."""
        return self.cached_prompt + len(self.ancestors)

    @property
    def first_path(self) -> int:
        """The key index of the first of `paths`."""
        return self.cached + len(self.chunk)

    @cached_property
    def tokens(self) -> TokenPath:
        """The token ids that the pass runs."""
        return (*self.chunk, *(path[-1] for path in self.paths))

    @cached_property
    def key_of(self) -> Mapping[TokenPath, int]:
        """The key index of each ancestor and path."""
        ancestors = {path: self.cached_prompt + i for i, path in enumerate(self.ancestors)}
        return ancestors | {path: self.first_path + i for i, path in enumerate(self.paths)}

    @cached_property
    def positions(self) -> NDArray[np.int64]:
        """Each key's position in its text, shape (keys,); those of the queries come last."""
        prompt = np.arange(self.cached_prompt + len(self.chunk))
        ancestors, paths = (
            len(prompt) - 1 + np.array([len(path) for path in nodes], dtype=np.int64)
            for nodes in (self.ancestors, self.paths)
        )
        before, chunk = np.split(prompt, [self.cached_prompt])
        return np.concatenate([before, ancestors, chunk, paths])

    @property
    def query_positions(self) -> NDArray[np.int64]:
        """The positions of the tokens that the pass runs, shape (queries,)."""
        return self.positions[self.cached :]

    @cached_property
    def visible(self) -> NDArray[np.bool_]:
        """Which keys each query sees, shape (queries, keys).

        A token of the chunk: the prompt up to itself. A path: all of the prompt, its prefixes,
        and itself.
        """
        queries, start = len(self.tokens), len(self.chunk)
        seen = np.zeros((queries, self.cached + queries), dtype=np.bool_)
        seen[:, : self.cached_prompt] = True
        seen[:start, self.cached : self.first_path] = np.tri(start, dtype=np.bool_)
        seen[start:, self.cached : self.first_path] = True
        for query, keys in enumerate(self._path_keys, start=start):
            seen[query, keys] = True
        return seen

    @property
    def distances(self) -> NDArray[np.int64]:
        """How many positions back each key is from each query, shape (queries, keys)."""
        return self.query_positions[:, None] - self.positions

    @cached_property
    def path_keys(self) -> NDArray[np.int64]:
        """The keys of each path's prefixes and of itself, shape (paths, longest path).

        Padded at the end with the path's own key.
        """
        longest = max(map(len, self.paths), default=0)
        rows = [keys + keys[-1:] * (longest - len(keys)) for keys in self._path_keys]
        return np.array(rows, dtype=np.int64).reshape(len(self.paths), longest)

    @cached_property
    def path_keys_padding(self) -> NDArray[np.bool_]:
        """Where `path_keys` is padding, same shape."""
        lengths = np.array([len(path) for path in self.paths], dtype=np.int64)
        return np.arange(self.path_keys.shape[1]) >= lengths[:, None]

    @cached_property
    def _path_keys(self) -> list[list[int]]:
        return [[self.key_of[path[:end]] for end in range(1, len(path) + 1)] for path in self.paths]


def plan_pass(
    prompt: TokenPath,
    chunk_size: int,
    paths: Sequence[TokenPath],
    cached_rows: Mapping[TokenPath, int],
) -> PassPlan:
    """The plan for the prompt's last `chunk_size` tokens and these paths.

    `cached_rows` has an entry, ordered by its value, for each path that earlier passes ran.
    KeyError if a prefix of a path is neither there nor among `paths`.
    """
    new = set(paths)
    prefixes = {path[:end] for path in paths for end in range(1, len(path))}
    return PassPlan(
        cached_prompt=len(prompt) - chunk_size,
        ancestors=tuple(sorted(prefixes - new, key=cached_rows.__getitem__)),
        chunk=prompt[len(prompt) - chunk_size :],
        paths=tuple(paths),
    )


def split_into_chunks(tokens: TokenPath, size: int) -> list[TokenPath]:
    """The tokens in chunks of `size`, the last one perhaps shorter."""
    return [tokens[start : start + size] for start in range(0, len(tokens), size)]
