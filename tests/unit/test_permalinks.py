"""Choices in the URL: each parameter has one meaning on all pages, and one way to its widget."""

import importlib
import pkgutil
from collections import defaultdict

from streamlit.testing.v1 import AppTest

import components.ui
from components.ui.kit import permalinks
from components.ui.kit.permalinks import Parameter


def test_no_two_choices_share_a_name():
    # They would share a visit's memory too: one page would read the other's value.
    owners: defaultdict[str, set[int]] = defaultdict(set)
    for module in pkgutil.walk_packages(components.ui.__path__, "components.ui."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, Parameter):
                owners[value.name].add(id(value))
    assert owners
    assert not [name for name, found in owners.items() if len(found) > 1]


def bound_toggle() -> None:
    """An app of one bound widget."""
    import streamlit as st

    from components.ui.kit import permalinks

    wanted = permalinks.flag("wanted")
    st.markdown(f"value {permalinks.bound(st.toggle, wanted, 'Wanted', help='why')}")


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
