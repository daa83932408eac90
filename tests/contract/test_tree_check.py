"""What a model's first use finds out is remembered, with its reason."""

import json
import logging
from dataclasses import replace
from typing import Any

import pytest
from transformers.cache_utils import CacheLayerMixin, DynamicLayer

from components.assets import cache_root
from components.engines import LocalEngine, load_engine
from components.engines.local import checks, tree_check
from components.engines.local.tree_check import TreeCheck
from tests.contract.test_price_distribution import PROMPT, random_engine

SMOL = "HuggingFaceTB/SmolLM2-135M-Instruct"


def with_revision(name: str) -> LocalEngine:
    """A model that nothing was found out about in this process."""
    known = random_engine(name)
    return LocalEngine(replace(known.id, revision="0" * 40), known.model, known.tokenizer)


def test_what_was_found_holds_in_a_new_process(hub, empty_cache, monkeypatch):
    assert with_revision("gpt2").price_distribution(PROMPT).method == "tree"
    (file,) = (cache_root() / "checks").iterdir()
    assert json.loads(file.read_text()) == {"works": True, "reason": None}

    def fail(*_: object) -> TreeCheck:
        pytest.fail("the model was checked again")

    monkeypatch.setattr(tree_check, "check_trees", fail)
    assert with_revision("gpt2").price_distribution(PROMPT).method == "tree"


def test_a_damaged_note_is_made_anew(hub, empty_cache):
    with_revision("gpt2").price_distribution(PROMPT)
    (file,) = (cache_root() / "checks").iterdir()
    file.write_text("{")
    assert with_revision("gpt2").price_distribution(PROMPT).method == "tree"
    assert json.loads(file.read_text())["works"]


def test_other_libraries_are_checked_anew(hub, empty_cache, monkeypatch):
    with_revision("gpt2").price_distribution(PROMPT)
    monkeypatch.setattr(checks, "version", lambda name: "99")
    with_revision("gpt2").price_distribution(PROMPT)
    assert len(list((cache_root() / "checks").iterdir())) == 2


def test_a_model_without_a_revision_is_not_remembered(hub, empty_cache):
    known = random_engine("gpt2")
    LocalEngine(known.id, known.model, known.tokenizer).price_distribution(PROMPT)
    assert not (cache_root() / "checks").exists()


def test_why_a_model_takes_no_tree_is_kept_with_the_result_and_logged_once(
    hub, empty_cache, caplog
):
    engine = with_revision("mamba")
    with caplog.at_level(logging.WARNING, "components.engines.local.engine"):
        prompts = [engine.price_distribution(PROMPT, 0.3) for _ in range(2)]
    assert {found.method for found in prompts} == {"plain"}
    (note,) = {
        record.getMessage() for record in caplog.records if "scored plainly" in record.getMessage()
    }
    assert sum("scored plainly" in record.getMessage() for record in caplog.records) == 1
    (file,) = (cache_root() / "checks").iterdir()
    assert json.loads(file.read_text())["reason"] in note


def test_a_name_that_transformers_no_longer_has_is_loud(hub, monkeypatch):
    """Our fault must not pass for a property of the model."""
    engine = load_engine(SMOL)
    initialize, update = DynamicLayer.lazy_initialization, DynamicLayer.update

    def renamed_update(layer: Any, keys: Any, values: Any, *rest: Any, **named: Any) -> Any:
        if not layer.is_initialized:
            initialize(layer, keys, values)
        return update(layer, keys, values, *rest, **named)

    monkeypatch.setattr(DynamicLayer, "update", renamed_update)
    for kind in (DynamicLayer, CacheLayerMixin):
        monkeypatch.delattr(kind, "lazy_initialization")
    with pytest.raises(AttributeError, match="lazy_initialization"):
        engine.price_distribution(PROMPT, 0)
