"""The worked task: prompts, products, price files, and reading what a model answers."""

from components.pricing.estimates import Band, error_band, point_estimates, read_price
from components.pricing.price_file import PriceList, read_prices
from components.pricing.products import Product, load_catalogue
from components.pricing.prompts import DEFAULT_PROMPT, PROMPTS, price_prompt, prompt_description

__all__ = [
    "DEFAULT_PROMPT",
    "PROMPTS",
    "Band",
    "PriceList",
    "Product",
    "error_band",
    "load_catalogue",
    "point_estimates",
    "price_prompt",
    "prompt_description",
    "read_price",
    "read_prices",
]
