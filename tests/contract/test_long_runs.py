"""A long run with a small random model: what it holds in memory does not grow with its rows."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from tokenizers import pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM

from components.control import Control
from components.engines import LocalEngine
from components.evaluation import InferenceSettings, Plan, Predictor, Row, RunStore
from components.evaluation.work import carry_out
from tests.support.model_ids import unrevised
from tests.support.small_models import SIZES, small_tokenizer

pytestmark = pytest.mark.slow

ROWS, WARM = 1000, 300
_MOST_GROWTH_MB = 10


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def random_engine() -> LocalEngine:
    torch.manual_seed(0)
    sizes = {name: SIZES[name] for name in LlamaConfig().to_dict() if name in SIZES}
    model = LlamaForCausalLM(LlamaConfig(**sizes)).eval()
    tokenizer = small_tokenizer()
    # As those of real models, it cuts texts at blanks: all prompts then have one trie of numbers.
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_next")
    return LocalEngine(unrevised("nobody/random"), model, tokenizer)


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="no /proc here")
def test_memory_is_flat_over_a_thousand_items(tmp_path, monkeypatch):
    engine = random_engine()
    rows = tuple(Row(f"row-{i}", f"a{i} costs $", f"a{i}", 1.0 + i % 900) for i in range(ROWS))
    plan = Plan((engine.id.repo_id,), rows, InferenceSettings(0.9, continuation="none"))
    predictor = Predictor(engines=1, answers=1)
    predictor.pool.get(engine.id, lambda: engine)
    monkeypatch.setattr(predictor, "files", lambda *_: SimpleNamespace(id=engine.id))
    store = RunStore(tmp_path / "runs.sqlite")
    store.create(plan, "somebody")
    held: list[float] = []
    carry_out(store, predictor, plan.run_id, Control(), lambda *_: held.append(resident_mb()))
    assert store.run(plan.run_id).done == ROWS
    store.close()
    assert len(held) == ROWS
    assert max(held[WARM:]) - held[WARM] < _MOST_GROWTH_MB
