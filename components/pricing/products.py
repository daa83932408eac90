"""The bundled catalogue: real products with their list prices."""

import json
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

CATALOGUE_FILE = Path(__file__).with_name("catalogue.json")


class Product(BaseModel):
    """A product: US list price in dollars, announced in `year`, before tax."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(pattern=r"^[a-z0-9-]+$")]
    title: str
    category: str
    price_usd: Annotated[float, Field(gt=0, lt=1000)]
    year: int
    description: str

    @property
    def whole_dollars(self) -> int:
        """The price to the nearest dollar, which is what the prompts ask for."""
        return int(self.price_usd + 0.5)


@cache
def load_catalogue() -> dict[str, Product]:
    """The products by id, in the file's order."""
    content = json.loads(CATALOGUE_FILE.read_text(encoding="utf-8"))
    products = TypeAdapter(list[Product]).validate_python(content)
    return {product.id: product for product in products}
