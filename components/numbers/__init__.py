"""What is true of numbers for any tokenizer and engine: atlas, strategy, trie, distribution."""

from components.numbers.atlas import (
    CONTEXTS,
    IN_PLACE,
    LARGEST_NUMBER,
    PREFIX,
    NumberAtlas,
    NumberContext,
    number_atlas,
)
from components.numbers.cost import cost_summary, sequence_costs
from components.numbers.distribution import FirstToken, PriceDistribution
from components.numbers.first_token import (
    FirstTokenInformation,
    as_ranges,
    first_token_information,
    possible_counts,
    still_possible,
)
from components.numbers.strategy import LONG_SAMPLE, NumberingStrategy, numbering_strategy
from components.numbers.trie import NumberTrie, NumberTrieCache
from components.numbers.walk import Scorer, walk

__all__ = [
    "CONTEXTS",
    "IN_PLACE",
    "LARGEST_NUMBER",
    "LONG_SAMPLE",
    "PREFIX",
    "FirstToken",
    "FirstTokenInformation",
    "NumberAtlas",
    "NumberContext",
    "NumberTrie",
    "NumberTrieCache",
    "NumberingStrategy",
    "PriceDistribution",
    "Scorer",
    "as_ranges",
    "cost_summary",
    "first_token_information",
    "number_atlas",
    "numbering_strategy",
    "possible_counts",
    "sequence_costs",
    "still_possible",
    "walk",
]
