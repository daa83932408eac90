"""Files that crash, hang or flood the libraries which read them: a message, and a living server."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from benchmarks.serving import Server
from tests.e2e.test_app import GPT2, expect_no_error
from tests.e2e.test_review import settle
from tests.support.loopback_hub import LoopbackHub
from tests.support.small_repositories import add, repository, small_llama
from tests.support.untrusted_tokenizers import harmful


def expect_living(server: Server, page: Page) -> None:
    """The same process serves another page."""
    assert server.process.poll() is None
    page.goto(server.address("leaderboard"))
    expect(page.get_by_test_id("stDataFrame").first).to_be_visible()
    expect_no_error(page)


def upload(page: Page, tab: str, label: str, file: Path) -> None:
    page.get_by_role("tab", name=tab).click()
    dropzone = page.get_by_test_id("stFileUploader").filter(has_text=label)
    dropzone.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(file)


@pytest.mark.parametrize("kind", harmful())
def test_an_uploaded_tokenizer_that_does_harm_is_a_message(
    server: Server, page: Page, tmp_path: Path, kind
):
    file = tmp_path / "tokenizer.json"
    file.write_bytes(harmful()[kind])
    page.goto(server.address("tokenizer_inspector", models=[GPT2]))
    settle(page)
    upload(page, "Upload", "tokenizer.json", file)
    expect(page.get_by_text("This tokenizer").first).to_be_visible(timeout=60_000)
    expect_no_error(page)
    expect_living(server, page)


def test_a_models_tokenizer_that_does_harm_is_a_message_where_it_is_shown_and_where_it_would_run(
    server: Server, page: Page, hub: LoopbackHub
):
    files = repository(small_llama()) | {"tokenizer.json": harmful()["text grows a billionfold"]}
    add(hub, "stranger/harm", files)
    page.goto(server.address("tokenizer_inspector", models=["stranger/harm"]))
    expect(page.get_by_text("This tokenizer").first).to_be_visible(timeout=60_000)
    expect_no_error(page)
    page.goto(server.address("live_inference", run=["stranger/harm"]))
    page.get_by_role("button", name="Predict").click()
    expect(page.get_by_text("This tokenizer").first).to_be_visible(timeout=90_000)
    expect_no_error(page)
    expect_living(server, page)


@pytest.mark.parametrize("row", [b"1,", b"1\n", b'"\n'])
def test_five_megabytes_of_columns_or_rows_are_a_message(
    server: Server, page: Page, tmp_path: Path, row
):
    file = tmp_path / "prices.csv"
    file.write_bytes(row * (4_900_000 // len(row)))
    page.goto(server.address("tokenizer_inspector", models=[GPT2], prices="own"))
    settle(page)
    upload(page, "First token", "Your prices", file)
    expect(page.get_by_test_id("stAlert").first).to_be_visible(timeout=60_000)
    expect_no_error(page)
    expect_living(server, page)
