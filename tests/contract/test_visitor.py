"""The visitor without a browser asks for runs as Streamlit's page does."""

import asyncio
from collections.abc import Iterator

import pytest

from benchmarks.serving import Server, running_server
from tests.support import event_loop
from tests.support.visitor import Visitor, visit

_HOME = "import streamlit as st\nst.markdown('home')\n"
_OTHER = """
import streamlit as st

ticks = st.session_state.setdefault("ticks", [])
st.markdown("other page")
st.text_input("Name", key="name")
if st.button("Begin"):
    st.session_state.began = True


@st.fragment(run_every=0.2 if len(ticks) < 3 else None)
def clock():
    ticks.append("tick")
    st.markdown(f"{len(ticks)} ticks")
    st.button("Mine alone")
    if len(ticks) == 3:
        st.rerun(scope="app")


if st.session_state.get("began"):
    clock()
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("pages")
    (folder / "app.py").write_text(_HOME)
    (folder / "pages").mkdir()
    (folder / "pages" / "other.py").write_text(_OTHER)
    with running_server(folder / "server.log", folder / "app.py") as server:
        yield server


def test_a_fragment_that_runs_the_whole_app_again_leaves_the_visitor_on_the_page(served):
    async def go() -> list[str]:
        async with visit(served.url, "other") as visitor:
            await visitor.until(lambda one: one.finished == 1, 20)
            await visitor.press("Begin")
            await visitor.until(lambda one: one.finished == 3, 20)
            return visitor.texts

    page, clock = event_loop.run(go())
    assert page == "other page"
    assert clock in (
        "4 ticks",
        "5 ticks",
    )  # the last that the clock asked for may cross the whole run


def test_a_button_in_a_fragment_runs_that_alone(served):
    def ticks(visitor: Visitor) -> int:
        return max(
            [int(text.split()[0]) for text in visitor.texts if text.endswith("ticks")] or [0]
        )

    async def go() -> int:
        async with visit(served.url, "other") as visitor:
            await visitor.until(lambda one: one.finished == 1, 20)
            await visitor.press("Begin")
            await visitor.until(lambda one: ticks(one) >= 4, 20)
            await asyncio.sleep(1)  # the clock stands by now
            whole_runs, before = visitor.finished, ticks(visitor)
            await visitor.press("Mine alone")
            await visitor.until(lambda one: ticks(one) == before + 1, 20)
            return visitor.finished - whole_runs

    assert event_loop.run(go()) == 0


def test_another_page_of_the_visit_is_opened_and_stayed_on(served):
    async def go() -> list[list[str]]:
        async with visit(served.url) as visitor:
            await visitor.until(lambda one: one.finished == 1, 20)
            seen = [visitor.texts]
            for page in ("other", ""):
                await visitor.go(page)
                seen.append(visitor.texts)
            return seen

    assert event_loop.run(go()) == [["home"], ["other page"], ["home"]]
