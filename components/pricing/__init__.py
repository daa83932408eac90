"""The price task: prompts, products, and reading what a model answers."""

from components.pricing.distribution import FirstToken, PriceDistribution
from components.pricing.estimates import Band, error_band, estimates, read_price
from components.pricing.price_list import PriceList, read_prices
from components.pricing.products import Product, load_catalogue
from components.pricing.prompts import DEFAULT_PROMPT, PROMPTS, price_prompt
from components.pricing.trie import NumberTrie, NumberTries
from components.pricing.walk import Scorer, walk

__all__ = [
    "DEFAULT_PROMPT",
    "PROMPTS",
    "Band",
    "FirstToken",
    "NumberTrie",
    "NumberTries",
    "PriceDistribution",
    "PriceList",
    "Product",
    "Scorer",
    "error_band",
    "estimates",
    "load_catalogue",
    "price_prompt",
    "read_price",
    "read_prices",
    "walk",
]
