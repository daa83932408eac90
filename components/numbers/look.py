"""What pages ask of a tokenizer: its strategy, an atlas, a text cut, counts.

A tokenizer that the registry pins is asked here, `OpenTokenizer`. One that nobody vouched for is
asked in a process of its own, `StrangersTokenizer`: it is never opened in the app, which gets data.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from components.numbers.atlas import NumberAtlas, number_atlas
from components.numbers.context import IN_PLACE, PREFIX, NumberContext
from components.numbers.cost import sequence_costs
from components.numbers.strategy import NumberingStrategy, long_numbers, numbering_strategy
from components.tokenization import TokenStrip, backend, cut_text, strip_of
from components.tokenization.trial import (
    ask_elsewhere,
    library_failures,
    open_stranger,
    standard_texts,
    try_short,
    try_texts,
)

if TYPE_CHECKING:
    import pandas as pd

    from components.tokenization.fast_tokenizer import AnyTokenizer

_NUMBERS = range(1000)


@dataclass(frozen=True)
class Sequences:
    """Training sequences whose cost is counted: an entry of each per product, as sequence_costs."""

    descriptions: tuple[str, ...]
    prompts: tuple[str, ...]
    dollars: tuple[int, ...]


@dataclass(frozen=True)
class Overview:
    """How a tokenizer writes numbers, and its `sequence_costs`, a row per product."""

    strategy: NumberingStrategy
    costs: pd.DataFrame


class TokenizerLook(Protocol):
    """A tokenizer, here or elsewhere. Every method raises TokenizerError for what it can't do."""

    def overview(self, sequences: Sequences) -> Overview:
        """Its strategy, and what sequences cost."""
        ...

    def atlas(self, numbers: Sequence[int], template: str = IN_PLACE) -> NumberAtlas:
        """As `number_atlas`; ContextError too."""
        ...

    def cut(self, text: str) -> TokenStrip:
        """As `cut_text`."""
        ...

    def lengths(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, without BOS or EOS."""
        ...


@dataclass(frozen=True)
class OpenTokenizer:
    """One that is open in this process."""

    tokenizer: AnyTokenizer

    def overview(self, sequences: Sequences) -> Overview:
        """As TokenizerLook has it."""
        costs = sequence_costs(
            self.tokenizer, sequences.descriptions, sequences.prompts, sequences.dollars
        )
        return Overview(numbering_strategy(self.tokenizer), costs)

    def atlas(self, numbers: Sequence[int], template: str = IN_PLACE) -> NumberAtlas:
        """As TokenizerLook has it."""
        return number_atlas(self.tokenizer, numbers, template)

    def cut(self, text: str) -> TokenStrip:
        """As TokenizerLook has it."""
        return cut_text(self.tokenizer, text)

    def lengths(self, texts: Sequence[str]) -> list[int]:
        """As TokenizerLook has it."""
        encoded = backend(self.tokenizer).encode_batch_fast(list(texts), add_special_tokens=False)
        return [len(one) for one in encoded]


class StrangersTokenizer:
    """One that nobody vouched for: each question is a process of its own.

    `source` is the content of a tokenizer.json, or the folder of a model's tokenizer. The atlas of
    0 to 999 in place comes with the overview, and is kept.
    """

    def __init__(self, source: bytes | Path):
        self._source = source
        self._in_place: NumberAtlas | None = None

    def overview(self, sequences: Sequences) -> Overview:
        """As TokenizerLook has it."""
        import pandas as pd

        asked = {
            "descriptions": sequences.descriptions,
            "prompts": sequences.prompts,
            "dollars": sequences.dollars,
        }
        told = self._ask("overview", asked, _texts_of_overview(sequences))
        self._in_place = _atlas_of(_NUMBERS, IN_PLACE, told["in_place"])
        return Overview(_strategy_of(told["strategy"]), pd.DataFrame(told["costs"]))

    def atlas(self, numbers: Sequence[int], template: str = IN_PLACE) -> NumberAtlas:
        """As TokenizerLook has it."""
        context = NumberContext.parse(template)
        listed = list(numbers)
        if template == IN_PLACE and listed == list(_NUMBERS) and self._in_place is not None:
            return self._in_place
        texts = list(map(context.write, listed))
        told = self._ask("atlas", {"numbers": listed, "template": template}, texts)
        return _atlas_of(listed, template, told)

    def cut(self, text: str) -> TokenStrip:
        """As TokenizerLook has it."""
        return strip_of(text, self._ask("cut", {"text": text}, [text]))

    def lengths(self, texts: Sequence[str]) -> list[int]:
        """As TokenizerLook has it."""
        return self._ask("lengths", {"texts": list(texts)}, texts)

    def _ask(self, what: str, asked: Mapping[str, Any], texts: Sequence[str]) -> Any:
        return ask_elsewhere(answer_here, self._source, {"what": what, **asked}, texts)


def answer_here(payload: bytes) -> Any:
    """What a StrangersTokenizer asks of a process of its own."""
    stranger, asked = open_stranger(payload)
    texts = _texts(asked)
    if asked["what"] == "overview":
        try_short(stranger)
    try_texts(stranger, texts)
    with library_failures(stranger, texts[0] if texts else ""):
        return _answer(OpenTokenizer(stranger.tokenizer), asked)


def _texts(asked: Mapping[str, Any]) -> list[str]:
    match asked["what"]:
        case "overview":
            return _texts_of_overview(_sequences(asked))
        case "atlas":
            return list(map(NumberContext.parse(asked["template"]).write, asked["numbers"]))
        case "cut":
            return [asked["text"]]
    return asked["texts"]


def _answer(look: OpenTokenizer, asked: Mapping[str, Any]) -> Any:
    match asked["what"]:
        case "overview":
            found = look.overview(_sequences(asked))
            return {
                "strategy": _strategy_as_json(found.strategy),
                "costs": found.costs.to_dict("list"),
                "in_place": _atlas_as_json(look.atlas(_NUMBERS)),
            }
        case "atlas":
            return _atlas_as_json(look.atlas(asked["numbers"], asked["template"]))
        case "cut":
            return look.cut(asked["text"]).as_json()
    return look.lengths(asked["texts"])


def _sequences(asked: Mapping[str, Any]) -> Sequences:
    return Sequences(*(tuple(asked[name]) for name in ("descriptions", "prompts", "dollars")))


def _texts_of_overview(sequences: Sequences) -> list[str]:
    long = [NumberContext(PREFIX).write(number) for number in long_numbers()]
    asked = [f"{p}{n}" for p, n in zip(sequences.prompts, sequences.dollars, strict=True)]
    return [*standard_texts(), *long, *sequences.descriptions, *asked]


def _atlas_as_json(atlas: NumberAtlas) -> dict[str, Any]:
    """Each vocabulary entry once: an atlas of 100,000 numbers repeats a few hundred."""
    places: dict[str, int] = {}
    pieces = [[places.setdefault(one, len(places)) for one in row] for row in atlas.pieces]
    return {"entries": list(places), "pieces": pieces, "unwritable": list(atlas.unwritable.items())}


def _atlas_of(numbers: Sequence[int], template: str, told: Mapping[str, Any]) -> NumberAtlas:
    entries = told["entries"]
    return NumberAtlas(
        NumberContext.parse(template),
        np.array(numbers, dtype=np.int64),
        [tuple([entries[place] for place in row]) for row in told["pieces"]],
        dict(told["unwritable"]),
    )


def _strategy_as_json(strategy: NumberingStrategy) -> Any:
    from pydantic import TypeAdapter

    return json.loads(TypeAdapter(NumberingStrategy).dump_json(strategy))


def _strategy_of(told: Any) -> NumberingStrategy:
    from pydantic import TypeAdapter

    return TypeAdapter(NumberingStrategy).validate_json(json.dumps(told))
