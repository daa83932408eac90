"""The strategies that the leaderboard shows are those that the real tokenizers have."""

import pytest

from components.leaderboard import families
from components.numbers import numbering_strategy
from components.registry import load_registry
from components.tokenization import load_tokenizer

RECORDED = families()[["tokenizer", "strategy"]].drop_duplicates().values.tolist()


@pytest.mark.parametrize(("package", "strategy"), RECORDED)
def test_a_recorded_strategy_is_what_running_the_tokenizer_shows(package, strategy):
    spec = next(spec for spec in load_registry() if package in spec.tokenizer)
    assert numbering_strategy(load_tokenizer(spec.id)).name == strategy
