"""Text from outside, wherever a browser may show it: none of it runs, none asks another host."""

import json
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Dialog, Page, Request, expect

from benchmarks.serving import Server, running_server
from tests.app.test_fuzz_links import values
from tests.e2e.test_app import GPT2, PAGES, SMOL, expect_no_error
from tests.e2e.test_review import settle
from tests.support.fault_proxy import Handler, fault_proxy
from tests.support.hostile import (
    ALL,
    EVERYTHING,
    HTML,
    MARKDOWN,
    hostile_prices,
    hostile_rows,
    hostile_run,
    hostile_tokenizer,
)

# What a payload becomes where it is taken for markup.
MARKUP = (
    'img[src="x"], img[src*="elsewhere"], [onerror], [onload], [ontoggle], iframe[srcdoc],'
    ' a[href^="javascript:" i], details[ontoggle]'
)


class Watch:
    """What a page does that no text may make it do."""

    def __init__(self, page: Page):
        self.page = page
        self.dialogs: list[str] = []
        self.elsewhere: list[str] = []
        page.on("dialog", self._dialog)
        page.on("request", self._request)

    def _dialog(self, dialog: Dialog) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.hostname != "127.0.0.1":
            self.elsewhere.append(request.url)

    def found(self) -> list[str]:
        """What was done."""
        self.page.wait_for_timeout(300)
        ran = [
            f.url for f in self.page.frames if f.evaluate("window.top.__xss ?? null") is not None
        ]
        shown = self.page.locator(MARKUP)
        markup = [shown.nth(i).evaluate("e => e.outerHTML") for i in range(shown.count())]
        return [*self.dialogs, *self.elsewhere, *ran, *markup]


@pytest.fixture
def watch(page: Page) -> Watch:
    return Watch(page)


@pytest.mark.parametrize("markup", [*HTML, '<img src="http://elsewhere.invalid/a.png">'])
def test_the_watch_sees_a_text_that_is_taken_for_markup(watch: Watch, server: Server, markup):
    watch.page.goto(f"{server.url}/_stcore/health")
    watch.page.set_content(f"<html><body>{markup}</body></html>")
    assert watch.found()


@pytest.mark.parametrize("payloads", [HTML, MARKDOWN], ids=["html", "markdown"])
@pytest.mark.parametrize("path", PAGES)
def test_nothing_in_a_link_runs(server: Server, watch: Watch, path, payloads):
    first = list(PAGES).index(path)  # another one for each parameter on each page
    query: dict[str, object] = {
        name: payloads[(first + place) % len(payloads)] for place, name in enumerate(values())
    }
    query |= {"models": [GPT2, payloads[0]], "context": f"{payloads[first]}{{n}}"}
    query |= {"product": "own", "prices": "own", "rows": "hub", "text": " ".join(payloads)}
    watch.page.goto(server.address(path, **query))
    settle(watch.page)
    expect(watch.page.get_by_role("heading", name=PAGES[path], exact=True)).to_be_visible()
    expect_no_error(watch.page)
    nothing(watch)


def nothing(watch: Watch) -> None:
    assert not watch.found()


@pytest.mark.parametrize("path", PAGES)
def test_nothing_that_is_typed_runs(server: Server, watch: Watch, path):
    page = watch.page
    page.goto(server.address(path, models=[GPT2], product="own", rows="hub", wording="own"))
    settle(page)
    boxes = page.locator(
        '[data-testid="stTextInput"] input:visible, [data-testid="stTextArea"] textarea:visible'
    )
    typed = 0
    for place in range(boxes.count()):
        box = boxes.nth(place)
        if box.count() and box.is_visible() and box.is_enabled():
            box.fill(EVERYTHING)
            box.press("Control+Enter" if box.evaluate("e => e.tagName") == "TEXTAREA" else "Enter")
            settle(page)
            typed += 1
            assert not watch.found(), place
    ids = page.get_by_test_id("stSidebar").get_by_role("combobox").first
    if ids.count():
        ids.fill(HTML[0])
        ids.press("Enter")
        settle(page)
        typed += 1
    assert typed
    expect_no_error(page)
    assert not watch.found()


def hostile_name(folder: Path, suffix: str, content: bytes) -> Path:
    """A file with a name that is markup, as far as a name may be."""
    file = folder / f"<img src=x onerror='window.top.__xss=1'>[a](javascript:1)=1{suffix}"
    file.write_bytes(content)
    return file


def upload(page: Page, label: str, file: Path) -> None:
    dropzone = page.get_by_test_id("stFileUploader").filter(has_text=label)
    dropzone.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(file)
    settle(page)


def test_no_token_or_name_of_an_uploaded_tokenizer_runs(
    server: Server, watch: Watch, tmp_path: Path
):
    page = watch.page
    page.goto(
        server.address(
            "tokenizer_inspector",
            models=[GPT2],
            text=" ".join(ALL)[:1400],
            context=f"{HTML[0]}{{n}}",
            ids="true",
        )
    )
    page.get_by_role("tab", name="Upload").click()
    upload(page, "tokenizer.json", hostile_name(tmp_path, ".json", hostile_tokenizer(ALL)))
    expect(page.get_by_text("Tokenizer: uploaded in this visit").first).to_be_visible()
    for tab in ("Numbers", "First token", "Cost"):
        page.get_by_role("tab", name=tab).click()
        settle(page)
        nothing(watch)
    tile = page.locator(".js-plotly-plot .nsewdrag").first
    if tile.is_visible():
        tile.hover()
    expect_no_error(page)
    nothing(watch)


def test_no_column_or_cell_of_a_file_of_prices_runs(server: Server, watch: Watch, tmp_path: Path):
    page = watch.page
    page.goto(server.address("tokenizer_inspector", models=[GPT2], prices="own"))
    page.get_by_role("tab", name="First token").click()
    upload(page, "Your prices", hostile_name(tmp_path, ".csv", hostile_prices(ALL)))
    expect(page.get_by_text(re.compile("prices in whole dollars;")).first).to_be_visible()
    expect_no_error(page)
    nothing(watch)


def test_no_column_or_cell_of_a_table_of_rows_runs(server: Server, watch: Watch, tmp_path: Path):
    page = watch.page
    page.goto(server.address("evaluation", rows="file"))
    page.get_by_text("New run").click()
    upload(page, "Products with prices", hostile_name(tmp_path, ".jsonl", hostile_rows(ALL)))
    expect(page.get_by_text(re.compile("rows that can be priced")).first).to_be_visible()
    expect_no_error(page)
    nothing(watch)


def test_nothing_in_an_imported_run_runs_on_any_page_or_in_a_report(
    server: Server, watch: Watch, tmp_path: Path
):
    page = watch.page
    run_id = hostile_run(tmp_path / "run.sqlite", ALL)
    page.goto(server.address("evaluation"))
    page.get_by_text("Bring in a run that was computed elsewhere").click()
    upload(page, "Import a run", tmp_path / "run.sqlite")
    page.get_by_test_id("stButton").get_by_role("button", name="Import").click()
    expect(page).to_have_url(re.compile(run_id), timeout=60_000)
    for view in ("figures", "pairs", "actual", "calibration", "groups", "rows", "texts"):
        page.goto(server.address("evaluation", evaluation=run_id, view=view))
        settle(page)
        expect_no_error(page)
        nothing(watch)
    with page.expect_download() as download:
        page.get_by_role("button", name="HTML").first.click()
    download.value.save_as(tmp_path / "report.html")
    models = ["nobody/two", GPT2]
    for path in ("", "live_inference"):
        page.goto(server.address(path, models=models, evidence_run=run_id, product="own"))
        settle(page)
        expect_no_error(page)
        nothing(watch)
    page.goto((tmp_path / "report.html").as_uri())
    expect(page.get_by_role("heading").first).to_be_visible()
    nothing(watch)


def json_bytes(value: object) -> bytes:
    return json.dumps(value).encode()


def test_nothing_that_a_server_of_models_answers_runs(watch: Watch, tmp_path: Path):
    def names_itself(handler: Handler, before: int) -> bool:
        listed = {"data": [{"id": text, "owned_by": text} for text in ALL[:4]]}
        handler.answer(json_bytes(listed), 200)
        return True

    def fails(handler: Handler, before: int) -> bool:
        handler.answer(json_bytes({"error": {"message": EVERYTHING}, "message": EVERYTHING}), 500)
        return True

    table = tmp_path / "endpoints.toml"
    environment = {"BASEWISE_ENDPOINTS": str(table)}
    with fault_proxy("") as naming, fault_proxy("") as failing:
        naming.fault, failing.fault = names_itself, fails
        table.write_text(
            "".join(
                f'[endpoints.{name}]\nurl = "{one.url}"\nmodel = "m"\nhub_id = "{SMOL}"\n'
                for name, one in (("naming", naming), ("failing", failing))
            )
        )
        with running_server(tmp_path / "server.log", environment=environment) as server:
            run = [f"{SMOL}:naming", f"{SMOL}:failing"]
            watch.page.goto(server.address("live_inference", run=run))
            said = watch.page.get_by_text(re.compile("does not serve|answers? with|failing"))
            expect(said.first).to_be_visible(timeout=60_000)
            settle(watch.page)
            expect_no_error(watch.page)
            nothing(watch)
