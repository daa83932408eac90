"""Choices that live in the URL by their ids.

Streamlit's own binding writes a select widget's labels into the URL; a link must outlive a label.
So a choice is kept under a key of its own, which also outlives the page that the widget is on.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st


@dataclass(frozen=True)
class Choice:
    """A list of ids under the query parameter `name`.

    `clean` turns ids from outside into usable ones; `spell_default` says whether the URL names
    the values even when they are the default's, or none at all.
    """

    name: str
    default: tuple[str, ...]
    clean: Callable[[Sequence[str]], list[str]]
    spell_default: bool = False

    @property
    def widget_key(self) -> str:
        """The key of the widget that shows the choice."""
        return f"{self.name}_widget"

    def values(self) -> list[str]:
        """This visit's values: chosen before, else the URL's, else the default."""
        if self._key not in st.session_state:
            asked = st.query_params.get_all(self.name)
            usable = self.clean([value for value in asked if value])
            emptied = asked == [""] and self.spell_default
            st.session_state[self._key] = usable or ([] if emptied else list(self.default))
        return list(st.session_state[self._key])

    def replace(self, values: Sequence[str]) -> None:
        """Choose other values."""
        st.session_state[self._key] = self.clean(values)

    def write_to_url(self) -> None:
        """Make the page's address name the values."""
        values = self.values()
        spelled = values if values != list(self.default) else []
        if self.spell_default:
            spelled = values or [""]
        if st.query_params.get_all(self.name) != spelled:
            st.query_params[self.name] = spelled

    @property
    def _key(self) -> str:
        return f"{self.name}_chosen"


def one_of(name: str, options: Sequence[str], default: str) -> Choice:
    """A choice of exactly one of `options`."""
    return Choice(name, (default,), lambda ids: [i for i in ids if i in options][:1] or [default])


def show_one(choice: Choice) -> str:
    """Prepare a widget that shows one value, with key `choice.widget_key`, and its URL."""
    (value,) = choice.values()
    st.session_state[choice.widget_key] = value
    choice.write_to_url()
    return value


def take_one(choice: Choice) -> None:
    """The widget's `on_change`: what is picked there is the choice."""
    choice.replace([st.session_state[choice.widget_key]])


def show_many(choice: Choice) -> list[str]:
    """Prepare a widget that shows all values, with key `choice.widget_key`, and its URL."""
    values = choice.values()
    st.session_state[choice.widget_key] = values
    choice.write_to_url()
    return values


def take_many(choice: Choice) -> None:
    """The widget's `on_change`: what is picked there are the values."""
    choice.replace(st.session_state[choice.widget_key])
