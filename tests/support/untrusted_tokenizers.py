"""Small tokenizer.json files that do harm, or can't do what they are for."""

import json
from typing import Any

from tests.support.small_tokenizer import tokenizer_of_digits

LETTERS = "0123456789$.,-\n Pabcdefghijklmnopqrstuvwxyz"


def content(**parts: Any) -> bytes:
    """A tokenizer of single characters as JSON, with these parts of it replaced."""
    whole = json.loads(tokenizer_of_digits(characters=LETTERS).to_str())
    return json.dumps(whole | parts).encode()


def replacing(pattern: str, text: str) -> dict[str, Any]:
    return {"type": "Replace", "pattern": {"String": pattern}, "content": text}


def template(ids: int, uses: int) -> dict[str, Any]:
    piece = {"SpecialToken": {"id": "<s>", "type_id": 0}}
    return {
        "type": "TemplateProcessing",
        "single": [*[piece] * uses, {"Sequence": {"id": "A", "type_id": 0}}],
        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {"<s>": {"id": "<s>", "ids": [0] * ids, "tokens": ["0"] * ids}},
    }


def harmful() -> dict[str, bytes]:
    """Each by what it does."""
    tenfold = [replacing("i", 10 * "i")] * 9
    return {
        "text grows a billionfold": content(
            normalizer={"type": "Sequence", "normalizers": tenfold}
        ),
        "a template of a hundred million ids": content(post_processor=template(10_000, 10_000)),
        "a pattern that backtracks": content(
            pre_tokenizer={
                "type": "Split",
                "pattern": {"Regex": r"([a-z ]+)+\$\$"},
                "behavior": "Isolated",
                "invert": False,
            }
        ),
        "a decoder that cuts beyond the text": content(
            decoder={"type": "Strip", "content": "P", "start": 1_000_000_000, "stop": 1_000_000_000}
        ),
        "a decoder that grows a billionfold": content(
            decoder={"type": "Sequence", "decoders": tenfold}
        ),
        "megabytes before every text": content(
            normalizer={"type": "Prepend", "prepend": "i" * 10_000_000}
        ),
    }
