"""What the pages need of a model that runs somewhere."""

import threading
from collections.abc import Callable, Generator
from typing import Protocol

from components.numbers import PriceDistribution


class Engine(Protocol):
    """A loaded model. Calls from several threads are safe: they take turns."""

    repo_id: str
    provenance: str

    def stream(self, prompt: str, *, max_new_tokens: int = 16) -> Generator[str]:
        """The greedy continuation, piece by piece as it is generated.

        Closing the generator ends the generation; EngineError if the model fails.
        """
        ...

    def price_distribution(
        self,
        prompt: str,
        tolerance: float = 0.01,
        *,
        stop: threading.Event | None = None,
        progress: Callable[[float | None], None] | None = None,
    ) -> PriceDistribution:
        """The probability of each price 0..999 to come next, exact but for `tolerance`.

        At most `tolerance` of the probability, in [0, 1), is left unexplored; 0 explores all.
        `progress` hears the unexplored share around each pass of the model, and None while the
        model is being checked, which its first use takes; what it raises ends the run. Once
        `stop` is set, StoppedError is raised before the next pass. EngineError if the prompt is
        empty or too long, or the model fails; TokenizerError if its tokenizer can't tell numbers
        apart.
        """
        ...
