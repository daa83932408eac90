"""The host's endpoints: read from a file, validated at start, nothing secret in any message."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.serving import REPOSITORY
from components import endpoints
from components.endpoints import load_endpoints, served_id, split_served_id
from components.errors import SettingsError

SECRET_URL, SECRET_KEY = "http://gpu-internal.corp:8123", "sk-very-secret-1234"
WHOLE = f"""
[endpoints.gpu-box]
url = "{SECRET_URL}/v1/"
model = "smol"
hub_id = "HuggingFaceTB/SmolLM2-135M-Instruct"
key_variable = "GPU_BOX_KEY"
concurrency = 8
"""


def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    file = tmp_path / "endpoints.toml"
    file.write_text(text, encoding="utf-8")
    monkeypatch.setenv("BASEWISE_ENDPOINTS", str(file))


def test_an_endpoint_is_read_with_its_key_from_the_environment(tmp_path, monkeypatch):
    write(tmp_path, monkeypatch, WHOLE)
    monkeypatch.setenv("GPU_BOX_KEY", SECRET_KEY)
    (found,) = load_endpoints().values()
    assert found.served_id == "HuggingFaceTB/SmolLM2-135M-Instruct:gpu-box"
    assert found.url.get_secret_value() == SECRET_URL
    assert found.key is not None
    assert found.key.get_secret_value() == SECRET_KEY
    assert found.concurrency == 8
    assert SECRET_KEY not in f"{found!r}{found}{found.model_dump_json()}"
    assert SECRET_URL not in f"{found!r}{found}{found.model_dump_json()}"
    hidden = found.hide(f"no route to {SECRET_URL}/x or gpu-internal.corp with {SECRET_KEY}")
    assert hidden == "no route to …/x or … with …"


def test_without_a_file_there_are_none(monkeypatch, tmp_path):
    monkeypatch.delenv("BASEWISE_ENDPOINTS", raising=False)
    monkeypatch.setattr(endpoints, "SECRETS", tmp_path / "secrets.toml")
    assert load_endpoints() == {}
    (tmp_path / "secrets.toml").write_text(WHOLE.replace('key_variable = "GPU_BOX_KEY"', ""))
    load_endpoints.cache_clear()
    assert list(load_endpoints()) == ["gpu-box"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("url = ", "address = "), "url: Field required"),
        ((SECRET_URL, "gpu-internal.corp:8123"), "a web address such as"),
        ((SECRET_URL, "http://user:word@gpu-internal.corp"), "a web address such as"),
        (("concurrency = 8", "concurrency = 0"), "concurrency: Input should be greater"),
        (("concurrency = 8", 'key = "sk-very-secret-1234"'), "name its variable in key_variable"),
        (("HuggingFaceTB/", "a/b/"), "is no Hub id"),
        (("endpoints.gpu-box", 'endpoints."gpu box"'), "a name begins with a letter"),
        (("[endpoints.gpu-box]", "[[endpoints]]"), "write a table [endpoints.NAME]"),
        (("concurrency = 8", "concurrency ="), "can't be read (TOMLDecodeError)"),
        (("GPU_BOX_KEY", "NO_SUCH_KEY"), "NO_SUCH_KEY, its key, is not set"),
    ],
)
def test_what_is_wrong_is_said_without_address_or_key(tmp_path, monkeypatch, change, message):
    write(tmp_path, monkeypatch, WHOLE.replace(*change))
    monkeypatch.setenv("GPU_BOX_KEY", SECRET_KEY)
    with pytest.raises(SettingsError) as caught:
        load_endpoints()
    assert message in str(caught.value)
    for secret in (SECRET_URL, "gpu-internal.corp", SECRET_KEY, "user:word"):
        assert secret not in str(caught.value)


def test_checking_before_the_start_says_what_is_wrong_and_fails(tmp_path, monkeypatch):
    write(tmp_path, monkeypatch, WHOLE)
    process = subprocess.run(
        [sys.executable, "-m", "components.endpoints"],
        cwd=REPOSITORY,
        env={**os.environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 1
    assert "GPU_BOX_KEY, its key, is not set" in process.stderr
    assert "Traceback" not in process.stderr


@pytest.mark.parametrize(
    ("key", "parts"),
    [
        ("google/gemma-3-270m", ("google/gemma-3-270m", None)),
        ("google/gemma-3-270m:gpu-box", ("google/gemma-3-270m", "gpu-box")),
        ("gpt2:a", ("gpt2", "a")),
        ("localhost:8501", ("localhost:8501", None)),
        ("https://huggingface.co/google/gemma", ("https://huggingface.co/google/gemma", None)),
        ("google/gemma:", ("google/gemma:", None)),
    ],
)
def test_a_served_models_key_is_its_hub_id_and_its_endpoint(key, parts):
    assert split_served_id(key) == parts
    assert served_id(*parts) == key


def test_the_example_deployments_endpoints_are_valid(monkeypatch):
    monkeypatch.setenv("BASEWISE_ENDPOINTS", str(REPOSITORY / "deploy" / "endpoints.toml"))
    monkeypatch.setenv("GPU_BOX_KEY", SECRET_KEY)
    assert [one.served_id for one in load_endpoints().values()] == [
        "meta-llama/Llama-3.1-8B:gpu-box"
    ]
