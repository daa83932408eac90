"""Models on a real llama.cpp server on the pages: offered, asked, recorded; no secret shown."""

import json
import time
from pathlib import Path

import pytest
import streamlit as st

from benchmarks.llama_server import ALIAS
from components.endpoints import load_endpoints
from components.settings import load_settings
from tests.app.test_pages import everything_said, open_page, predict
from tests.contract.conftest import KEY
from tests.support.llama_models import SMOL

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def fresh_services(tmp_path, monkeypatch):
    monkeypatch.setenv("BASEWISE_RUNS_FILE", str(tmp_path / "runs.sqlite"))
    monkeypatch.setenv("BOX_KEY", KEY)
    st.cache_resource.clear()
    yield
    st.cache_resource.clear()


def serve(monkeypatch: pytest.MonkeyPatch, folder: Path, url: str) -> None:
    """The host's endpoint `box`."""
    table = {"url": url, "model": ALIAS, "hub_id": SMOL, "key_variable": "BOX_KEY"}
    lines = [f"{name} = {json.dumps(value)}" for name, value in table.items()]
    file = folder / "endpoints.toml"
    file.write_text("\n".join(["[endpoints.box]", *lines]), encoding="utf-8")
    monkeypatch.setenv("BASEWISE_ENDPOINTS", str(file))
    load_settings.cache_clear()  # pages read both when they are first imported
    load_endpoints.cache_clear()


def test_a_served_model_is_offered_and_asked_and_nothing_secret_is_shown(
    hub, llama_servers, monkeypatch, tmp_path
):
    url = llama_servers.url(SMOL)
    serve(monkeypatch, tmp_path, url)
    key = f"{SMOL}:box"
    at = open_page("pages/live_inference.py", run=[key], tolerance="0.01")
    assert not at.exception
    assert "SmolLM2 135M Instruct is ready on llama.cpp at box" in everything_said(at)
    assert at.main.multiselect[0].value == [key]
    predict(at)
    assert not at.error
    said = everything_said(at)
    assert "asked of a server" in said
    assert f"{ALIAS} on llama.cpp" in said
    answers = at.session_state["outcomes"]
    assert [outcome.prediction.model.key for outcome in answers.values()] == [key]
    assert key in at.query_params["run"]
    everything = said + str(at.main) + str(at.query_params) + str(answers)
    for secret in (KEY, url, url.removeprefix("http://")):
        assert secret not in everything


def test_the_evaluation_page_offers_it_too(hub, llama_servers, monkeypatch, tmp_path):
    serve(monkeypatch, tmp_path, llama_servers.url(SMOL))
    at = open_page("pages/evaluation.py", evaluate=[f"{SMOL}:box"], sample="3")
    assert not at.exception
    assert "is ready on llama.cpp at box" in everything_said(at)
    next(button for button in at.button if button.label == "Start").click().run()
    deadline = time.monotonic() + 60
    while "finished" not in str(at.selectbox[0].options):
        assert time.monotonic() < deadline
        time.sleep(0.2)
        at.run()
    assert not at.exception
    assert "SmolLM2 135M Instruct on box" in str(at.selectbox[0].options)


def test_a_server_that_is_away_is_said_and_holds_the_page_for_seconds_at_most(
    hub, monkeypatch, tmp_path
):
    serve(monkeypatch, tmp_path, "http://127.0.0.1:9")
    started = time.monotonic()
    at = open_page("pages/live_inference.py", run=[f"{SMOL}:box"])
    assert not at.exception
    assert "Nothing answers at box" in everything_said(at)
    predict(at)
    assert "Nothing answers at box" in at.error[0].value
    assert "127.0.0.1" not in everything_said(at)
    assert time.monotonic() - started < 60  # most of it is the page's own first run


def test_an_endpoint_that_this_host_does_not_have_is_said(hub, monkeypatch):
    at = open_page("pages/live_inference.py", run=[f"{SMOL}:elsewhere"])
    assert not at.exception
    assert "This host has no endpoint 'elsewhere'" in everything_said(at)
