"""Real tokenizer.json files, changed at random: what may be brought by mistake or in malice."""

import json
import random
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from tests.support.untrusted_tokenizers import replacing, template

_ENTRIES = 3000  # of a real vocabulary: the first ones, and all of digits
_VALUES = (
    *(None, True, -1, 0, 1, 2**31, 2**63, 1e308, "", "1", "[UNK]", "\u2581", "\n"),
    *([], {}, [[]], [["1", "2"]], {"1": 0}, {"type": "ByteLevel"}, "9" * 1000),
)
_PARTS = (
    {"type": "Lowercase"},
    {"type": "Strip", "strip_left": True, "strip_right": True},
    replacing("1", ""),
    replacing("0", "00000000"),
    replacing("$", "1"),
    {"type": "Replace", "pattern": {"Regex": r"\\d+"}, "content": "#"},
    {"type": "Replace", "pattern": {"Regex": r"([a-z ]+)+\\$\\$"}, "content": ""},
    {"type": "Prepend", "prepend": "1" * 100_000},
    {"type": "Digits", "individual_digits": True},
    {"type": "Whitespace"},
    {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
    {"type": "Metaspace", "replacement": "_", "prepend_scheme": "always", "split": True},
    {"type": "FixedLength", "length": 1},
    {
        "type": "Split",
        "pattern": {"Regex": r"(\\d|\\d\\d)+\\w*x"},
        "behavior": "Removed",
        "invert": True,
    },
    {"type": "Strip", "content": "1", "start": 10**9, "stop": 10**9},
    {"type": "ByteFallback"},
    {"type": "Fuse"},
    {"type": "WordPiece", "prefix": "1", "cleanup": True},
    template(1000, 1000),
    template(1, 3),
)


@cache
def _real(path: Path) -> str:
    whole = json.loads(path.read_text(encoding="utf-8"))
    model = whole["model"]
    kept = {t: i for t, i in model["vocab"].items() if i < _ENTRIES or t.isdigit()}
    model["vocab"] = kept
    merges = [m if isinstance(m, list) else m.split(" ") for m in model["merges"]]
    model["merges"] = [[a, b] for a, b in merges if {a, b, a + b} <= kept.keys()]
    return json.dumps(whole)


def mutated(seed: int, paths: list[Path]) -> bytes:
    """A real tokenizer.json with one to four changes, the same for the same seed."""
    draw = random.Random(seed)
    whole = json.loads(_real(draw.choice(paths)))
    for _ in range(draw.randint(1, 4)):
        draw.choice(_CHANGES)(whole, draw)
    content = json.dumps(whole).encode()
    if draw.random() < 0.1:
        place = draw.randrange(len(content))
        content = content[:place] + draw.randbytes(3) + content[place + draw.randint(0, 9) :]
    if draw.random() < 0.03:
        content = content[: draw.randrange(len(content))]
    return content


def _any_value(whole: dict[str, Any], draw: random.Random) -> None:
    """A field, of any depth but not of the vocabulary, becomes something else."""
    holder: Any = whole
    while True:
        keys = list(holder) if isinstance(holder, dict) else range(len(holder))
        keys = [key for key in keys if key not in ("vocab", "merges")]
        if not keys:
            return
        key = draw.choice(list(keys))
        if isinstance(holder[key], dict | list) and holder[key] and draw.random() < 0.7:
            holder = holder[key]
            continue
        if draw.random() < 0.2:
            del holder[key]
        else:
            holder[key] = draw.choice(_VALUES)
        return


def _part(whole: dict[str, Any], draw: random.Random) -> None:
    slot = draw.choice(["normalizer", "pre_tokenizer", "decoder", "post_processor"])
    part = draw.choice(_PARTS)
    if draw.random() < 0.4:
        plural = {"normalizer": "normalizers", "pre_tokenizer": "pretokenizers"}
        plural |= {"decoder": "decoders", "post_processor": "processors"}
        steps = [step for step in (whole.get(slot), part) if step]
        part = {"type": "Sequence", plural[slot]: draw.sample(steps, len(steps))}
    whole[slot] = part


def _vocabulary(whole: dict[str, Any], draw: random.Random) -> None:
    vocab = _vocab(whole)
    for token in draw.sample(list(vocab), min(len(vocab), draw.choice([1, 10, 1000]))):
        match draw.randrange(4):
            case 0:
                del vocab[token]
            case 1:
                vocab[token] = draw.choice([0, 1, vocab[token] + 1, 10**6, 2**32 - 1])
            case 2:
                vocab[draw.choice(["7", "12", "$", ",", "<unk>", "", " ", "\u0661"])] = vocab[token]
            case _:
                other = draw.choice(list(vocab))
                vocab[token], vocab[other] = vocab[other], vocab[token]


def _digits(whole: dict[str, Any], draw: random.Random) -> None:
    vocab = _vocab(whole)
    for token in [t for t in vocab if t.isdigit() or t in ("$", ",")]:
        if draw.random() < 0.3:
            vocab[token] = draw.choice([vocab.get(",", 0), vocab.get("1", 0), vocab[token]])
        elif draw.random() < 0.3:
            del vocab[token]


def _vocab(whole: dict[str, Any]) -> dict[str, Any]:
    model = whole.get("model")
    vocab = model.get("vocab") if isinstance(model, dict) else None
    return vocab if isinstance(vocab, dict) else {}


def _merges(whole: dict[str, Any], draw: random.Random) -> None:
    model = whole.get("model")
    if isinstance(model, dict) and isinstance(model.get("merges"), list):
        draw.shuffle(model["merges"])
        model["merges"] = model["merges"][: draw.choice([0, 100, 10**6])]


def _added(whole: dict[str, Any], draw: random.Random) -> None:
    token = {
        "id": draw.choice([0, 16, 10**6, 50_257]),
        "content": draw.choice(["1", "$", "12", "is $", "", "0" * 50, "Price", ",0", "99"]),
        **{f: draw.random() < 0.5 for f in ("single_word", "lstrip", "rstrip", "special")},
        "normalized": draw.random() < 0.5,
    }
    if isinstance(whole.get("added_tokens"), list):
        whole["added_tokens"].append(token)


def _training(whole: dict[str, Any], draw: random.Random) -> None:
    model = whole.get("model")
    if isinstance(model, dict):
        model |= {
            "dropout": draw.choice([None, 0.1, 0.9, 1.0, 2.0]),
            "unk_token": draw.choice([None, "<unk>", "1", "nowhere"]),
            "fuse_unk": draw.random() < 0.5,
            "byte_fallback": draw.random() < 0.5,
            "ignore_merges": draw.random() < 0.5,
            "continuing_subword_prefix": draw.choice([None, "", "##", "1"]),
            "end_of_word_suffix": draw.choice([None, "", "</w>", "0"]),
        }


_CHANGES: tuple[Callable[[dict[str, Any], random.Random], None], ...] = (
    *(_any_value, _part, _vocabulary, _digits, _merges, _added, _training),
)
