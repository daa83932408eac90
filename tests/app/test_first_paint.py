"""What the browser says once a page was painted."""

from streamlit.testing.v1 import AppTest


def late_word() -> None:
    import streamlit as st

    from components.ui.kit import first_paint

    first_paint._take("leaderboard", "first_paint-gone")
    st.write(f"narrow: {first_paint.is_narrow()}")


def test_what_is_said_for_a_chart_that_is_drawn_already_is_no_fault():
    at = AppTest.from_function(late_word).run()
    assert not at.exception
    assert at.session_state["page_painted"] == "leaderboard"
    assert at.markdown[0].value == "narrow: False"
