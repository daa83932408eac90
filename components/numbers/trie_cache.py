"""The number tries of one tokenizer, built once per ending of a prompt."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from components.errors import TokenizerError
from components.numbers.context import NumberContext
from components.numbers.encoding import EncodedNumber, encode_numbers
from components.numbers.trie import NumberTrie, TokenPath
from components.numbers.trie_builder import build_trie
from components.numbers.vocabulary import NumberVocabulary
from components.tokenization.fast_tokenizer import backend

if TYPE_CHECKING:
    from components.tokenization.fast_tokenizer import AnyTokenizer

# Characters of the prompt's end that numbers are encoded after; what is before hardly ever changes
# how they are written, which the probes check against the whole prompt. As many as the price
# prompts end in, so that one trie serves all products.
_TAIL = len("\n\nPrice is $")
_PROBES = (0, 7, 10, 42, 99, 100, 129, 365, 500, 842, 999)
_CAPACITY = 8


class TokenizedPrompt(NamedTuple):
    """A prompt's tokens, and the trie of the numbers that come after exactly these."""

    tokens: TokenPath
    trie: NumberTrie


class NumberTrieCache:
    """A tokenizer's number tries. The first takes up to a second: it goes over the vocabulary.

    Safe to call from several threads.
    """

    def __init__(self, tokenizer: AnyTokenizer):
        self._tokenizer = backend(tokenizer)
        self._vocabulary = NumberVocabulary(self._tokenizer)
        self._tries: OrderedDict[str, NumberTrie] = OrderedDict()

    def after(self, prompt: str) -> TokenizedPrompt:
        """The prompt's tokens and the trie of the numbers that come next.

        The tokens are those the model reads, with the special ones that the tokenizer itself
        puts first (BOS); they are the common beginning of `prompt` with each number, so a last
        character that some number's token takes in is left to the trie.

        Raises TokenizerError if this tokenizer does not tell the numbers apart.
        """
        probes = encode_numbers(self._tokenizer, NumberContext(prompt), map(str, _PROBES))
        trie = self._trie_after(prompt[-_TAIL:])
        tokens = tokens_before(probes, _probe_paths(trie))
        if tokens is None:  # the prompt's beginning matters after all
            trie = build_trie(self._vocabulary, prompt)
            tokens = tokens_before(probes, _probe_paths(trie))
            if tokens is None:
                raise TokenizerError(
                    "This tokenizer does not cut the prompt alike before each number.",
                    way_out="Pick another model, or another wording of the prompt.",
                )
        return TokenizedPrompt((*self._leading_special_tokens(), *tokens), trie)

    def _leading_special_tokens(self) -> TokenPath:
        encoding = self._tokenizer.encode("0", add_special_tokens=True)
        mask = encoding.special_tokens_mask
        text_starts = mask.index(0) if 0 in mask else len(mask)
        return tuple(encoding.ids[:text_starts])

    def _trie_after(self, tail: str) -> NumberTrie:
        if (known := self._tries.get(tail)) is not None:
            return known
        built = self._tries[tail] = build_trie(self._vocabulary, tail)
        # Two threads at once may build the same trie; either will do.
        while len(self._tries) > _CAPACITY:
            self._tries.popitem(last=False)
        return built


def _probe_paths(trie: NumberTrie) -> list[TokenPath]:
    return [trie.path(number) for number in _PROBES]


def tokens_before(encoded: Sequence[EncodedNumber], paths: Sequence[TokenPath]) -> TokenPath | None:
    """The tokens before each number's path, if each encoding ends so and they are all the same."""
    before = set()
    for number, path in zip(encoded, paths, strict=True):
        cut = len(number.ids) - len(path)
        if tuple(number.ids[cut:]) != path:
            return None
        before.add(tuple(number.ids[:cut]))
    return before.pop() if len(before) == 1 else None
