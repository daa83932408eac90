"""Models by whatever they are called: ids as the Hub takes them, links, names; what is known."""

from contextlib import suppress

import pytest
from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils import validate_repo_id
from hypothesis import example, given
from hypothesis import strategies as st

from components.errors import UnknownModelError
from components.leaderboard import known_models, load_board, model_facts
from components.registry import find_models, is_hub_id, load_registry, read_link, read_model

ALPHABET = "aB9é-_./ \n"


@given(st.text(ALPHABET, max_size=12) | st.text(max_size=8) | st.text("ab./", min_size=90))
@example("someone/_Model_2")
@example(f"someone/{'x' * 96}")
@example(f"someone/{'x' * 97}")
@example("gpt2")
@example("a/b.git")
@example("")
def test_an_id_is_one_exactly_if_huggingface_hub_says_so(text):
    try:
        validate_repo_id(text)
        expected = True
    except HFValidationError:
        expected = False
    assert is_hub_id(text) == expected


PLACE = "https://huggingface.co/org-1/Model_2.5"


@pytest.mark.parametrize(
    "link",
    [
        PLACE,
        f"{PLACE}/",
        f"  {PLACE}\n",
        f'"{PLACE}"',
        f"‘{PLACE}’,",
        f"<{PLACE}>",
        f"{PLACE}/tree/main",
        f"{PLACE}?library=transformers",
        f"{PLACE}#model-card",
        f"{PLACE}/blob/main/config.json",
        f"{PLACE}/resolve/main/tokenizer.json?download=true",
        f"{PLACE}/discussions/7",
        "HTTPS://HuggingFace.co/org-1/Model_2.5",
        "http://www.huggingface.co/org-1//Model_2.5",
        "huggingface.co/org-1/Model_2.5",
        "hf.co/org-1/Model_2.5",
        "https://huggingface.co/api/models/org-1/Model_2.5/revision/main",
        "https://huggingface.co/models/org-1/Model_2.5",
        "hf://org-1/Model_2.5",
        "hf://models/org-1/Model_2.5/config.json",
        "hf://org-1/Model_2.5@main/config.json",
        "models/org-1/Model_2.5",
        "org-1/Model_2.5/tree/main",
        "org-1/Model_2.5@main",
        "org-1/Model_2.5/",
        "`org-1/Model_2.5`",
    ],
)
def test_a_pasted_link_is_the_model_that_it_names(link):
    found = read_link(link)
    assert (found.repo_id, found.revision) == ("org-1/Model_2.5", None)


@pytest.mark.parametrize(
    "link",
    [
        f"{PLACE}/tree/0a1b2c",
        f"{PLACE}/blob/0a1b2c/config.json",
        "hf://org-1/Model_2.5@0a1b2c/config.json",
        "org-1/Model_2.5@0a1b2c",
    ],
)
def test_the_revision_in_a_link_is_not_used_and_that_is_said(link):
    assert read_link(link).revision == "0a1b2c"
    assert "0a1b2c" in (read_model(link, load_registry(), {}).note or "")


@pytest.mark.parametrize(
    ("link", "what"),
    [
        ("https://huggingface.co/datasets/org/data", "dataset"),
        ("hf://datasets/org/data/file.csv", "dataset"),
        ("datasets/org/data", "dataset"),
        ("https://huggingface.co/spaces/org/app", "Space"),
        ("https://huggingface.co/papers/2401.1", "no model's"),
        ("https://example.com/org/name", "no address on the Hub"),
        ("ftp://huggingface.co/org/name", "no address on the Hub"),
        ("https://huggingface.co", "names no model"),
        ("  ", "empty"),
    ],
)
def test_a_link_that_is_no_models_is_refused_by_what_it_is(link, what):
    with pytest.raises(UnknownModelError, match=what) as caught:
        read_link(link)
    assert caught.value.way_out


@given(st.text(max_size=60))
@example("hf://@/")
@example("https://huggingface.co/%2F%2F/@")
def test_any_text_is_read_or_refused(text):
    with suppress(UnknownModelError):
        assert is_hub_id(read_model(text, load_registry(), known_models()).repo_id)


@pytest.mark.parametrize("link", ["gpt2", "https://huggingface.co/gpt2", "hf.co/gpt2/tree/main"])
def test_an_id_that_is_a_name_alone_is_an_id(link):
    model = read_model(link, load_registry(), known_models())
    assert model.repo_id == "openai-community/gpt2"
    assert read_model("ctrl", load_registry(), known_models()).repo_id == "ctrl"
    assert load_registry().resolve("ctrl").organization is None


@pytest.mark.parametrize(
    "text", ["llama-3.1", "Llama 3.1 8b", "8B llama 3.1", "llama 3_1", "ma-3.1-8b", "LLAMA3.1 8B"]
)
def test_a_model_is_found_however_it_is_spelled(text):
    assert find_models(text, known_models())[0] == "meta-llama/Llama-3.1-8B"


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("falcon 40b", "tiiuae/falcon-40b"),  # on the board alone
        ("gemma-2-9b", "google/gemma-2-9b"),
        ("gemma 2 9b it", "google/gemma-2-9b-it"),
        ("smollm2 135", "HuggingFaceTB/SmolLM2-135M"),
        ("instruct qwen2.5 7b", "Qwen/Qwen2.5-7B-Instruct"),
    ],
)
def test_the_best_match_comes_first_and_the_board_is_searched_too(text, first):
    assert find_models(text, known_models())[0] == first


def test_a_number_is_matched_whole():
    known = {"a/llama-3.1-8b": "L", "a/llama-3.2-18b": "L2", "a/llama-30b": "L3"}
    assert find_models("llama 3 8b", known) == ["a/llama-3.1-8b"]
    assert find_models("llama 3.2", known) == ["a/llama-3.2-18b"]
    assert find_models("zebra", known) == []
    assert find_models("", known) == find_models("…", known) == []


def test_the_name_of_one_model_is_that_model_and_said_and_that_of_several_is_asked_about():
    model = read_model("Llama 3.1 8b", load_registry(), known_models())
    assert model.repo_id == "meta-llama/Llama-3.1-8B"
    assert "taken for" in (model.note or "")
    with pytest.raises(UnknownModelError, match="Did you mean") as caught:
        read_model("llama-3.1", load_registry(), known_models())
    assert caught.value.suggestions[0] == "meta-llama/Llama-3.1-8B"


def test_what_the_board_knows_of_a_model_is_known():
    facts = model_facts("tiiuae/falcon-40b")
    assert (facts.kind, facts.params_b, facts.license) == ("base", 40.0, "apache-2.0")
    assert facts.known_from == "board"
    assert model_facts("nobody/nothing").known_from is None
    assert model_facts("meta-llama/Meta-Llama-3.1-8B").id == "meta-llama/Llama-3.1-8B"


@pytest.mark.parametrize("vintage", ["2024-10-15", "2025-02-08", "2025-03-final"])
def test_a_model_has_one_size_everywhere(vintage):
    board = load_board(vintage).dropna(subset="params_b")
    assert len(board) > 100
    for model, size in board[["model", "params_b"]].itertuples(index=False):
        assert model_facts(model).params_b == size
