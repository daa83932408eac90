"""The worked task: prompts, products, price files, and reading what a model answers."""

from components.pricing.actual import (
    ActualKind,
    Judgement,
    actual_kind,
    describe_actual,
    judge_actual,
)
from components.pricing.amounts import NUMBER_FORMATS, NumberFormat, is_amount
from components.pricing.estimates import Band, error_band, error_bands, point_estimates, read_price
from components.pricing.price_columns import (
    Candidate,
    name_parts,
    names_a_price,
    rank_price_columns,
)
from components.pricing.price_file import (
    LeftOut,
    PriceFile,
    PriceReading,
    describe_left_out,
    examine_price_file,
    examine_prices,
    read_price_table,
)
from components.pricing.products import Product, load_catalogue
from components.pricing.prompts import DEFAULT_PROMPT, PROMPTS, clean_description, price_prompt
from components.pricing.text_table import TextTable
from components.pricing.uploads import PriceExamination, examine_elsewhere

__all__ = [
    "DEFAULT_PROMPT",
    "NUMBER_FORMATS",
    "PROMPTS",
    "ActualKind",
    "Band",
    "Candidate",
    "Judgement",
    "LeftOut",
    "NumberFormat",
    "PriceExamination",
    "PriceFile",
    "PriceReading",
    "Product",
    "TextTable",
    "actual_kind",
    "clean_description",
    "describe_actual",
    "describe_left_out",
    "error_band",
    "error_bands",
    "examine_elsewhere",
    "examine_price_file",
    "examine_prices",
    "is_amount",
    "judge_actual",
    "load_catalogue",
    "name_parts",
    "names_a_price",
    "point_estimates",
    "price_prompt",
    "rank_price_columns",
    "read_price",
    "read_price_table",
]
