"""The text that a number stands in: before it, how it is written, and after it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from components.errors import ContextError

PREFIX = "Price is $"
IN_PLACE = "Price is ${n}"
CONTEXTS = {
    IN_PLACE: "after “Price is $”",
    "{n}": "bare",
    "Price is {n}": "after a space",
    "Price is ${n:.2f}": "with cents",
    "Price is ${n:,}": "with thousands comma",
    "Price is $-{n}": "negative",
}

_FIELD = re.compile(r"\{n(?::(,?(?:\.\d)?f?))?\}", re.ASCII)
_SPECS = ("", ",", ".2f", ",.2f")
_MAX_TEMPLATE = 500


@dataclass(frozen=True)
class NumberContext:
    """The text before a number, the format spec that it is written with, and the text after it."""

    prefix: str
    spec: str = ""
    suffix: str = ""

    @classmethod
    def parse(cls, template: str) -> NumberContext:
        """The context of a template that holds `{n}` once, or `{n:,}`, `{n:.2f}`, `{n:,.2f}`.

        Any other brace stands for itself. Raises ContextError.
        """
        fields = list(_FIELD.finditer(template))
        problem = None
        if len(template) > _MAX_TEMPLATE:
            problem = f"it has {len(template):,} characters, more than {_MAX_TEMPLATE}"
        elif len(fields) != 1:
            problem = f"it holds {{n}} {len(fields)} times" if fields else "it holds no {n}"
        elif (fields[0].group(1) or "") not in _SPECS:
            problem = f"{fields[0].group()} is no way to write the number"
        if problem is not None:
            raise ContextError(
                f"The context can't be used: {problem}.",
                way_out="Write the text with {n} once, where the number stands; {n:,} writes it"
                " with thousands commas, {n:.2f} with cents.",
            )
        (field,) = fields
        return cls(template[: field.start()], field.group(1) or "", template[field.end() :])

    def number(self, number: int) -> str:
        """The number as it is written here."""
        return format(number, self.spec)

    def write(self, number: int) -> str:
        """The whole text with the number in its place."""
        return f"{self.prefix}{self.number(number)}{self.suffix}"
