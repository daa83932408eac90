"""A model on a real llama.cpp server in a real browser: offered, asked, and gone."""

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from benchmarks.llama_server import ALIAS, running_llama_server
from benchmarks.serving import running_server
from tests.e2e.test_app import expect_no_error
from tests.support.llama_models import SMOL, small_llama

KEY = "sk-secret-0123456789"


def test_a_served_model_is_offered_answers_and_is_said_to_be_away_when_it_is(
    page: Page, tmp_path: Path
):
    gguf = small_llama(SMOL, tmp_path).gguf
    table = tmp_path / "endpoints.toml"
    environment = {"BASEWISE_ENDPOINTS": str(table), "BOX_KEY": KEY}
    with running_llama_server(gguf, tmp_path / "llama.log", key=KEY) as llama:
        table.write_text(
            f'[endpoints.gpu-box]\nurl = "{llama.url}"\nmodel = "{ALIAS}"\nhub_id = "{SMOL}"\n'
            'key_variable = "BOX_KEY"\n'
        )
        with running_server(tmp_path / "server.log", environment=environment) as server:
            address = server.address("live_inference", run=[f"{SMOL}:gpu-box"])
            page.goto(address)
            ready = page.get_by_text("is ready on llama.cpp at gpu-box")
            expect(ready.first).to_be_visible(timeout=60_000)
            page.get_by_role("button", name="Predict").click()
            expect(page.get_by_text("asked of a server").first).to_be_visible(timeout=60_000)
            expect(page.get_by_text("SmolLM2 135M Instruct on gpu-box").first).to_be_visible()
            expect_no_error(page)
            page.screenshot(path=tmp_path / "served.png", full_page=True)
            secrets = (KEY, llama.url, llama.url.removeprefix("http://"))
            assert not any(secret in page.content() for secret in secrets)
            llama.process.terminate()
            llama.process.wait(20)
            page.goto(server.address("live_inference", run=[f"{SMOL}:gpu-box"], product="own"))
            away = page.get_by_text(re.compile("Nothing answers at gpu-box"))
            expect(away.first).to_be_visible(timeout=60_000)
            page.screenshot(path=tmp_path / "away.png", full_page=True)
        log = (tmp_path / "server.log").read_text(errors="replace")
        assert not any(secret in log for secret in secrets)
