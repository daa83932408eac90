"""What is true of numbers for any tokenizer and engine: atlas, strategy, trie, distribution."""

from components.numbers.atlas import LARGEST_NUMBER, NumberAtlas, Unwritable, number_atlas
from components.numbers.context import CONTEXTS, IN_PLACE, PREFIX, NumberContext
from components.numbers.cost import cost_summary, sequence_costs
from components.numbers.distribution import FirstToken, PriceDistribution, read_as_numbers
from components.numbers.first_token import (
    as_ranges,
    first_token_information,
    possible_counts,
    still_possible,
)
from components.numbers.information import FirstTokenInformation
from components.numbers.look import (
    OpenTokenizer,
    Overview,
    Sequences,
    StrangersTokenizer,
    TokenizerLook,
)
from components.numbers.scorer import NextTokens, Scorer, TopToken
from components.numbers.strategy import (
    LONG_SAMPLE,
    Chunking,
    NumberingStrategy,
    StrategyName,
    numbering_strategy,
)
from components.numbers.trie import NumberTrie, TokenPath
from components.numbers.trie_cache import NumberTrieCache
from components.numbers.trie_walk import walk

__all__ = [
    "CONTEXTS",
    "IN_PLACE",
    "LARGEST_NUMBER",
    "LONG_SAMPLE",
    "PREFIX",
    "Chunking",
    "FirstToken",
    "FirstTokenInformation",
    "NextTokens",
    "NumberAtlas",
    "NumberContext",
    "NumberTrie",
    "NumberTrieCache",
    "NumberingStrategy",
    "OpenTokenizer",
    "Overview",
    "PriceDistribution",
    "Scorer",
    "Sequences",
    "StrangersTokenizer",
    "StrategyName",
    "TokenPath",
    "TokenizerLook",
    "TopToken",
    "Unwritable",
    "as_ranges",
    "cost_summary",
    "first_token_information",
    "number_atlas",
    "numbering_strategy",
    "possible_counts",
    "read_as_numbers",
    "sequence_costs",
    "still_possible",
    "walk",
]
