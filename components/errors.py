"""The one exception hierarchy: what failed, what was tried and why it failed, what to do."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Attempt:
    """One thing that was tried, and why it did not work."""

    what: str
    reason: str


class BasewiseError(Exception):
    """Any failure a visitor is shown.

    `problem` is one sentence; `way_out` says what the visitor can do; `attempts` lists, in
    order, what was tried. `details` is what a library said, of any length: pages show it on
    request.
    """

    def __init__(
        self,
        problem: str,
        *,
        way_out: str,
        attempts: Sequence[Attempt] = (),
        details: str | None = None,
    ):
        self.problem = problem
        self.way_out = way_out
        self.attempts = tuple(attempts)
        self.details = details
        super().__init__(problem)

    def __str__(self) -> str:
        lines = [self.problem]
        lines += [f"- {attempt.what}: {attempt.reason}" for attempt in self.attempts]
        lines += [f"({self.details})"] if self.details else []
        lines.append(self.way_out)
        return "\n".join(lines)


class SettingsError(BasewiseError):
    """An environment variable of Basewise that can't be used."""


class StoppedError(BasewiseError):
    """Work that whoever started it has stopped."""


class RegistryError(BasewiseError):
    """The registry file breaks its own rules."""


class UnknownModelError(BasewiseError):
    """An id that the registry does not list; `suggestions` are close ids, best first."""

    def __init__(self, problem: str, *, way_out: str, suggestions: Sequence[str] = ()):
        super().__init__(problem, way_out=way_out)
        self.suggestions = tuple(suggestions)


class AssetError(BasewiseError):
    """No source could supply a tokenizer or weights."""


class TokenizerError(BasewiseError):
    """Files that are there but do not make a tokenizer."""


class ContextError(BasewiseError):
    """A text that is to hold one number and does not."""


class PriceListError(BasewiseError):
    """A file of prices that can't be read."""


class RowsError(BasewiseError):
    """A table of products that can't be read as rows to price."""


class RunError(BasewiseError):
    """A run that can't be started, changed, exported or imported."""


class QueueError(BasewiseError):
    """More is asked for than this host lets wait."""


class RunStoreError(BasewiseError):
    """The file of runs can't be used: the disk is full, the file is locked or damaged."""


class BoardError(BasewiseError):
    """A leaderboard that can't be read, or lacks needed columns."""


class EngineError(BasewiseError):
    """A model that can't be loaded or run."""


class EndpointError(BasewiseError):
    """A server of models that can't be used as it is."""


class EndpointAwayError(EndpointError):
    """A server that does not answer now, and may later: nothing is known of the model."""


class FaultError(BasewiseError):
    """A programming error, as a visitor is shown it; whoever catches one logs its traceback."""

    @classmethod
    def of(cls, fault: Exception) -> "FaultError":
        """The kind alone is told: what an exception says may name paths of the host."""
        return cls(
            f"A fault of Basewise's own ({type(fault).__name__}).",
            way_out="Try it again, and report it with what the server's log says.",
        )
