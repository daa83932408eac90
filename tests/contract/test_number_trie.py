"""The number trie with real tokenizers."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.numbers import NumberTrieCache
from components.pricing import load_catalogue, price_prompt
from components.tokenization import load_tokenizer

MODELS = [
    "meta-llama/Llama-3.1-8B",
    "Qwen/Qwen2.5-7B",
    "google/gemma-2-9b",
    "google/gemma-3-270m",
    "microsoft/Phi-3-mini-4k-instruct",
    "mistralai/Mistral-Nemo-Base-2407",
    "openai-community/gpt2",
    "HuggingFaceTB/SmolLM2-135M",
]
PROMPT = price_prompt(next(iter(load_catalogue().values())).description)
_made: dict[str, NumberTrieCache] = {}


def tries(repo_id: str) -> NumberTrieCache:
    if repo_id not in _made:
        _made[repo_id] = NumberTrieCache(load_tokenizer(repo_id))
    return _made[repo_id]


@pytest.mark.parametrize("repo_id", MODELS)
def test_prompt_and_path_are_the_tokens_of_the_text(hub, repo_id):
    tokenizer = load_tokenizer(repo_id)
    prompt, trie = tries(repo_id).after(PROMPT)
    assert list(prompt) == tokenizer(PROMPT)["input_ids"]
    for number in random.Random(0).sample(range(1000), 60):
        text = tokenizer(f"{PROMPT}{number}")["input_ids"]
        assert [*prompt, *trie.path(number)] == text


@pytest.mark.parametrize("repo_id", MODELS)
def test_each_number_has_one_node_for_the_separator_after_it(hub, repo_id):
    _, trie = tries(repo_id).after(PROMPT)
    comma = load_tokenizer(repo_id)("$1,", add_special_tokens=False)["input_ids"][-1]
    nodes = [node for node in trie.nodes if node.tokens[-1:] == (comma,)]
    assert sorted(node.number for node in nodes if node.number is not None) == [*range(1000)]
    assert all(not len(node.children) for node in nodes)
    numbers, separators = trie.separator_nodes
    assert [trie.nodes[i].tokens for i in separators] == [
        (*trie.nodes[i].tokens, comma) for i in numbers
    ]


@pytest.mark.parametrize("prompt", ["Price: ", "Price is $", "Cost in dollars:\t", "価格は", "1"])
@pytest.mark.parametrize("repo_id", MODELS)
def test_a_token_may_join_the_prompts_end_to_the_first_digit(hub, repo_id, prompt):
    tokenizer = load_tokenizer(repo_id)
    tokens, trie = tries(repo_id).after(prompt)
    for number in (0, 5, 42, 100, 129, 999):
        text = tokenizer(f"{prompt}{number}")["input_ids"]
        assert [*tokens, *trie.path(number)] == text


def test_gpt2_leaves_a_last_space_to_the_numbers_tokens(hub):
    tokens, trie = tries("openai-community/gpt2").after("Price: ")
    assert load_tokenizer("openai-community/gpt2").decode(list(tokens)) == "Price:"
    assert {branch.text[:2] for branch in trie.branches} >= {" 1", " 9"}


@pytest.mark.parametrize("repo_id", ["google/gemma-3-270m", "meta-llama/Llama-3.1-8B"])
def test_the_prompt_begins_with_bos_where_the_tokenizer_has_it(hub, repo_id):
    tokens, _ = tries(repo_id).after("Price is $")
    assert tokens[0] == load_tokenizer(repo_id).bos_token_id
    assert tokens[1:].count(tokens[0]) == 0


@settings(max_examples=12)
@given(st.text(max_size=80), st.sampled_from([MODELS[0], MODELS[3], MODELS[6]]))
def test_any_description_is_read_as_its_tokenizer_reads_it(description, repo_id):
    tokenizer = load_tokenizer(repo_id)
    prompt = f"{description}\n\nPrice is $"
    tokens, trie = tries(repo_id).after(prompt)
    for number in (0, 42, 999):
        text = tokenizer(f"{prompt}{number}")["input_ids"]
        assert [*tokens, *trie.path(number)] == text
