"""Choices that live in the URL, written there as ids.

Streamlit's own binding writes a select widget's labels into the URL, and a link must outlive a
label; nor does it mix with parameters that the script writes. So each choice is stored under a
session key that no widget has, which also outlives the page that its widget is on.

The browser keeps an entry in its history per change of the address, so a run writes all that
changed at once (`write_address`): Back then undoes one click. After Back or Forward the address
decides what the page's choices are (`begin_page`).
"""

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

import streamlit as st

from components.settings import load_settings
from components.ui.kit import streamlit_compat
from components.ui.kit.text import plain

T = TypeVar("T")

_PAGE = "page_of_this_run"
_PARAMETERS = "parameters_by_page"


@dataclass(frozen=True)
class Parameter(Generic[T]):
    """A value under the query parameter `name`.

    `read` makes a value of what a URL or widget holds, `write` the URL's texts of a value, `usable`
    says of a text whether `read` takes it (those that it doesn't are said by `say_left_out`);
    `spell_default` says whether the URL names the value even when it is the default or empty,
    `longest` how many characters a text may have to be put there.
    """

    name: str
    default: T
    read: Callable[[list[str]], T]
    write: Callable[[T], list[str]]
    spell_default: bool = False
    longest: int = 8000
    usable: Callable[[str], bool] = lambda _: True

    @property
    def widget_key(self) -> str:
        """The key of the widget that shows the value."""
        return f"{self.name}_widget"

    def value(self) -> T:
        """This visit's value: chosen before, else the URL's, else the default."""
        if self._key not in st.session_state:
            in_url = st.query_params.get_all(self.name)
            texts = [text for text in in_url if text]
            emptied = in_url == [""]
            _leave_out(self.name, [text for text in texts if not self.usable(text)])
            value = self.read(texts) if in_url else self.default
            # A link of which nothing is usable shows what a bare one does.
            st.session_state[self._key] = value if self.write(value) or emptied else self.default
        return st.session_state[self._key]

    def choose(self, value: T) -> None:
        """Choose another value."""
        st.session_state[self._key] = self.read(self.write(value))

    def forget(self) -> None:
        """Take the URL's value from now on; one too long for it stays."""
        if not self._too_long():
            st.session_state.pop(self._key, None)

    def in_address(self) -> list[str]:
        """The texts that the URL has for the value; none for most defaults."""
        value = self.value()
        if self.spell_default:
            return self.write(value) or [""]
        if value == self.default or self._too_long():
            return []
        return self.write(value)

    def _too_long(self) -> bool:
        return sum(map(len, self.write(self.value()))) > self.longest

    def take(self) -> None:
        """The widget's `on_change`: its value becomes the parameter's."""
        self.choose(st.session_state[self.widget_key])

    @property
    def _key(self) -> str:
        return f"{self.name}_chosen"


def show(*parameters: Parameter[Any]) -> None:
    """Say that this page shows the parameters: they belong to its address, which follows them."""
    _parameters_here().update({parameter.name: parameter for parameter in parameters})
    _write(parameters)


def begin_page(page: str) -> None:
    """Begin a whole run of a page, before anything is read: `page` is its name in the URL.

    After Back or Forward what the page shows is read from the address anew.
    """
    st.session_state[_PAGE] = page
    if streamlit_compat.is_history_navigation():
        for parameter in _parameters_here().values():
            parameter.forget()
    write_address()


def current_page() -> str:
    """The page that is shown, by its name in the URL."""
    return st.session_state.get(_PAGE, "")


def write_address() -> None:
    """Put all that was chosen into the URL in one step; a fragment calls this first."""
    _write(list(_parameters_here().values()))


def _parameters_here() -> dict[str, Parameter[Any]]:
    """What this visit has seen of the current page's parameters."""
    pages = st.session_state.setdefault(_PARAMETERS, {})
    return pages.setdefault(current_page(), {})


def _write(parameters: Sequence[Parameter[Any]]) -> None:
    before = {name: st.query_params.get_all(name) for name in st.query_params}
    after = dict(before)
    for parameter in parameters:
        if texts := parameter.in_address():
            after[parameter.name] = texts
        else:
            after.pop(parameter.name, None)
    if after != before:
        st.query_params.from_dict(after)


_LEFT_OUT = "left_out_of_link"
_SLOT = "left_out_slot"
_NAMED = 3


def say_left_out() -> None:
    """Say here, in one line, what of the link can't be used, as the page comes to know it."""
    st.session_state[_SLOT] = st.empty()
    st.session_state[_LEFT_OUT] = []


def _leave_out(name: str, texts: Sequence[str]) -> None:
    if not texts or _SLOT not in st.session_state:
        return
    left_out: list[str] = st.session_state[_LEFT_OUT]
    left_out += [f"{name}={text if len(text) <= 40 else f'{text[:40]}…'}" for text in texts]
    others = f" and {len(left_out) - _NAMED:,} more" if len(left_out) > _NAMED else ""
    st.session_state[_SLOT].warning(
        plain(
            f"Left out of this link, as it can't be used: {', '.join(left_out[:_NAMED])}{others}."
        ),
        icon=":material/link_off:",
    )


def address() -> str | None:
    """A link to what this visitor sees now, every choice of the page spelled out.

    So it shows the same when a default has changed. It leads to $BASEWISE_ADDRESS, else to where
    the browser is; None where there is no browser.
    """
    page = streamlit_compat.page_address()
    if base := load_settings().address:
        page = f"{base}/{current_page()}"
    if page is None:
        return None
    here = _parameters_here().values()
    query = {parameter.name: parameter.write(parameter.value()) or [""] for parameter in here}
    return f"{page}?{urlencode(query, doseq=True)}"


def one_of(name: str, options: Sequence[str], default: str) -> Parameter[str]:
    """Exactly one of `options`."""

    def read(texts: list[str]) -> str:
        return next((text for text in texts if text in options), default)

    return Parameter(name, default, read, lambda value: [value], usable=lambda t: t in options)


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

    return Parameter(
        name, list(default), read, list, usable=lambda text: renamed.get(text, text) in options
    )


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

    return Parameter(
        name,
        None,
        read,
        lambda value: [] if value is None else [_as_typed(value)],
        usable=lambda text: read([text]) is not None,
    )


def number(name: str) -> Parameter[float | None]:
    """Any finite number, or None."""

    def read(texts: list[str]) -> float | None:
        with suppress(ValueError):
            found = float(texts[0]) if texts else math.nan
            return found if math.isfinite(found) else None
        return None

    return Parameter(
        name,
        None,
        read,
        lambda value: [] if value is None else [_as_typed(value)],
        usable=lambda text: read([text]) is not None,
    )


def number_between(name: str, low: float, high: float, default: float) -> Parameter[float]:
    """A number from `low` to `high`."""

    def read(texts: list[str]) -> float:
        with suppress(ValueError, IndexError):
            number = float(texts[0])
            return number if low <= number <= high else default
        return default

    return Parameter(
        name,
        default,
        read,
        lambda value: [_as_typed(value)],
        usable=lambda text: _is_number(text, float, low, high),
    )


def _as_typed(value: float) -> str:
    """A number in the fewest digits that are read as the same one, none of them rounded off."""
    written = repr(float(value))
    return written.removesuffix(".0")


def _is_number(text: str, kind: type[int] | type[float], low: float, high: float) -> bool:
    with suppress(ValueError):
        return low <= kind(text) <= high
    return False


def flag(name: str) -> Parameter[bool]:
    """Yes or no, no by default."""
    return Parameter(
        name,
        False,
        lambda texts: texts == ["true"],
        lambda value: ["true" if value else "false"],
        usable=lambda text: text in ("true", "false"),
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

    return Parameter(
        name,
        default,
        read,
        lambda value: [str(value)],
        usable=lambda text: _is_number(text, int, low, high),
    )
