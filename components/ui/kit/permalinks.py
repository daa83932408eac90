"""Choices that live in the URL, written there as ids.

Streamlit's own binding writes a select widget's labels into the URL, and a link must outlive a
label; nor does it mix with parameters that the script writes. So each choice is stored under a
session key that no widget has, which also outlives the page that its widget is on.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import MappingProxyType
from typing import Generic, TypeVar
from urllib.parse import urlencode

import streamlit as st

from components.ui.kit import streamlit_compat

T = TypeVar("T")


@dataclass(frozen=True)
class Parameter(Generic[T]):
    """A value under the query parameter `name`.

    `read` makes a value of what a URL or widget holds, `write` the URL's texts of a value;
    `spell_default` says whether the URL names the value even when it is the default or empty,
    `longest` how many characters a text may have to be put there.
    """

    name: str
    default: T
    read: Callable[[list[str]], T]
    write: Callable[[T], list[str]]
    spell_default: bool = False
    longest: int = 8000

    @property
    def widget_key(self) -> str:
        """The key of the widget that shows the value."""
        return f"{self.name}_widget"

    def value(self) -> T:
        """This visit's value: chosen before, else the URL's, else the default."""
        if self._key not in st.session_state:
            in_url = st.query_params.get_all(self.name)
            texts = [text for text in in_url if text]
            emptied = self.spell_default and in_url == [""]
            value = self.read(texts) if texts or emptied else self.default
            # A link of which nothing is usable shows what a bare one does.
            st.session_state[self._key] = value if self.write(value) or emptied else self.default
        return st.session_state[self._key]

    def choose(self, value: T) -> None:
        """Choose another value."""
        st.session_state[self._key] = self.read(self.write(value))

    def _prepare(self) -> T:
        """Set the widget with key `widget_key` and the URL to the value, and return it."""
        value = self.value()
        st.session_state[self.widget_key] = value
        texts = [] if value == self.default else self.write(value)
        if self.spell_default:
            texts = self.write(value) or [""]
        if sum(map(len, texts)) > self.longest:
            texts = []  # remembered for this visit alone
        in_url = st.query_params.get_all(self.name)
        if texts and in_url != texts:
            st.query_params[self.name] = texts
        elif in_url and not texts:
            del st.query_params[self.name]  # an empty list would leave the address as it is
        return value

    def _take(self) -> None:
        """The widget's `on_change`: its value becomes the parameter's."""
        self.choose(st.session_state[self.widget_key])

    @property
    def _key(self) -> str:
        return f"{self.name}_chosen"


def bound(
    widget: Callable[..., object],
    parameter: Parameter[T],
    *args: object,
    on_change: Callable[[], None] | None = None,
    **options: object,
) -> T:
    """Draw `widget(*args, **options)` bound to the parameter and the URL; the parameter's value.

    `on_change` is for a widget whose value is not simply the parameter's.
    """
    value = parameter._prepare()
    widget(*args, key=parameter.widget_key, on_change=on_change or parameter._take, **options)
    return value


def address() -> str | None:
    """The address that shows what this visitor sees now; None where there is no browser."""
    page = streamlit_compat.page_address()
    query = {name: st.query_params.get_all(name) for name in st.query_params}
    return None if page is None else f"{page}?{urlencode(query, doseq=True)}"


def one_of(name: str, options: Sequence[str], default: str) -> Parameter[str]:
    """Exactly one of `options`."""

    def read(texts: list[str]) -> str:
        return next((text for text in texts if text in options), default)

    return Parameter(name, default, read, lambda value: [value])


def some_of(
    name: str,
    options: Sequence[str],
    default: Sequence[str] = (),
    renamed: Mapping[str, str] = MappingProxyType({}),
) -> Parameter[list[str]]:
    """Any of `options`; with none of them, the default.

    `renamed` maps names that older links hold to the options' names now.
    """

    def read(texts: list[str]) -> list[str]:
        current = [renamed.get(text, text) for text in texts]
        return [text for text in current if text in options] or list(default)

    return Parameter(name, list(default), read, list)


def texts(name: str) -> Parameter[list[str]]:
    """Any texts, none by default."""
    return Parameter(name, [], list, list)


def models(
    name: str,
    default: Sequence[str],
    clean: Callable[[list[str]], list[str]],
    *,
    spell_default: bool = False,
) -> Parameter[list[str]]:
    """A list of Hub ids."""
    return Parameter(name, list(default), clean, list, spell_default)


def positive_number(name: str) -> Parameter[float | None]:
    """A number above zero, or None."""

    def read(texts: list[str]) -> float | None:
        with suppress(ValueError):
            number = float(texts[0]) if texts else 0.0
            return number if 0 < number < float("inf") else None
        return None

    return Parameter(name, None, read, lambda value: [] if value is None else [f"{value:g}"])


def number(name: str) -> Parameter[float | None]:
    """Any finite number, or None."""

    def read(texts: list[str]) -> float | None:
        with suppress(ValueError):
            found = float(texts[0]) if texts else math.nan
            return found if math.isfinite(found) else None
        return None

    return Parameter(name, None, read, lambda value: [] if value is None else [f"{value:.12g}"])


def number_between(name: str, low: float, high: float, default: float) -> Parameter[float]:
    """A number from `low` to `high`."""

    def read(texts: list[str]) -> float:
        with suppress(ValueError, IndexError):
            number = float(texts[0])
            return number if low <= number <= high else default
        return default

    return Parameter(name, default, read, lambda value: [f"{value:g}"])


def flag(name: str) -> Parameter[bool]:
    """Yes or no, no by default."""
    return Parameter(
        name, False, lambda texts: texts == ["true"], lambda value: ["true"] if value else []
    )


def text(name: str, default: str = "", *, longest: int = 8000) -> Parameter[str]:
    """A text; one of more characters than `longest` is remembered for this visit only."""
    return Parameter(
        name,
        default,
        lambda texts: "".join(texts[:1]),
        lambda value: [value] if value else [],
        longest=longest,
    )


def whole_number(name: str, default: int, *, low: int, high: int) -> Parameter[int]:
    """A whole number from `low` to `high`."""

    def read(texts: list[str]) -> int:
        with suppress(ValueError):
            number = int(texts[0]) if texts else default
            return number if low <= number <= high else default
        return default

    return Parameter(name, default, read, lambda value: [str(value)])
