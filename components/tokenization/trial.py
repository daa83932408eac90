"""A tokenizer that nobody has vouched for is opened in a process of its own.

A tokenizer.json is a program: its patterns, replacements and templates can abort the tokenizers
library, keep it busy for ever or fill the memory. There it is a message. `try_tokenizer` tries one
that a model needs in the app itself; `ask_elsewhere` has any other work with one done there, and
only its answer comes back.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from components.control import Control
from components.errors import TokenizerError
from components.isolation import (
    IsolationError,
    Limits,
    allow_memory,
    allow_processor_time,
    run_isolated,
)
from components.tokenization.content import check_content, explain_refusal, lacks_unk_id
from components.tokenization.fast_tokenizer import as_for_inference

if TYPE_CHECKING:
    from tokenizers import Tokenizer

T = TypeVar("T")

_FILE = "tokenizer.json"
_READ_WITH_IT = (_FILE, "tokenizer_config.json", "special_tokens_map.json")
_FORMS = ("Price is ${}", "{}", "Price is {}", "Price is ${}.00", "Price is $-{}")
_LONG_NUMBERS = ("1000", "1,000", "9999", "12999", "129999", "999,999", "07", "007")
_WORDS = "wireless headphones with long battery life and a case for travel "
# As long as the longest question that pages accept, a description with its wording, and more.
_LONG = 12_000
# The largest tokenizer.json in use, 33 MB, takes 0.4 GB and 3 s to read, and another 2 s to try.
_BASE_MEMORY_MB, _MEMORY_PER_MB = 300, 12
_IMPORTS_MB, _IMPORTS_SECONDS = 4000, 8  # transformers, for a model's folder
_READ_SECONDS, _TRY_SECONDS = 4, 3
_SECONDS_PER_MB = 0.25
_TEXTS_PER_SECOND, _CHARACTERS_PER_SECOND = 10_000, 200_000
_MOST_TOKENS = 2000  # of one short text, with those that the tokenizer puts around it
_BATCH = 1000
_WAY_OUT = "Upload the tokenizer.json of a language model on the Hub, or pick another model."

_passed: set[bytes] = set()
_passed_lock = threading.Lock()  # guards _passed


@dataclass(frozen=True)
class Stranger:
    """A tokenizer that nobody vouched for, open in a process of its own.

    `content` is its tokenizer.json.
    """

    tokenizer: Tokenizer
    content: bytes


def standard_texts() -> list[str]:
    """0 to 999 in the forms that the pages write them in, and longer numbers."""
    numbers = [*map(str, range(1000)), *_LONG_NUMBERS]
    return [form.format(number) for form in _FORMS for number in numbers]


def long_texts() -> list[str]:
    """Texts of the length of the longest question: words, digits, and one sign all along."""
    mixed = [_WORDS, "0123456789 ", f"{_WORDS}\n\nPrice is $349.99\n"]
    return [
        *(text * (_LONG // len(text)) for text in mixed),
        *(sign * _LONG for sign in ("a", "9", "$", " ", "\n")),
    ]


def try_tokenizer(
    source: bytes | Path, texts: Sequence[str] = (), control: Control | None = None
) -> None:
    """Open the content of a tokenizer.json, or a folder's, elsewhere; encode and decode there.

    `texts` come on top of `standard_texts()` and `long_texts()`. What passed once in this process
    is not tried again. Raises TokenizerError, which says what is wrong with the file.
    """
    digest = hashlib.sha256(json.dumps(list(texts)).encode())
    for content in _contents(source):
        digest.update(b"\n" + content)
    with _passed_lock:
        if digest.digest() in _passed:
            return
    tried = [*standard_texts(), *long_texts(), *texts]
    ask_elsewhere(try_here, source, {"texts": list(texts)}, tried, control)
    with _passed_lock:
        _passed.add(digest.digest())


def ask_elsewhere(
    answer: Callable[[bytes], Any],
    source: bytes | Path,
    asked: Mapping[str, Any],
    texts: Sequence[str],
    control: Control | None = None,
) -> Any:
    """What `answer` says of the tokenizer in `source`, in a process of its own.

    `answer` is a function of a module; what it is given, `open_stranger` reads. `texts` are those
    that it will encode: the time it may take goes by them. TokenizerError says what is wrong with
    the tokenizer, also where it crashes, hangs or floods the process.
    """
    if isinstance(source, bytes):
        check_content(source)
        size, content, folder = len(source) / 1e6, source, None
    else:
        size, content, folder = (source / _FILE).stat().st_size / 1e6, b"", str(source)
    characters = sum(map(len, texts))
    seconds = _TRY_SECONDS + round(
        _SECONDS_PER_MB * size
        + len(texts) / _TEXTS_PER_SECOND
        + characters / _CHARACTERS_PER_SECOND
    )
    reading = _READ_SECONDS + round(_SECONDS_PER_MB * size) + (_IMPORTS_SECONDS if folder else 0)
    limits = Limits(_IMPORTS_MB, reading, 20.0 + 3 * (reading + seconds), output_mb=32)
    head = {"folder": folder, "seconds": seconds, "asked": dict(asked)}
    payload = json.dumps(head).encode() + b"\n" + content
    try:
        return run_isolated(answer, payload, limits, control, "models" if folder else "data")
    except IsolationError as error:
        raise TokenizerError(
            _what_happened(error), way_out=_WAY_OUT, details=error.detail or None
        ) from error


def _contents(source: bytes | Path) -> list[bytes]:
    if isinstance(source, bytes):
        return [source]
    files = [source / name for name in _READ_WITH_IT]
    return [file.read_bytes() if file.is_file() else b"" for file in files]


def _what_happened(error: IsolationError) -> str:
    what = {
        "memory": "writing short texts takes it more memory than any tokenizer needs",
        "time": "one of its patterns takes it too long",
        "crash": "it makes the tokenizers library crash",
        "output": "what it writes is too large",
    }[error.reason]
    return f"This tokenizer can't be used: {what}."


# What follows runs in the process of its own.


def open_stranger(payload: bytes) -> tuple[Stranger, dict[str, Any]]:
    """The tokenizer that `ask_elsewhere` was given, and what it was asked.

    From here on the process has the time and memory for that. TokenizerError.
    """
    line, content = payload.split(b"\n", 1)
    head = json.loads(line)
    from tokenizers import Tokenizer

    folder = None if head["folder"] is None else Path(head["folder"])
    if folder is not None:
        from transformers import PreTrainedTokenizerFast  # noqa: F401  # before memory is limited

        size = (folder / _FILE).stat().st_size
        content = (folder / _FILE).read_bytes()
        check_content(content)
    else:
        size = len(content)
    per_mb = _MEMORY_PER_MB * (1 if folder is None else 2)  # opened twice
    allow_memory(_BASE_MEMORY_MB + round(per_mb * size / 1e6))
    tokenizer: Tokenizer = _attempt(
        lambda: Tokenizer.from_buffer(content),
        lambda error: explain_refusal(content, str(error)),
    )
    if folder is not None:
        tokenizer = _attempt(lambda: _as_transformers_opens(folder), _cant_open)
    as_for_inference(tokenizer)
    allow_processor_time(head["seconds"])
    return Stranger(tokenizer, content), head["asked"]


def _as_transformers_opens(folder: Path) -> Tokenizer:
    from transformers import PreTrainedTokenizerFast

    opened = PreTrainedTokenizerFast.from_pretrained(folder, local_files_only=True)
    return opened.backend_tokenizer


def try_here(payload: bytes) -> dict[str, int]:
    """What `try_tokenizer` has a process of its own do. TokenizerError says what failed."""
    stranger, asked = open_stranger(payload)
    try_short(stranger)
    try_texts(stranger, [*standard_texts(), *asked["texts"]])
    for text in long_texts():
        try_texts(stranger, [text])
    try_vocabulary(stranger)
    return {"tokens": stranger.tokenizer.get_vocab_size()}


def _attempt(work: Callable[[], Any], explain: Callable[[BaseException], TokenizerError]) -> Any:
    """The work's result; whatever the library raises, its panics too, as `explain` has it."""
    try:
        return work()
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:  # a panic of the library is no Exception
        raise explain(error) from error


def _batches(items: Sequence[T]) -> list[Sequence[T]]:
    return [items[first : first + _BATCH] for first in range(0, len(items), _BATCH)]


@contextmanager
def library_failures(stranger: Stranger, text: str) -> Iterator[None]:
    """TokenizerError for what the tokenizers library raises; what is ours is raised as it is."""
    try:
        yield
    except BaseException as error:
        # It raises Exception itself, and panics, which are no Exception.
        if type(error) is not Exception and type(error).__name__ != "PanicException":
            raise
        raise _cant_encode(stranger, text, error) from error


def try_short(stranger: Stranger) -> None:
    """Refuse a tokenizer that can't write a short text at all, or as far too many tokens."""
    text, tokenizer = "Price is $349", stranger.tokenizer
    encoded = _attempt(lambda: tokenizer.encode(text), lambda e: _cant_encode(stranger, text, e))
    if len(encoded.ids) > _MOST_TOKENS:
        raise TokenizerError(
            f"This tokenizer can't be used: it writes “{text}” as {len(encoded.ids):,} tokens.",
            way_out=_WAY_OUT,
        )
    if not tokenizer.encode(text, add_special_tokens=False).ids:
        raise TokenizerError(
            f"This tokenizer has no tokens for “{text}”.",
            way_out="Its vocabulary is empty or has no digits: upload another.",
        )


def try_texts(stranger: Stranger, texts: Sequence[str]) -> None:
    """Encode and decode texts; TokenizerError names the first that can't be."""
    for batch in _batches(texts):
        _try_batch(stranger, batch)


def _try_batch(stranger: Stranger, texts: Sequence[str]) -> None:
    tokenizer = stranger.tokenizer

    def encode(batch: Sequence[str]) -> list[list[int]]:
        return [e.ids for e in tokenizer.encode_batch(list(batch), add_special_tokens=False)]

    def alone(text: str) -> None:
        _attempt(lambda: encode([text]), lambda error: _cant_encode(stranger, text, error))

    def explain(error: BaseException) -> TokenizerError:
        for text in texts:
            alone(text)
        return _cant_encode(stranger, texts[0], error)

    written = _attempt(lambda: encode(texts), explain)
    _attempt(
        lambda: tokenizer.encode(texts[-1]), lambda error: _cant_encode(stranger, texts[-1], error)
    )
    _attempt(
        lambda: tokenizer.decode_batch(written, skip_special_tokens=False),
        _cant_decode,
    )


def try_vocabulary(stranger: Stranger) -> None:
    """Each token alone after a dollar sign, as the number trie looks at them."""
    tokenizer = stranger.tokenizer

    def decode() -> None:
        before = tokenizer.encode("$", add_special_tokens=False).ids
        tokens = sorted(tokenizer.get_vocab(with_added_tokens=True).values())
        for batch in _batches([[*before, token] for token in tokens]):
            tokenizer.decode_batch(list(batch), skip_special_tokens=False)

    _attempt(decode, _cant_decode)


def _cant_open(error: BaseException) -> TokenizerError:
    return TokenizerError(
        "The files beside this tokenizer.json do not fit it.",
        way_out="Pick another model.",
        details=str(error)[:2000],
    )


def _cant_encode(stranger: Stranger, text: str, error: BaseException) -> TokenizerError:
    shown = text if len(text) <= 60 else f"{text[:60]}…"
    if "unk_id" in str(error) and lacks_unk_id(stranger.content):
        return TokenizerError(
            f"This tokenizer has no tokens for “{shown}”: its vocabulary lacks some of the"
            " characters, and it has no `unk_id`, the token for what is missing.",
            way_out="Upload a tokenizer whose vocabulary has digits, or set `unk_id`.",
        )
    return TokenizerError(
        f"This tokenizer can't encode “{shown}”.", way_out=_WAY_OUT, details=str(error)[:2000]
    )


def _cant_decode(error: BaseException) -> TokenizerError:
    return TokenizerError(
        "This tokenizer's decoder can't turn tokens into text.",
        way_out=_WAY_OUT,
        details=str(error)[:2000],
    )
