"""Runs without weights: a plan over made-up products, and models that follow a script."""

import time
from dataclasses import replace
from functools import cache
from pathlib import Path

from transformers import PreTrainedTokenizerFast

from components.assets import Asset
from components.control import Control
from components.engines import EngineFiles, ModelId, PooledEngine
from components.engines.local.layout import Layout
from components.errors import AssetError, EngineError
from components.evaluation import InferenceSettings, Item, Plan, Prediction, Predictor, Row
from components.evaluation.evaluate import evaluate
from components.evaluation.predictor import ModelSource
from components.registry import HubRepo
from tests.support.model_ids import unrevised
from tests.unit.test_evaluate import ScriptedEngine
from tests.unit.test_price_distribution import scripted_tokenizer

MODELS = ("nobody/one", "nobody/two")
PROMPT = "is a thing.\n\nPrice is $"


def rows(count: int) -> tuple[Row, ...]:
    """Products at $1, $2, …, of two categories."""
    return tuple(
        Row(f"row-{i}", f"{i} {PROMPT}", f"thing {i}", i + 1.0, "ab"[i % 2]) for i in range(count)
    )


def plan(count: int = 5, models: tuple[str, ...] = MODELS, **settings: object) -> Plan:
    """A plan over `count` products."""
    chosen = replace(InferenceSettings(), **settings)  # type: ignore[arg-type]
    return Plan(models, rows(count), chosen, "made up", {"above $999": 2})


def prediction(
    item: Item, model: str = MODELS[0], number: int = 129, settings: InferenceSettings | None = None
) -> Prediction:
    """What a model that is sure of a number answers to an item."""
    engine = ScriptedEngine(number, f"{number}.00 ")
    engine.id, engine.tokenizer = unrevised(model), _tokenizer()
    return evaluate(engine, item, settings)


class ScriptedPredictor(Predictor):
    """Each model answers $129 after `seconds`; `asked` has what was asked of which.

    Models in `missing` can't be fetched, items in `failing` can't be answered.
    """

    def __init__(self, seconds: float = 0.0):
        super().__init__(engines=2, answers=1)
        self.asked: list[tuple[str, str]] = []
        self.missing: set[str] = set()
        self.failing: set[str] = set()
        self.precision = "float32"
        self.fault: Exception | None = None
        self.seconds = seconds

    def files(self, repo_id: str, settings: InferenceSettings, control: Control) -> EngineFiles:
        if repo_id in self.missing:
            raise AssetError("The weights could not be fetched.", way_out="Pick another model.")
        asset = Asset(Path(), HubRepo(repo_id=repo_id), "")
        return EngineFiles(
            unrevised(repo_id, self.precision), "native", Layout(), weights=asset, tokenizer=asset
        )

    def engine(self, files: ModelSource, control: Control) -> PooledEngine:
        return PooledEngine(_Engine(self, files.id))


@cache
def _tokenizer() -> PreTrainedTokenizerFast:
    return scripted_tokenizer(whole=False)


class _Engine(ScriptedEngine):
    def __init__(self, predictor: ScriptedPredictor, model: ModelId):
        super().__init__(129, "129.00 ")
        self.id, self._predictor = model, predictor
        self.tokenizer = _tokenizer()  # whose tries are built once

    def scorer(self, prompt, trie, control):  # type: ignore[no-untyped-def]
        time.sleep(self._predictor.seconds)
        control.check()
        if self._predictor.fault is not None:
            raise self._predictor.fault
        words = self.tokenizer.convert_ids_to_tokens(list(prompt))
        row = f"row-{''.join(words).partition('?')[0]}"
        if row in self._predictor.failing:
            raise EngineError("The prompt is too long.", way_out="Shorten it.")
        self._predictor.asked.append((self.id.repo_id, row))
        return super().scorer(prompt, trie, control)
