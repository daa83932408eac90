"""The names of Streamlit's that Basewise uses without a promise: each is still there."""

from dataclasses import fields
from pathlib import Path

import pytest
import streamlit as st
from streamlit.runtime.scriptrunner_utils.script_run_context import ScriptRunContext
from streamlit.testing.v1 import AppTest

from components.ui.kit import streamlit_compat

SCRIPTS = Path(st.__file__).parent / "static" / "static" / "js"
COMPONENTS = Path(__file__).resolve().parents[2] / "components"


STYLED = ["MAIN_CONTAINER", "STATUS_WIDGET", "MARKDOWN", "ELEMENT", "FRAME", "CHART"]


@pytest.mark.parametrize("name", [getattr(streamlit_compat, name) for name in STYLED])
def test_streamlits_page_still_has_the_element(name):
    scripts = (file.read_text(encoding="utf-8") for file in SCRIPTS.glob("*.js"))
    assert any(f"`{name}`" in script or f'"{name}"' in script for script in scripts)
    assert f"[data-testid={name}]" in streamlit_compat.PAGE_STYLE


def show_context() -> None:
    """An app that shows what the compat module reads."""
    import streamlit as st

    from components.ui.kit import streamlit_compat

    told = [streamlit_compat.page_address(), streamlit_compat.theme_type()]
    st.text(f"{told} {streamlit_compat.cookie('any')!r}")


def test_without_a_browser_there_is_no_address_and_no_cookie_and_the_theme_is_light():
    at = AppTest.from_function(show_context, default_timeout=30).run()
    assert not at.exception
    assert at.text[0].value == "[None, 'light'] ''"


class Context:
    """A visitor's context as Streamlit gives it."""

    url = "http://host/leaderboard?kind=base"
    theme = type("Theme", (), {"type": "dark"})


def test_the_address_and_the_theme_are_the_browsers(monkeypatch):
    assert {"url", "theme"} <= set(dir(st.context))
    monkeypatch.setattr(st, "context", Context)
    assert streamlit_compat.page_address() == "http://host/leaderboard"
    assert streamlit_compat.theme_type() == "dark"


def test_streamlit_still_says_whether_back_asked_for_a_run():
    assert "is_history_navigation" in {field.name for field in fields(ScriptRunContext)}
    assert streamlit_compat.is_history_navigation() is False


NAMES = ("st.context", "data-testid", "get_script_run_ctx")


def test_no_other_module_touches_these_names():
    offenders = [
        str(file.relative_to(COMPONENTS))
        for file in COMPONENTS.rglob("*.py")
        if file.name != "streamlit_compat.py"
        and any(
            name in file.read_text(encoding="utf-8")
            for name in ("st.context", "data-testid", "get_script_run_ctx")
        )
    ]
    assert not offenders
