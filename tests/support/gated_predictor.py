"""Models that answer when a test lets them, so that it decides what is at work while it looks."""

import threading
from dataclasses import replace

from components.control import Control
from components.evaluation import InferenceSettings, Item, Prediction, Predictor
from components.evaluation.evaluate import Listener
from tests.support.scripted_runs import prediction

_STEP_SECONDS = 0.01


class GatedPredictor(Predictor):
    """Each model says $129: its prices once `priced` is set, then its text once `told` is.

    `asked` has the models in the order in which they were begun. What is in `failures` is raised in
    place of the prices; a model in `deaf` hears no Stop before its answer is whole.
    """

    def __init__(self) -> None:
        super().__init__(engines=1, answers=1)
        self.asked: list[str] = []
        self.failures: dict[str, Exception] = {}
        self.deaf: set[str] = set()
        self.priced, self.told = threading.Event(), threading.Event()

    def let_all_answer(self) -> None:
        """From now on nothing waits."""
        self.priced.set()
        self.told.set()

    def predict(
        self,
        repo_id: str,
        item: Item,
        settings: InferenceSettings,
        control: Control,
        partial: Listener | None = None,
    ) -> Prediction:
        self.asked.append(repo_id)
        if repo_id in self.deaf:
            self.told.wait(30)
            return prediction(item, repo_id, settings=settings)
        self._wait(self.priced, "Scoring prices", control)
        if repo_id in self.failures:
            raise self.failures[repo_id]
        whole = prediction(item, repo_id, settings=settings)
        if partial is not None:
            partial(replace(whole, continuation="12", finished=False))
        self._wait(self.told, "Writing", control)
        return whole

    def _wait(self, gate: threading.Event, stage: str, control: Control) -> None:
        while True:
            control.report(stage, 0.4, 1, "share")
            if gate.wait(_STEP_SECONDS):
                return
