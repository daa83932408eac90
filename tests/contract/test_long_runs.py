"""A long run with a small random model: what it holds in memory does not grow with its rows."""

import gc
import tracemalloc
from types import SimpleNamespace

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from components.control import Control
from components.engines import LocalEngine
from components.evaluation import InferenceSettings, Plan, Predictor, Row, RunStore
from components.evaluation.work import carry_out
from tests.support.model_ids import unrevised
from tests.support.small_models import SIZES, small_tokenizer

pytestmark = pytest.mark.slow

ROWS, WARM = 1000, 300
# 700 distributions as they are recorded would be 2.8 MB.
_MOST_GROWTH = 500_000
# Prompts that end alike have one trie of numbers, as the catalogue's have.
_END = " costs with everything that comes along with it $"


def random_engine() -> LocalEngine:
    torch.manual_seed(0)
    sizes = {name: SIZES[name] for name in LlamaConfig().to_dict() if name in SIZES}
    model = LlamaForCausalLM(LlamaConfig(**sizes)).eval()
    tokenizer = small_tokenizer()
    tokenizer.bos_token = "$"  # so that texts are read, too
    return LocalEngine(unrevised("nobody/random"), model, tokenizer)


def held() -> tuple[int, int]:
    """Bytes that Python and numpy hold since the tracing began, and the number of tensors."""
    gc.collect()
    tensors = sum(isinstance(thing, torch.Tensor) for thing in gc.get_objects())
    return tracemalloc.get_traced_memory()[0], tensors


def test_memory_is_flat_over_a_thousand_items(tmp_path, monkeypatch):
    engine = random_engine()
    rows = tuple(Row(f"row-{i}", f"a{i}{_END}", f"a{i}", 1.0 + i % 900) for i in range(ROWS))
    plan = Plan((engine.id.repo_id,), rows, InferenceSettings(0.9, continuation="none"))
    predictor = Predictor(engines=1, answers=1)
    predictor.pool.get(engine.id, lambda: engine)
    monkeypatch.setattr(predictor, "files", lambda *_: SimpleNamespace(id=engine.id))
    store = RunStore(tmp_path / "runs.sqlite")
    store.create(plan, "somebody")
    recorded: list[str] = []
    seen: list[tuple[int, int]] = []

    def hear(repo_id: str, *_: object) -> None:
        recorded.append(repo_id)
        if len(recorded) in (WARM, ROWS):
            seen.append(held())

    tracemalloc.start()
    try:
        carry_out(store, predictor, plan.run_id, Control(), hear)
    finally:
        tracemalloc.stop()
    assert store.run(plan.run_id).done == ROWS
    store.close()
    (bytes_before, tensors_before), (bytes_after, tensors_after) = seen
    assert bytes_after - bytes_before < _MOST_GROWTH
    assert tensors_after == tensors_before
