"""The number trie: how a tokenizer writes 0 to 999 after a prompt, and what goes on past them."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from components.errors import TokenizerError

if TYPE_CHECKING:
    from tokenizers import Encoding
    from transformers import PreTrainedTokenizerFast

NUMBERS = 1000
SEPARATOR = ","
_DIGITS = frozenset("0123456789")
# Characters of the prompt's end that numbers are encoded after; what is before hardly ever changes
# how they are written, which the probes check against the whole prompt. As many as the price
# prompts end in, so that one trie serves all products.
_TAIL = len("\n\nPrice is $")
_PROBES = (0, 7, 10, 42, 99, 100, 129, 365, 500, 842, 999)
_TRIES_KEPT = 8

TokenPath = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class TrieNode:
    """A place in the text: the tokens that come after the prompt so far, and what may come next.

    The next token either takes an edge to another node, or is in `overflow`, or ends what is
    written here: then it is `number`, or not a number where that is None. `edges` and `overflow`
    index the trie's `columns`; `children` are the nodes that the edges lead to.
    """

    tokens: TokenPath
    number: int | None
    edges: NDArray[np.intp]
    children: NDArray[np.intp]
    overflow: NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Branch:
    """What begins with one first token: its node (first of `nodes`), those behind it, numbers."""

    token: int
    text: str
    nodes: NDArray[np.intp]
    numbers: NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class NumberTrie:
    """Where each next token leads while a whole-dollar part of 0 to 999 is being written.

    P(n) is the probability that the tokens of `str(n)`, as the tokenizer writes them here, come
    next, followed by anything that does not go on with the whole-dollar part:

    - A further digit is overflow: a token that begins with an ASCII digit and is no edge. So is
      a number spelled as this tokenizer never writes it (`07`, or `12` `9` where `129` is one
      token): it is no canonical spelling of any n.
    - A thousands separator is `,` alone, as in US dollars. With a digit after it, in the same
      token (`,000`) or the next, it is overflow, as in `1,299`; so is a decimal comma (`12,50`),
      which can't be told from it. With anything else after it (`12, or`, `12,-`), n has ended.
    - Everything else ends n: a point and cents (`199.99` is 199), a full stop, a space, a
      currency word, another script's digits, a unit that multiplies (`5k`, `5 million` are 5),
      the end of the text.
    - What does not begin with a digit is not a number: a space before the digits, a sign, `.99`,
      end of text. Where a token joins the prompt's end to the first digit (GPT-2 after
      `Price: `), a token that does not spell out the prompt's end is not a number either.

    `nodes[0]` is the prompt's end. `columns` are the ids of the tokens whose probability any
    node needs. `branches` are what begins with each first token.
    """

    nodes: tuple[TrieNode, ...]
    columns: NDArray[np.int64]
    branches: tuple[Branch, ...]

    @cached_property
    def depth(self) -> int:
        """The most tokens that any node has."""
        return max(len(node.tokens) for node in self.nodes)

    @cached_property
    def looks(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The nodes of numbers, and of the separators after them: one of each per pair."""
        pairs = [
            (i, child)
            for i, node in enumerate(self.nodes)
            if node.number is not None
            for child in node.children
            if self.nodes[child].number == node.number
        ]
        numbers, separators = np.array(pairs, dtype=np.intp).reshape(-1, 2).T
        return numbers, separators

    def path(self, number: int) -> TokenPath:
        """The tokens of a number: its first node, as the separator comes after it."""
        return next(node.tokens for node in self.nodes if node.number == number)


class NumberTrieCache:
    """A tokenizer's number tries. Going over its vocabulary, once, takes up to a second.

    Safe to call from several threads.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerFast):
        self._tokenizer = tokenizer.backend_tokenizer
        tokens = list(self._tokenizer.get_vocab(with_added_tokens=True).values())
        texts = dict(zip(tokens, self.texts(tokens), strict=True))
        self._with_digits = {i: text for i, text in texts.items() if not _DIGITS.isdisjoint(text)}
        written = self._encode([f"$1{SEPARATOR}000{SEPARATOR}"])[0].ids
        # Not a byte that spells the same: a look at each would double the nodes for nothing.
        self._separators = sorted({i for i in written if texts[i] == SEPARATOR})
        self._tries: OrderedDict[str, tuple[NumberTrie, list[TokenPath]]] = OrderedDict()

    def after(self, prompt: str) -> tuple[TokenPath, NumberTrie]:
        """The prompt's tokens and the trie of the numbers that come next.

        The tokens are those the model reads, with the special ones that the tokenizer itself
        puts first (BOS); they are the common beginning of `prompt` with each number, so a last
        character that some number's token takes in is left to the trie.

        Raises TokenizerError if this tokenizer does not tell the numbers apart.
        """
        whole = self._encode([f"{prompt}{number}" for number in _PROBES])
        tail = prompt[-_TAIL:]
        trie, paths = self._trie_after(tail)
        tokens = self._before(whole, [paths[number] for number in _PROBES])
        if tokens is None:  # the prompt's beginning matters after all
            trie, paths = self._build(prompt)
            tokens = self._before(whole, [paths[number] for number in _PROBES])
            assert tokens is not None, "the same text was encoded twice"
        return (*self._leading_special_tokens(), *tokens), trie

    @staticmethod
    def _before(encodings: Sequence[Encoding], paths: Sequence[TokenPath]) -> TokenPath | None:
        """What comes before each path in its encoding, if that is the same for all."""
        if any(
            tuple(encoding.ids[-len(path) :]) != path
            for encoding, path in zip(encodings, paths, strict=True)
        ):
            return None
        before = {
            tuple(encoding.ids[: -len(path)])
            for encoding, path in zip(encodings, paths, strict=True)
        }
        return before.pop() if len(before) == 1 else None

    def _leading_special_tokens(self) -> TokenPath:
        encoding = self._tokenizer.encode("x", add_special_tokens=True)
        text_starts = encoding.special_tokens_mask.index(0)
        return tuple(encoding.ids[:text_starts])

    def _encode(self, texts: list[str]) -> list[Encoding]:
        return self._tokenizer.encode_batch(texts, add_special_tokens=False)

    def texts(self, tokens: Sequence[int]) -> list[str]:
        """What each token adds to the text when it comes after a dollar sign."""
        before = self._tokenizer.encode("$", add_special_tokens=False).ids
        cut = len(self._tokenizer.decode(before, skip_special_tokens=False))
        with_before = [[*before, token] for token in tokens]
        decoded = self._tokenizer.decode_batch(with_before, skip_special_tokens=False)
        return [text[cut:] for text in decoded]

    def _trie_after(self, tail: str) -> tuple[NumberTrie, list[TokenPath]]:
        if (known := self._tries.get(tail)) is not None:
            return known
        built = self._tries[tail] = self._build(tail)
        # Two threads at once may build the same trie; either will do.
        while len(self._tries) > _TRIES_KEPT:
            self._tries.popitem(last=False)
        return built

    def _build(self, context: str) -> tuple[NumberTrie, list[TokenPath]]:
        encodings = self._encode([f"{context}{number}" for number in range(NUMBERS)])
        together = zip(*(encoding.ids for encoding in encodings), strict=False)
        shared = sum(1 for _ in takewhile(lambda ids: len(set(ids)) == 1, together))
        paths = [tuple(encoding.ids[shared:]) for encoding in encodings]
        if len(set(paths)) < NUMBERS or not all(paths):
            raise TokenizerError(
                "This tokenizer does not write 0 to 999 as different tokens.",
                way_out="Pick another model.",
            )
        numbers: dict[TokenPath, int] = {path: number for number, path in enumerate(paths)}
        children: defaultdict[TokenPath, list[TokenPath]] = defaultdict(list)
        # What of the context is still to be spelled out at a node, where a token joins its end
        # to a digit.
        unspelled: dict[TokenPath, str] = {
            (): context[encodings[0].offsets[shared - 1][1] if shared else 0 :]
        }
        for encoding, path in zip(encodings, paths, strict=True):
            for length in range(1, len(path) + 1):
                if (node := path[:length]) not in unspelled:
                    unspelled[node] = context[encoding.offsets[shared + length - 1][1] :]
                    children[node[:-1]].append(node)
        # After a separator only a digit goes on; a second separator does not.
        looks: dict[TokenPath, TokenPath] = {
            (*path, separator): path for path in paths for separator in self._separators
        }
        for look, path in looks.items():
            children[path].append(look)
            numbers[look] = numbers[path]

        going_on = {
            (rest, number): self._going_on(rest, after_number=number)
            for rest in set(unspelled.values())
            for number in (False, True)
        }
        edges = {token for nodes in children.values() for *_, token in nodes}
        columns = np.array(sorted(edges.union(*going_on.values())), dtype=np.int64)
        order = sorted([*unspelled, *looks], key=lambda path: (len(path), path))
        index = {path: position for position, path in enumerate(order)}
        overflow: dict[
            tuple[str, bool, TokenPath], NDArray[np.intp]
        ] = {}  # most nodes share theirs
        nodes = []
        for path in order:
            taken = tuple(child[-1] for child in children[path])
            key = (unspelled.get(path, ""), path in numbers and path not in looks, taken)
            if key not in overflow:
                overflow[key] = np.searchsorted(
                    columns, sorted(going_on[key[:2]].difference(taken))
                )
            nodes.append(
                TrieNode(
                    tokens=path,
                    number=numbers.get(path),
                    edges=np.searchsorted(columns, taken),
                    children=np.array([index[child] for child in children[path]], dtype=np.intp),
                    overflow=overflow[key],
                )
            )
        return NumberTrie(tuple(nodes), columns, self._branches(nodes)), paths

    def _branches(self, nodes: Sequence[TrieNode]) -> tuple[Branch, ...]:
        behind: defaultdict[int, list[int]] = defaultdict(list)
        for position, node in enumerate(nodes[1:], start=1):
            behind[node.tokens[0]].append(position)
        return tuple(
            Branch(
                token=token,
                text=text,
                nodes=np.array(positions, dtype=np.intp),
                numbers=np.unique([n for p in positions if (n := nodes[p].number) is not None]),
            )
            for (token, positions), text in zip(
                behind.items(), self.texts(list(behind)), strict=True
            )
        )

    def _going_on(self, rest: str, *, after_number: bool) -> set[int]:
        """The tokens that spell `rest` and a digit; or `,` and a digit too, after a number."""
        starts = (rest, SEPARATOR) if after_number else (rest,)
        return {
            token
            for token, text in self._with_digits.items()
            if any(text.startswith(start) and text[len(start) :][:1] in _DIGITS for start in starts)
        }
