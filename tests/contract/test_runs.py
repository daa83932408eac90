"""Runs end to end: datasets of the loopback Hub, and the command line with a small random model."""

import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.serving import REPOSITORY
from components.errors import AssetError, RowsError
from components.evaluation import RunStore
from components.evaluation.__main__ import main
from components.evaluation.row_sources import open_rows
from components.settings import load_settings
from components.tokenization import load_tokenizer
from tests.unit.test_rows import ITEMS_LITE, PROMPTS_LITE, parquet

MODEL = "acme/random"


@pytest.fixture(autouse=True)
def the_hub_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a Hub that did not answer, the next requests are not held back."""
    monkeypatch.setattr("components.assets.hub._paused_until", 0.0)


def splits(table: pd.DataFrame) -> dict[str, bytes]:
    """Its rows as a test split, and other rows as a training split, as the Hub converts them."""
    train = table.assign(**{table.columns[0]: "of training"})
    return {
        "README.md": b"# Items",
        "data/train-00000-of-00002.parquet": parquet(train),
        "data/train-00001-of-00002.parquet": parquet(train),
        "data/test-00000-of-00001.parquet": parquet(table),
    }


@pytest.mark.parametrize(
    ("dataset", "table", "text"),
    [
        ("ed-donner/items_lite", ITEMS_LITE, "Title: Brass lamp. A lamp."),
        ("ed-donner/items_prompts_lite", PROMPTS_LITE, "A brass lamp."),
    ],
)
def test_the_test_split_of_a_dataset_is_read_as_it_is(hub, empty_cache, dataset, table, text):
    files = splits(table)
    hub.add_repo(
        dataset, files, repo_type="dataset", lfs=[name for name in files if "data" in name]
    )
    rows = open_rows(f"hub:{dataset}")
    assert rows.label == f"hub:{dataset} (test, revision c0ffee00)"
    assert len(rows.rows) == 2
    assert {row.price for row in rows.rows} == {
        42.5 if table is ITEMS_LITE else 42.0,
        129.0,
    }
    assert text in {row.text for row in rows.rows}
    assert not hub.asked_for("train-00000-of-00002.parquet")


def test_another_split_is_read_by_its_name_and_all_of_its_files(hub, empty_cache):
    files = splits(ITEMS_LITE.assign(summary=["a", "b"]))
    hub.add_repo("acme/items", files, repo_type="dataset")
    rows = open_rows("hub:acme/items:train")
    assert rows.label == "hub:acme/items (train, revision c0ffee00)"
    assert len(rows.rows) == 2
    assert rows.left_out == {"the same prompt again": 2}
    with pytest.raises(RowsError, match="no split dev"):
        open_rows("hub:acme/items:dev")


def test_a_dataset_of_json_lines_without_splits_is_read(hub, empty_cache):
    lines = ITEMS_LITE.to_json(orient="records", lines=True).encode()
    hub.add_repo("acme/items", {"items.jsonl": lines}, repo_type="dataset")
    assert len(open_rows("hub:acme/items").rows) == 2


def test_a_dataset_of_other_files_names_them(hub, empty_cache):
    hub.add_repo("acme/items", {"items.pkl": b"", "loader.py": b""}, repo_type="dataset")
    with pytest.raises(RowsError, match=r"items\.pkl, loader\.py"):
        open_rows("hub:acme/items")


def test_a_dataset_that_is_not_there_says_what_was_tried(hub, empty_cache):
    with pytest.raises(AssetError, match="no such repository"):
        open_rows("hub:acme/nothing")
    with pytest.raises(AssetError, match="no such repository"):
        open_rows("hub:nothing")


def test_a_dataset_fetched_earlier_serves_when_the_hub_is_away(hub, empty_cache):
    hub.add_repo("acme/items", splits(ITEMS_LITE), repo_type="dataset")
    online = open_rows("hub:acme/items")
    hub.down = True
    assert open_rows("hub:acme/items") == online


def test_a_dataset_beyond_the_bound_is_refused_before_it_is_fetched(hub, empty_cache, monkeypatch):
    monkeypatch.setattr("components.evaluation.row_sources.MOST_BYTES", 1000)
    hub.add_repo("acme/items", splits(ITEMS_LITE), repo_type="dataset")
    with pytest.raises(AssetError, match="at most 0 MB"):
        open_rows("hub:acme/items")
    assert not hub.asked_for("test-00000-of-00001.parquet")


@pytest.fixture
def random_model(hub, tmp_path, monkeypatch):
    """A small model of random weights with GPT-2's tokenizer on the Hub, and an empty cache."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    with monkeypatch.context() as shared:
        shared.setenv("BASEWISE_CACHE", str(REPOSITORY / ".test-cache"))
        tokenizer = load_tokenizer("openai-community/gpt2")
    load_settings.cache_clear()
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        initializer_range=0.5,
    )
    folder = tmp_path / "model"
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    hub.add_repo(MODEL, files, lfs=["model.safetensors"])
    monkeypatch.setenv("BASEWISE_CACHE", str(tmp_path / "cache"))


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "components.evaluation", *map(str, arguments)]


def table_of(path: Path) -> list[tuple[str, str, bytes, str]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(
            "SELECT model, item, distribution, error FROM prediction ORDER BY model, item"
        ).fetchall()


@pytest.mark.slow
def test_the_command_line_computes_resumes_exports_and_imports(random_model, tmp_path, capsys):
    table = pd.DataFrame(
        {
            "title": [f"Product number {i}, made of wood" for i in range(12)],
            "price": [f"{i * 100 + 5}.50" for i in range(12)],
        }
    )
    table.to_csv(tmp_path / "rows.csv", index=False)
    out = tmp_path / "run.sqlite"
    arguments = ["run", "--models", MODEL, "--rows", tmp_path / "rows.csv", "--out", out]
    arguments += ["--sample", "6", "--tolerance", "0.05"]
    # Killed as soon as one prediction is there. What it says goes to a file: a full pipe would hold
    # it up.
    said = tmp_path / "said.txt"
    with said.open("wb") as written:
        process = subprocess.Popen(command(*arguments), cwd=REPOSITORY, stderr=written)
    deadline = time.monotonic() + 400
    while process.poll() is None and time.monotonic() < deadline:
        if predictions(out):
            break
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    first = table_of(out)
    assert first, said.read_text(encoding="utf-8")[-2000:]
    assert said.stat().st_size < 4000  # few lines where nobody watches
    assert main([str(argument) for argument in arguments]) == 0
    whole = table_of(out)
    assert len(whole) == 6
    assert set(first) <= set(whole)
    for model, item, distribution, error in whole:
        assert (model, error) == (MODEL, None)
        assert item.startswith("own-")
        assert np.frombuffer(distribution, "<f4").shape == (1000,)
    printed = capsys.readouterr()
    assert "6 rows, 2 left out (above $999)" in printed.err
    assert f"{MODEL}: 6 done" in printed.out
    assert not list(tmp_path.glob("run.sqlite-*"))

    store, copy = tmp_path / "host.sqlite", tmp_path / "copy.sqlite"
    assert main(["import", str(out), "--store", str(store)]) == 0
    assert main(["import", str(out), "--store", str(store)]) == 1
    assert "here already" in capsys.readouterr().err
    host = RunStore(store)
    run = host.runs()[0].id
    host.close()
    assert main(["export", run[:6], "--store", str(store), "--out", str(copy)]) == 0
    assert table_of(copy) == whole
    assert main(["list", "--store", str(store)]) == 0
    assert f"{run}  finished, 6/6  {MODEL}  rows.csv" in capsys.readouterr().out


def predictions(path: Path) -> int:
    try:
        return len(table_of(path)) if path.exists() else 0
    except sqlite3.OperationalError:  # not made yet
        return 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--rows", "none.csv"], "No such file"),
        (["--rows", "catalogue", "--text", "title"], "columns are given"),
        (["--rows", "catalogue", "--models", "no id"], "not in the registry"),
    ],
)
def test_what_cannot_be_run_is_said_without_a_traceback(tmp_path, capsys, arguments, said):
    models = [] if "--models" in arguments else ["--models", MODEL]
    assert main(["run", *models, *arguments, "--out", str(tmp_path / "x.sqlite")]) == 1
    assert said in capsys.readouterr().err


def test_a_model_that_cannot_be_had_ends_with_its_reason_and_code_1(
    hub, empty_cache, tmp_path, capsys
):
    rows = tmp_path / "rows.csv"
    rows.write_text("text,price\na lamp,5\n")
    out = str(tmp_path / "x.sqlite")
    assert main(["run", "--models", "acme/nothing", "--rows", str(rows), "--out", out]) == 1
    assert "no such repository" in capsys.readouterr().err
