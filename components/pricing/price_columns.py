"""Which column of a table holds the prices."""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from components.pricing.amounts import is_amount, is_missing, read_amount
from components.pricing.text_table import TextTable

# By the parts of a name: what a price is called, the surest first.
_PRICES = (
    {"price", "prices", "preis", "preise", "prix", "precio", "prezzo", "prijs", "pris", "preço"},
    {"preco", "cena", "цена", "価格", "价格", "fiyat", "hinta"},
    {"cost", "amount", "betrag", "kosten", "montant", "importe", "msrp", "rrp"},
    {"target", "label", "actual", "value"},
)
# Whatever else the name says: price_id is an id.
_NEVER = frozenset(
    {"id", "ids", "sku", "asin", "ean", "upc", "isbn", "gtin", "code", "zip", "plz", "phone"}
    | {"year", "years", "jahr", "année", "annee", "año", "date", "datum", "time", "timestamp"}
    | {"index", "idx", "row", "rank", "number", "num", "no", "nr", "nummer", "unnamed"}
    | {"count", "quantity", "qty", "menge", "anzahl"}
)
# Not prices unless they are named so: discount_price, price_per_kg.
_OTHER_FIGURES = frozenset(
    {"key", "position", "day", "month", "pieces", "units", "stock", "age", "size", "words"}
    | {"rating", "ratings", "star", "stars", "review", "reviews", "votes", "score", "tokens"}
    | {"weight", "gewicht", "kg", "g", "lb", "oz", "length", "width", "height", "km", "driven"}
    | {"miles", "mileage", "percent", "pct", "percentage", "rate", "discount", "rabatt", "tax"}
)
# Prices of something else than the product, or not what it is sold for.
_LESS_LIKELY = frozenset(
    {"shipping", "delivery", "versand", "original", "old", "list", "before", "previous", "min"}
    | {"max", "lowest", "highest", "avg", "mean", "average", "total", "tax", "discount"}
)
_WORDS = re.compile(r"[^\W\d_]+")
_CAMEL = re.compile(r"(?<=[a-zß-ÿ])(?=[A-Z])")
_SAMPLE = 300
_SAMPLE_OF_TABLE = 20_000
_LONGEST_NAME = 6  # words; more are a text


class Candidate(NamedTuple):
    """The place of a column that holds amounts.

    `likely` says whether it may be taken without being asked for: not an id, a year, a count.
    """

    place: int
    likely: bool


def name_parts(name: str) -> list[str]:
    """The words that a column's name is made of, in lower case: sellingPrice_USD has three."""
    return _WORDS.findall(_CAMEL.sub(" ", name).lower())


def names_a_price(name: str) -> bool:
    """Whether a column's name says that it holds prices."""
    short = len(name_parts(name)) <= _LONGEST_NAME
    return short and _name_rank(name) < len(_PRICES) and not is_amount(name)


def rank_price_columns(table: TextTable) -> list[Candidate]:
    """The columns that hold amounts, the likeliest price first.

    A name decides before what is in the column. One that is not named a price is likely only if
    most of its cells are amounts and they do not just count up, nor are all of them years; one
    that is named an id, a year, an index or a quantity never is.
    """
    ranked = []
    for index in range(table.width):
        cells = _sample(table, index)
        share = sum(map(is_amount, cells)) / len(cells) if cells else 0.0
        if not share:
            continue
        name = table.names[index] if table.names else ""
        rank = _name_rank(name)
        named, never = rank < len(_PRICES), rank > len(_PRICES)
        counts = table.width > 1 and _only_counts(cells)
        likely = named or not (never or counts or share <= 0.5)
        order = (not likely, rank, _less_likely(name), counts, -_money(cells), index)
        ranked.append((order, Candidate(index, likely)))
    return [candidate for _, candidate in sorted(ranked)]


def _name_rank(name: str) -> int:
    """0 for the surest name of a price, len(_PRICES) for any name, one more for never one."""
    parts = set(name_parts(name))
    rank = next((rank for rank, words in enumerate(_PRICES) if parts & words), len(_PRICES))
    other = rank == len(_PRICES) and bool(parts & _OTHER_FIGURES)
    return len(_PRICES) + 1 if other or parts & _NEVER else rank


def _less_likely(name: str) -> int:
    return len(set(name_parts(name)) & _LESS_LIKELY)


def _sample(table: TextTable, index: int) -> list[str]:
    """Filled cells from all over the column."""
    wanted = min(_SAMPLE, max(20, _SAMPLE_OF_TABLE // table.width))
    step = max(1, len(table.rows) // (4 * wanted))
    filled = [row[index] for row in table.rows[::step] if not is_missing(row[index])]
    return filled[:: max(1, len(filled) // wanted)][:wanted]


def _money(cells: Sequence[str]) -> float:
    """The share of cells with a currency or with cents."""
    marked = 0
    for cell in cells:
        amount = read_amount(cell, "point") or read_amount(cell, "comma")
        marked += bool(amount and (amount.currency or len(amount.decimals) == 2))
    return marked / len(cells)


def _only_counts(cells: Sequence[str]) -> bool:
    """Whether the cells are bare whole numbers that just count up, or are years."""
    if not all(cell.isascii() and cell.isdigit() for cell in cells):
        return False
    numbers = [int(cell[:18]) for cell in cells]
    steps = {after - before for before, after in pairwise(numbers)}
    counts_up = len(numbers) > 2 and len(steps) == 1 and steps != {0}
    return counts_up or all(1900 <= number <= 2100 for number in numbers)
