"""One model answers one item: with an engine that follows a script, so without any weights."""

from collections.abc import Generator, Sequence
from typing import Any

import numpy as np
import pytest

from components.control import Control, Progress
from components.engines import Queue
from components.errors import EngineError, StoppedError
from components.evaluation import (
    AnswerMemory,
    InferenceSettings,
    Item,
    Prediction,
    evaluate,
    own_item,
)
from components.evaluation.item import MAX_NEW_TOKENS
from components.numbers import NextTokens, NumberTrie, Scorer, TokenPath, TopToken
from components.numbers.distribution import Method
from tests.support.model_ids import unrevised
from tests.unit.test_price_distribution import scripted_tokenizer

ITEM = Item("lamp", "Price is $", 42.0)


class ScriptedScorer:
    """A model that writes one number for certain, then a full stop."""

    method: Method = "plain"
    pass_size = 100
    prefetched: Sequence[TokenPath] = ()
    passes = tokens = 0

    def __init__(self, trie: NumberTrie, number: int, control: Control, note: str | None):
        self.note, self._control = note, control
        self._columns = trie.columns.tolist()
        self._path = trie.path(number)

    def score(self, paths: Sequence[TokenPath], prefetch: Sequence[TokenPath] = ()) -> NextTokens:
        self._control.check()
        rows = np.zeros((len(paths), len(self._columns)))
        for row, path in zip(rows, paths, strict=True):
            if path == self._path[: len(path)] and len(path) < len(self._path):
                row[self._columns.index(self._path[len(path)])] = 1.0
        return NextTokens.with_all_told(rows)

    def top_tokens(self, count: int) -> list[TopToken]:
        return []


class ScriptedEngine:
    """Prices everything at one number, and continues with a text, character by character."""

    concurrency = 1

    def __init__(self, number: int, text: str, note: str | None = None):
        self.id = unrevised("nobody/scripted")
        self.tokenizer: Any = scripted_tokenizer(whole=True)
        self.scorers: list[ScriptedScorer] = []
        self.continued: list[tuple[str, int, Scorer | None]] = []
        self.closed = 0
        self._number, self._text, self._note = number, text, note

    def scorer(self, prompt: TokenPath, trie: NumberTrie, control: Control) -> Scorer:
        self.scorers.append(ScriptedScorer(trie, self._number, control, self._note))
        return self.scorers[-1]

    def stream(
        self,
        prompt: str,
        max_new_tokens: int,
        control: Control,
        *,
        scorer: Scorer | None = None,
    ) -> Generator[str]:
        self.continued.append((prompt, max_new_tokens, scorer))
        try:
            for character in self._text:
                control.check()
                yield character
        finally:
            self.closed += 1


def test_a_prediction_holds_what_was_asked_of_whom_and_answered():
    engine = ScriptedEngine(129, "129.00 or so", note="no reason")
    prediction = evaluate(engine, ITEM)
    assert prediction.model == engine.id
    assert prediction.item == ITEM
    assert prediction.settings == InferenceSettings()
    assert prediction.distribution.mode == 129
    assert prediction.note == "no reason"
    assert prediction.finished
    assert prediction.greedy == 129.0


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("129.00 or so", "129.00 "),
        ("1,299.\nNext", "1,299.\n"),
        (" 7", " 7"),
        ("cheap", "c"),
        ("  \n  a", "  \n  a"),
        ("", ""),
    ],
)
def test_the_continuation_ends_with_what_can_be_no_part_of_a_price(text, kept):
    engine = ScriptedEngine(129, text)
    assert evaluate(engine, ITEM).continuation == kept
    assert engine.closed == 1


def test_a_text_goes_on_past_the_price_and_none_is_not_asked_for():
    engine = ScriptedEngine(129, "129.00 or so")
    text = evaluate(engine, ITEM, InferenceSettings(continuation="text"))
    assert text.continuation == "129.00 or so"
    none = evaluate(engine, ITEM, InferenceSettings(continuation="none"))
    assert (none.continuation, none.greedy, none.finished) == ("", None, True)
    assert len(engine.continued) == 1


def test_the_continuation_goes_on_from_the_scorer_of_the_distribution():
    engine = ScriptedEngine(129, "129")
    evaluate(engine, ITEM)
    assert engine.continued == [(ITEM.prompt, MAX_NEW_TOKENS, engine.scorers[0])]


def test_partial_results_begin_with_the_distribution_and_grow():
    seen: list[Prediction] = []
    final = evaluate(ScriptedEngine(129, "129."), ITEM, partial=seen.append)
    assert [prediction.continuation for prediction in seen] == ["", "1", "12", "129", "129."]
    assert not any(prediction.finished for prediction in seen)
    assert [prediction.greedy for prediction in seen] == [None] * 5  # each may still go on
    assert final.greedy == 129


def test_the_queue_is_held_for_the_distribution_and_free_for_the_continuation():
    queue, lengths = Queue(), []
    control = Control(lambda progress: lengths.append((progress.stage, len(queue))))
    evaluate(
        ScriptedEngine(129, "129"),
        ITEM,
        InferenceSettings(tolerance=0),
        control,
        queue=queue,
        partial=lambda prediction: lengths.append(("continuation", len(queue))),
    )
    assert {length for stage, length in lengths if stage == "Scoring prices"} >= {1}
    assert {length for stage, length in lengths if stage == "continuation"} == {0}


def test_progress_is_the_share_of_the_probability_that_is_explored():
    reports: list[Progress] = []
    evaluate(ScriptedEngine(129, ""), ITEM, control=Control(reports.append))
    shares = [progress.done for progress in reports]
    assert shares == sorted(shares)
    assert {(progress.total, progress.unit) for progress in reports} == {(1, "share")}


def test_stopped_work_gives_no_prediction():
    control = Control()
    control.stop()
    with pytest.raises(StoppedError):
        evaluate(ScriptedEngine(129, "129"), ITEM, control=control)


@pytest.mark.parametrize("prompt", ["", " \n"])
def test_an_empty_prompt_is_refused(prompt):
    with pytest.raises(EngineError, match="empty"):
        evaluate(ScriptedEngine(129, "129"), Item("x", prompt))


def test_an_own_items_id_is_a_hash_of_its_text_alone():
    assert own_item("a lamp").id == own_item("a lamp", 5.0).id
    assert own_item("a lamp").id != own_item("a chair").id
    assert own_item("a lamp").id.startswith("own-")


def answered(prompt: str, settings: InferenceSettings | None = None) -> Prediction:
    return evaluate(ScriptedEngine(129, "129"), Item(prompt, prompt), settings)


def test_a_memory_finds_the_same_model_prompt_and_settings_and_nothing_else():
    memory, settings = AnswerMemory(10), InferenceSettings()
    prediction = answered("Price is $")
    memory.add(prediction)
    other_id = Item("another id, same prompt", "Price is $", 3.0)
    assert memory.find(prediction.model, other_id, settings) is prediction
    assert memory.find(unrevised("nobody/else"), prediction.item, settings) is None
    assert memory.find(prediction.model, Item("x", "Cost is $"), settings) is None
    finer = InferenceSettings(tolerance=0.001)
    assert memory.find(prediction.model, prediction.item, finer) is None


def test_a_full_memory_forgets_what_was_not_used_for_the_longest():
    memory, settings = AnswerMemory(2), InferenceSettings()
    predictions = [answered(prompt) for prompt in ("A Price is $", "? Price is $", "Price is $")]
    memory.add(predictions[0])
    memory.add(predictions[1])
    memory.find(predictions[0].model, predictions[0].item, settings)
    memory.add(predictions[2])
    found = [memory.find(one.model, one.item, settings) is not None for one in predictions]
    assert found == [True, False, True]
