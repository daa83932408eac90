"""Every table that a page offers as CSV, made of text from outside: no cell is a formula."""

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit
from streamlit.testing.v1 import AppTest

from benchmarks.serving import REPOSITORY
from components.evaluation.host import host_store_path
from components.evaluation.store import RunStore
from components.evaluation.transfer import import_run
from tests.support.hostile import FORMULAS, hostile_run, hostile_tokenizer

SIGNS = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")
BLANKS = " \t\r\n\x00\u00a0\u2003\u200b\ufeff"
GPT2 = "openai-community/gpt2"


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """What the pages offer to download as CSV, by the file's name."""
    files: dict[str, bytes] = {}
    original = streamlit.download_button

    def noted(label: str, data: Any, file_name: str = "", mime: str = "", **more: Any) -> bool:
        if mime == "text/csv":
            files[file_name] = data() if isinstance(data, Callable) else data
        return original(label, data, file_name=file_name, mime=mime, **more)

    monkeypatch.setattr(streamlit, "download_button", noted)
    return files


@pytest.fixture
def run_id(tmp_path: Path) -> Iterator[str]:
    """A run all of whose texts are formulas, on this host."""
    store = RunStore(host_store_path())
    made = hostile_run(tmp_path / "run.sqlite", FORMULAS)
    import_run(store, tmp_path / "run.sqlite", "me")
    yield made
    store.delete(made)
    store.close()


def open_page(path: str, **query: Any) -> AppTest:
    at = AppTest.from_file(str(REPOSITORY / "app.py"), default_timeout=90)
    if path != "app.py":
        at.switch_page(path)
    for name, value in query.items():
        at.query_params[name] = value
    at.run()
    assert not at.exception, at.exception[0].stack_trace
    return at


def expect_no_formula(files: dict[str, bytes]) -> None:
    for name, content in files.items():
        for row in csv.reader(io.StringIO(content.decode(), newline="")):
            for cell in row:
                if is_number(cell):
                    continue
                assert not cell.lstrip(BLANKS).startswith(SIGNS), (name, cell)
                assert not cell.startswith(("\t", "\r", "\n")), (name, cell)


def is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def test_no_file_of_the_evaluation_page_or_the_review_has_a_formula(offered, run_id):
    for view in ("figures", "actual", "pairs", "groups", "rows", "texts"):
        open_page("pages/evaluation.py", evaluation=run_id, view=view)
    open_page("app.py", models=[GPT2], evidence_run=run_id, why="=1+1", who="@x", decision=GPT2)
    assert {
        *("basewise-evaluation-figures.csv", "basewise-evaluation-rows.csv"),
        *("basewise-evaluation-pairs.csv", "basewise-review.csv"),
    } <= offered.keys()
    assert any(b"'=1+1" in content for content in offered.values())
    expect_no_formula(offered)


def test_no_file_of_the_tokenizer_page_has_a_formula(offered):
    at = open_page("pages/tokenizer_inspector.py", models=[GPT2], context="={n}")
    own = next(box for box in at.file_uploader if "tokenizer.json" in box.label)
    own.upload("=1+1.json", hostile_tokenizer(FORMULAS), "application/json").run()
    assert not at.exception
    assert {
        *("basewise-atlas-0-999.csv", "basewise-first-tokens.csv", "basewise-number-costs.csv"),
        *("basewise-numbering-evidence.csv", "basewise-product-tokens.csv"),
    } <= offered.keys()
    assert any(b"'=1+1.json" in content for content in offered.values())
    expect_no_formula(offered)


def test_no_file_of_the_leaderboard_has_a_formula(offered):
    open_page("pages/leaderboard.py", search="=1+1")
    open_page("pages/leaderboard.py")
    for source in ("after-finetuning", "swallow", "euroeval-english"):
        open_page("pages/leaderboard.py", source=source)
    assert offered
    expect_no_formula(offered)


def test_csv_is_written_in_one_place():
    written = [
        path.relative_to(REPOSITORY).as_posix()
        for path in (REPOSITORY / "components").rglob("*.py")
        if ".to_csv(" in path.read_text(encoding="utf-8")
        or "csv.writer" in path.read_text(encoding="utf-8")
    ]
    assert written == ["components/ui/kit/exports.py"]
