"""A tokenizer that nobody has vouched for is tried in a process of its own, on what it will encode.

A tokenizer.json is a program: its patterns, replacements and templates can abort the tokenizers
library, keep it busy for ever or fill the memory. What fails here is a message; what passes is
opened in the app, where the same texts do the same.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from components.control import Control
from components.errors import TokenizerError
from components.isolation import IsolationError, Limits, allow_processor_time, run_isolated
from components.tokenization.content import check_content, explain_refusal, lacks_unk_id
from components.tokenization.fast_tokenizer import as_for_inference

if TYPE_CHECKING:
    from tokenizers import Tokenizer

T = TypeVar("T")

_FORMS = ("Price is ${}", "{}", "Price is {}", "Price is ${}.00", "Price is $-{}")
_LONG_NUMBERS = ("1000", "1,000", "9999", "12999", "129999", "999,999", "07", "007")
_WORDS = "wireless headphones with long battery life and a case for travel "
# The largest tokenizer.json in use, 33 MB, takes 0.4 GB and 3 s to read, and another 2 s to try.
_BASE_MEMORY_MB, _MEMORY_PER_MB = 300, 12
_READ_SECONDS, _TRY_SECONDS = 4, 3
_SECONDS_PER_MB = 0.25
_TEXTS_PER_SECOND = 20_000
_MOST_TOKENS = 2000  # of one short text, with those that the tokenizer puts around it
_BATCH = 1000
_WAY_OUT = "Upload the tokenizer.json of a language model on the Hub, or pick another model."

_passed: set[bytes] = set()
_passed_lock = threading.Lock()  # guards _passed


def standard_texts() -> list[str]:
    """0 to 999 in the forms that the pages write them in, longer numbers, and a long text."""
    numbers = [*map(str, range(1000)), *_LONG_NUMBERS]
    forms = [form.format(number) for form in _FORMS for number in numbers]
    return [*forms, 60 * _WORDS, "0123456789 " * 100, f"{20 * _WORDS}\n\nPrice is $349.99"]


def try_tokenizer(
    content: bytes, texts: Sequence[str] = (), control: Control | None = None
) -> None:
    """Open the content of a tokenizer.json elsewhere; encode and decode the texts there.

    `texts` come on top of `standard_texts()`. What passed once in this process is not tried again.
    Raises TokenizerError, which says what is wrong with the file.
    """
    check_content(content)
    listed = json.dumps(list(texts)).encode()
    digest = hashlib.sha256(listed + b"\n" + content).digest()
    with _passed_lock:
        if digest in _passed:
            return
    size = len(content) / 1e6
    trying = _seconds_to_try(size, len(texts))
    reading = _READ_SECONDS + round(_SECONDS_PER_MB * size)
    limits = Limits(
        memory_mb=_BASE_MEMORY_MB + round(_MEMORY_PER_MB * size),
        cpu_seconds=reading,
        seconds=20.0 + 3 * (reading + trying),
    )
    try:
        run_isolated(try_here, listed + b"\n" + content, limits, control)
    except IsolationError as error:
        raise TokenizerError(
            _what_happened(error), way_out=_WAY_OUT, details=error.detail or None
        ) from error
    with _passed_lock:
        _passed.add(digest)


def _seconds_to_try(size_mb: float, texts: int) -> int:
    return _TRY_SECONDS + round(_SECONDS_PER_MB * size_mb + texts / _TEXTS_PER_SECOND)


def _what_happened(error: IsolationError) -> str:
    what = {
        "memory": "writing short texts takes it more memory than any tokenizer needs",
        "time": "one of its patterns takes it too long on short texts",
        "crash": "it makes the tokenizers library crash",
        "output": "what it writes is too large",
    }[error.reason]
    return f"This tokenizer can't be used: {what}."


def try_here(payload: bytes) -> dict[str, int]:
    """What `try_tokenizer` has a process of its own do. TokenizerError says what failed."""
    listed, content = payload.split(b"\n", 1)
    texts = json.loads(listed)
    from tokenizers import Tokenizer

    tokenizer: Tokenizer = _attempt(
        lambda: Tokenizer.from_buffer(content),
        lambda error: explain_refusal(content, str(error)),
    )
    as_for_inference(tokenizer)
    allow_processor_time(_seconds_to_try(len(content) / 1e6, len(texts)))
    _try_short(tokenizer, content)
    for batch in _batches([*standard_texts(), *texts]):
        _try_batch(tokenizer, content, batch)
    _try_vocabulary(tokenizer)
    return {"tokens": tokenizer.get_vocab_size()}


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


def _try_short(tokenizer: Tokenizer, content: bytes) -> None:
    text = "Price is $349"
    encoded = _attempt(lambda: tokenizer.encode(text), lambda e: _cant_encode(content, text, e))
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


def _try_batch(tokenizer: Tokenizer, content: bytes, texts: Sequence[str]) -> None:
    def encode(batch: Sequence[str]) -> list[list[int]]:
        return [e.ids for e in tokenizer.encode_batch(list(batch), add_special_tokens=False)]

    def alone(text: str) -> None:
        _attempt(lambda: encode([text]), lambda error: _cant_encode(content, text, error))

    def explain(error: BaseException) -> TokenizerError:
        for text in texts:
            alone(text)
        return _cant_encode(content, texts[0], error)

    written = _attempt(lambda: encode(texts), explain)
    _attempt(lambda: tokenizer.encode(texts[-1]), lambda e: _cant_encode(content, texts[-1], e))
    _attempt(
        lambda: tokenizer.decode_batch(written, skip_special_tokens=False),
        _cant_decode,
    )


def _try_vocabulary(tokenizer: Tokenizer) -> None:
    """Each token alone after a dollar sign, as the number trie looks at them."""

    def decode() -> None:
        before = tokenizer.encode("$", add_special_tokens=False).ids
        tokens = sorted(tokenizer.get_vocab(with_added_tokens=True).values())
        for batch in _batches([[*before, token] for token in tokens]):
            tokenizer.decode_batch(list(batch), skip_special_tokens=False)

    _attempt(decode, _cant_decode)


def _cant_encode(content: bytes, text: str, error: BaseException) -> TokenizerError:
    shown = text if len(text) <= 60 else f"{text[:60]}…"
    if "unk_id" in str(error) and lacks_unk_id(content):
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
