"""An error as a visitor sees it: short on the page, the rest on request."""

from streamlit.testing.v1 import AppTest

SCRIPT = """
import streamlit as st
from components.errors import Attempt, EngineError
from components.ui.kit.feedback import show_error

long = "GPTQ has no kernel here. " * 40
attempts = [Attempt("Hub a/b", "it is gated"), Attempt("Hub c/d", "it is *gone*")]
error = EngineError("It can't run.", way_out="Take another.", attempts=attempts, details=long)
with st.expander("Bring your own"):
    with st.popover("Why not"):
        show_error(error)
        show_error(error)
show_error(EngineError("It is too large.", way_out="Take a smaller one."))
"""


def test_the_page_shows_the_first_reason_and_the_way_out_and_the_rest_behind_why():
    at = AppTest.from_string(SCRIPT).run()
    assert not at.exception
    long, again, short = [element.value for element in at.error]
    assert long == again == "**It can't run\\.**\n- Hub a/b: it is gated\n\nTake another\\."
    assert short.startswith("**It is too large")
    assert [box.label for box in at.expander] == ["Bring your own", "Why", "Why"]
    why = at.expander[1]
    assert "it is \\*gone\\*" in why.markdown[0].value
    assert why.code[0].value.count("GPTQ") == 40
