"""What the pages need of a model that runs somewhere."""

from collections.abc import Generator
from typing import Protocol


class Engine(Protocol):
    """A loaded model. Calls from several threads are safe: they take turns."""

    repo_id: str
    provenance: str

    def stream(self, prompt: str, *, max_new_tokens: int = 16) -> Generator[str]:
        """The greedy continuation, piece by piece as it is generated.

        Closing the generator ends the generation; EngineError if the model fails.
        """
        ...
