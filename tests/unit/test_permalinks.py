"""Choices in the URL: each parameter has one meaning on all pages, and one way to its widget."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.runtime.state.query_params_proxy import QueryParamsProxy
from streamlit.testing.v1 import AppTest

from components.settings import load_settings
from components.ui.kit import permalinks, streamlit_compat
from tests.support.parameters import parameters


def test_no_two_choices_share_a_name():
    # They would share a visit's memory too: one page would read the other's value.
    assert parameters()
    assert not [name for name, found in parameters().items() if len(found) > 1]


def bound_toggle() -> None:
    """An app of one bound widget."""
    import streamlit as st

    from components.ui.kit import binding, permalinks

    wanted = permalinks.flag("wanted")
    st.markdown(f"value {binding.bound(st.toggle, wanted, 'Wanted', help='why')}")


def test_a_bound_widget_shows_the_urls_value_and_writes_what_is_picked_there():
    at = AppTest.from_function(bound_toggle, default_timeout=30)
    at.query_params["wanted"] = "true"
    at.run()
    assert (at.toggle[0].value, at.markdown[0].value) == (True, "value True")
    at.toggle[0].set_value(False).run()
    assert (at.toggle[0].value, at.markdown[0].value) == (False, "value False")
    assert "wanted" not in at.query_params
    at.toggle[0].set_value(True).run()
    assert at.query_params["wanted"] in ("true", ["true"])
    assert at.markdown[0].value == "value True"


def test_links_of_before_a_column_was_renamed_still_name_it():
    columns = permalinks.some_of("c", ["model_id", "caveats"], renamed={"badges": "caveats"})
    assert columns.read(["badges", "nonsense", "model_id"]) == ["caveats", "model_id"]


def two_choices() -> None:
    """An app of two bound widgets, whose address is written in one step."""
    import streamlit as st

    from components.ui.kit import binding, permalinks

    permalinks.begin_page("here")
    low, kinds = permalinks.positive_number("low"), permalinks.some_of("kinds", ["a", "b"])

    def both() -> None:
        low.choose(3.0)
        kinds.choose(["b"])

    st.button("both", on_click=both)
    binding.bound(st.number_input, low, "Low", value=None)
    binding.bound(st.pills, kinds, "Kinds", ["a", "b"], selection_mode="multi")
    st.markdown(f"value {low.value()} {kinds.value()}")
    st.text(permalinks.address() or "")


def test_back_takes_the_address_for_what_is_chosen(monkeypatch):
    at = AppTest.from_function(two_choices, default_timeout=30).run()
    at.button[0].click().run()
    assert at.markdown[0].value == "value 3.0 ['b']"
    assert at.query_params["low"] in ("3", ["3"])
    monkeypatch.setattr(streamlit_compat, "is_history_navigation", lambda: True)
    at.query_params["kinds"] = "a"
    del at.query_params["low"]
    at.run()
    assert not at.exception
    assert at.markdown[0].value == "value None ['a']"


def test_a_click_that_changes_two_choices_changes_the_address_once(monkeypatch):
    written = []
    at = AppTest.from_function(two_choices, default_timeout=30).run()
    original = QueryParamsProxy.from_dict
    monkeypatch.setattr(
        QueryParamsProxy,
        "from_dict",
        lambda self, query: (written.append(dict(query)), original(self, query))[1],
    )
    at.button[0].click().run()
    assert written == [{"low": ["3"], "kinds": ["b"]}]


def test_a_link_for_others_spells_every_choice_and_leads_to_the_hosts_address(monkeypatch):
    monkeypatch.setenv("BASEWISE_ADDRESS", "https://host.example/basewise/")
    load_settings.cache_clear()
    at = AppTest.from_function(two_choices, default_timeout=30).run()
    load_settings.cache_clear()
    assert at.text[0].value == "https://host.example/basewise/here?low=&kinds="


def read_back() -> None:
    """An app that shows what an address says."""
    import streamlit as st

    from components.ui.kit import permalinks

    kinds = permalinks.some_of("kinds", ["a", "b"])
    flag = permalinks.flag("flag")
    st.markdown(f"{permalinks.positive_number('low').value()} {kinds.value()} {flag.value()}")


def test_what_is_spelled_out_as_unset_is_read_as_unset():
    at = AppTest.from_function(read_back, default_timeout=30)
    at.query_params["low"], at.query_params["kinds"], at.query_params["flag"] = "", "", "false"
    at.run()
    assert at.markdown[0].value == "None [] False"


NUMBERS = {
    "positive": permalinks.positive_number("positive"),
    "any": permalinks.number("any"),
    "between": permalinks.number_between("between", 0, 1e12, 1.0),
}


@pytest.mark.parametrize("kind", NUMBERS)
@given(value=st.floats(0, 1e12, exclude_min=True) | st.integers(1, 10**12).map(float))
def test_a_number_in_a_link_is_the_one_that_was_typed(kind, value):
    parameter = NUMBERS[kind]
    assert parameter.read(parameter.write(value)) == value


@pytest.mark.parametrize(
    ("value", "written"),
    [(1234567.0, "1234567"), (1234.56789, "1234.56789"), (0.1, "0.1"), (9.0, "9"), (7.61, "7.61")],
)
def test_a_number_in_a_link_has_the_digits_that_were_typed(value, written):
    for parameter in NUMBERS.values():
        assert parameter.write(value) == [written]


def searched_list() -> None:
    """An app of one bound multiselect that takes typed text: `one` has the label One."""
    import streamlit as st

    from components.ui.kit import binding, permalinks
    from components.ui.kit.binding import Offered

    permalinks.begin_page(st.session_state.get("page", "here"))
    chosen = permalinks.models("chosen", ["one"], lambda texts: [text.lower() for text in texts])
    if st.button("Take two"):
        chosen.choose(["two"])
    st.button("Anything else")
    binding.bound(
        st.multiselect,
        chosen,
        "Chosen",
        list(map(Offered, ["one", "two", "three"])),
        format_func=lambda text: text.title(),
        accept_new_options=True,
    )


def told(at: AppTest) -> list[str] | None:
    """What the run had the browser show in its list; None where it left the list alone."""
    proto = at.multiselect[0].proto
    return list(proto.raw_values) if proto.set_value else None


def test_a_list_that_shows_its_value_is_left_alone_so_that_half_typed_text_stays():
    at = AppTest.from_function(searched_list, default_timeout=30).run()
    assert told(at) == ["One"]
    at.button[1].click().run()
    assert told(at) is None
    at.multiselect[0].set_value(["one", "two"]).run()
    assert (at.multiselect[0].value, told(at)) == (["one", "two"], None)
    at.run()
    assert (at.multiselect[0].value, told(at)) == (["one", "two"], None)


def test_a_list_is_told_what_the_page_chose_and_once_more_after_the_next_change():
    at = AppTest.from_function(searched_list, default_timeout=30).run()
    at.button[0].click().run()
    assert told(at) == ["Two"]
    at.multiselect[0].set_value(["one", "three"]).run()  # on its way before the list was told
    assert told(at) == ["One", "Three"]
    at.multiselect[0].set_value(["three"]).run()
    assert told(at) is None


class Typed(str):
    """Text without a label: AppTest sends it as it is, as a browser sends what was typed."""

    def title(self) -> str:
        return self


@pytest.mark.parametrize("typed", ["two", "TWO", "four"])
def test_a_list_shows_what_was_typed_by_its_label(typed):
    at = AppTest.from_function(searched_list, default_timeout=30).run()
    at.multiselect[0].set_value(["one", Typed(typed)]).run()
    assert at.query_params["chosen"] == ["one", typed.lower()]
    assert at.multiselect[0].value == ["one", typed.lower()]
    assert told(at) == ["One", typed.title()]


def test_a_list_is_told_its_value_on_each_page():
    at = AppTest.from_function(searched_list, default_timeout=30).run()
    at.session_state["page"] = "elsewhere"
    at.run()
    assert told(at) == ["One"]
