"""Every variable of Basewise: read once, validated at start, listed in the README."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from benchmarks.serving import REPOSITORY
from components.errors import SettingsError
from components.settings import MAX_UPLOAD_MB, Settings, load_settings, variable


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("BASEWISE_")]:
        monkeypatch.delenv(name)


def test_nothing_set_gives_the_defaults():
    assert load_settings() == Settings.model_construct()


def test_an_empty_variable_counts_as_not_set(monkeypatch):
    monkeypatch.setenv("BASEWISE_ENGINES", "")
    assert load_settings().engines == 2


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("BASEWISE_ENGINES", "0", "greater than or equal to 1"),
        ("BASEWISE_ENGINES", "-1", "greater than or equal to 1"),
        ("BASEWISE_ENGINES", "two", "valid integer"),
        ("BASEWISE_DEVICE", "tpu", "'cpu', 'cuda' or 'mps'"),
        ("BASEWISE_DTYPE", "int3", "'bfloat16', 'float16' or 'float32'"),
        ("BASEWISE_CACHE", "models", "not a relative one"),
        ("BASEWISE_CACHE", "~nosuchuser/models", "home folder"),
        ("BASEWISE_ADDRESS", "basewise.example.org", "a web address such as"),
        ("BASEWISE_ADDRESS", "https://x.org/?a=1", "a web address such as"),
        ("BASEWISE_LOG", "xml", "'text' or 'json'"),
        ("BASEWISE_ENGINE", "3", "did you mean BASEWISE_ENGINES?"),
    ],
)
def test_nonsense_is_refused_by_the_variables_name(monkeypatch, name, value, message):
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert caught.value.problem.startswith(name)
    assert message in caught.value.problem


def test_all_problems_are_named_at_once(monkeypatch):
    monkeypatch.setenv("BASEWISE_ENGINES", "two")
    monkeypatch.setenv("BASEWISE_DEVICE", "tpu")
    with pytest.raises(SettingsError, match=r"BASEWISE_DEVICE.*BASEWISE_ENGINES"):
        load_settings()


def test_settings_do_not_change_while_the_process_lives(monkeypatch):
    settings = load_settings()
    monkeypatch.setenv("BASEWISE_ENGINES", "7")
    assert load_settings() is settings
    with pytest.raises(ValidationError, match="frozen"):
        settings.engines = 7


def test_checking_before_the_start_says_what_is_wrong_and_fails():
    process = subprocess.run(
        [sys.executable, "-m", "components.settings"],
        cwd=REPOSITORY,
        env={**os.environ, "BASEWISE_ENGINES": "two"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 1
    assert "BASEWISE_ENGINES is 'two'" in process.stderr
    assert "Traceback" not in process.stderr


def test_the_readme_lists_every_variable_and_no_other():
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"BASEWISE_[A-Z_]+", readme))
    assert listed == set(map(variable, Settings.model_fields))


def test_the_server_takes_uploads_as_large_as_the_page_offers():
    config = Path(REPOSITORY, ".streamlit", "config.toml").read_text(encoding="utf-8")
    assert f"maxUploadSize = {MAX_UPLOAD_MB}\n" in config
