"""Mutated real tokenizers through all that looks at one: a result or a message, soon, in bounds."""

import resource

import pytest
from tokenizers import Tokenizer

from components.assets import fetch_tokenizer
from components.charts import NamedAtlas, atlas_heatmaps, first_token_maps
from components.errors import TokenizerError
from components.numbers import (
    CONTEXTS,
    NumberTrieCache,
    Sequences,
    StrangersTokenizer,
    cost_summary,
    first_token_information,
    possible_counts,
    still_possible,
)
from components.registry import load_registry
from components.tokenization import disagreements, try_tokenizer
from components.tokenization.fast_tokenizer import as_for_inference
from components.ui.tokenizers.labels import explanation
from components.ui.tokenizers.strips import DEFAULT_TEXT, strip_html
from tests.support.fuzz import fuzz_cases, processor_seconds
from tests.support.mutated_tokenizers import mutated

SEEDS = fuzz_cases(8)
MOST_MB = 1000
MOST_SECONDS = 10  # of this process; what runs in one of its own has limits there
PROMPT = "What does this cost?\n\nWireless headphones\n\nPrice is $"


SEQUENCES = Sequences(("headphones",), (PROMPT,), (349,))


def look_at(content: bytes) -> str:
    """All that pages do with a tokenizer, asked elsewhere; the strategy found."""
    look = StrangersTokenizer(content)
    found = look.overview(SEQUENCES)
    assert explanation(found.strategy)
    cost_summary(found.costs)
    atlases = [look.atlas(range(1000), template) for template in CONTEXTS]
    atlas = atlases[0]
    atlas_heatmaps([NamedAtlas("x", atlas)], where="here", theme="light")
    first_token_maps([NamedAtlas("x", atlas)], 349, [still_possible(atlas, 349)], theme="light")
    assert 0 <= first_token_information(atlas, [1.0] * 1000).share <= 1
    assert possible_counts(atlas).shape == (1000,)
    strip = look.cut(DEFAULT_TEXT)
    spans = [*strip.before, *strip.spans(), *strip.after]
    strip_html(spans, disagreements([strip, strip])[0].tolist(), with_ids=True)
    return found.strategy.name


def run_with(content: bytes) -> str:
    """What engines do with a model's own, in this process, once it has passed its trial."""
    try_tokenizer(content)
    opened = Tokenizer.from_buffer(content)
    as_for_inference(opened)
    trie = NumberTrieCache(opened).after(PROMPT).trie
    assert len({trie.path(number) for number in range(1000)}) == 1000
    return "runs"


@pytest.mark.parametrize("do", [look_at, run_with])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_mutated_tokenizer_is_looked_at_or_refused_in_time_and_memory(seed, do):
    registry = load_registry()
    models = ("openai-community/gpt2", "meta-llama/Llama-2-7b-hf")
    specs = [registry.get(repo_id) for repo_id in models if repo_id in registry]
    folders = [fetch_tokenizer(spec, registry).folder for spec in specs]
    content = mutated(seed, [folder / "tokenizer.json" for folder in folders])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = processor_seconds()
    try:
        outcome = do(content)
    except TokenizerError as error:
        outcome = error.problem
    assert 0 < len(outcome) < 400
    print(f"{seed}: {processor_seconds() - started:.1f} s, {outcome}")
    assert processor_seconds() - started < MOST_SECONDS
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MOST_MB * 1000
