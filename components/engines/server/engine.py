"""A model that another machine's server runs."""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import TYPE_CHECKING

from components.control import Control
from components.engines.base import ModelId
from components.engines.local.text_passes import rolling_windows
from components.engines.server.client import Client
from components.engines.server.dialect import Dialect
from components.engines.server.dialects import CompletionsDialect, VllmDialect
from components.engines.server.scorer import ServerScorer, as_expected
from components.errors import EngineError
from components.numbers import NumberTrie, Scorer, TokenPath

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

_DATA, _END = "data:", "[DONE]"


class ServerEngine:
    """A model on an endpoint, as Engine has it. Safe to use from several threads.

    `longest` is how many tokens the server takes, None where it does not say.
    """

    def __init__(
        self,
        model_id: ModelId,
        client: Client,
        dialect: Dialect,
        tokenizer: PreTrainedTokenizerFast,
        longest: int | None = None,
    ):
        self.id, self.tokenizer = model_id, tokenizer
        self.client, self.dialect, self.longest = client, dialect, longest

    @property
    def concurrency(self) -> int:
        """How many products are in flight at a time: as many as the host allows requests."""
        return self.client.endpoint.concurrency

    def scorer(self, prompt: TokenPath, trie: NumberTrie, control: Control) -> ServerScorer:
        """As Engine has it. EndpointError while scoring if the server fails."""
        self._refuse_unreadable(len(prompt), trie.depth + 1)
        self._refuse_shared_texts(trie)
        return ServerScorer(
            self.client, self.dialect, self.tokenizer, prompt, trie, control, self._note()
        )

    def stream(
        self,
        prompt: str,
        max_new_tokens: int,
        control: Control,
        *,
        scorer: Scorer | None = None,
    ) -> Generator[str]:
        """As Engine has it. The prompt is in the server's cache by then."""
        tokens: list[int] = self.tokenizer(prompt)["input_ids"]
        self._refuse_unreadable(len(tokens), max_new_tokens)
        lines = self.client.stream(self.dialect.continuation(tokens, max_new_tokens), control)
        try:
            for line in lines:
                if not line.startswith(_DATA):
                    continue
                data = line.removeprefix(_DATA).strip()
                if data == _END:
                    break
                with as_expected(self.client.endpoint):
                    choices = json.loads(data)["choices"]
                    text = str(choices[0]["text"]) if choices else ""
                if text:
                    yield text
        finally:
            lines.close()

    def _note(self) -> str | None:
        if self.dialect.exact or self.dialect.completes:
            return None
        told = self.dialect.limit if isinstance(self.dialect, CompletionsDialect) else "few"
        return f"the server tells the {told} likeliest tokens alone, the rest is unexplored"

    def _refuse_unreadable(self, prompt: int, answer: int) -> None:
        if self.longest is not None and prompt + answer > self.longest:
            raise EngineError(
                f"The prompt has {prompt:,} tokens; the server at {self.id.endpoint} reads"
                f" {self.longest:,} at most, with its answer.",
                way_out="Shorten the description, or pick a model with a longer context.",
            )

    def _refuse_shared_texts(self, trie: NumberTrie) -> None:
        """EngineError where a server names tokens by their text and numbers share theirs."""
        ids = getattr(self.dialect, "ids", None)
        if ids is not None and not set(trie.columns.tolist()) <= set(ids.values()):
            raise EngineError(
                f"The server at {self.id.endpoint} names tokens by their text, and this model has"
                " several tokens with the text of a number.",
                way_out="Pick another model, or a server that names tokens by their ids.",
            )


class ReadingServerEngine(ServerEngine):
    """A server that tells how likely a whole text is: vLLM, by `prompt_logprobs`."""

    dialect: VllmDialect

    def log_likelihood(self, text: str, control: Control) -> float:
        """As TextLikelihood has it; windows are two tokens shorter than the server's context."""
        prefix = self.tokenizer.bos_token_id
        prefix = self.tokenizer.eos_token_id if prefix is None else prefix
        if not isinstance(prefix, int):
            raise EngineError(
                f"{self.id.repo_id} has no token that begins a text.",
                way_out="Pick another model.",
            )
        tokens: list[int] = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        longest = len(tokens) if self.longest is None else self.longest - 2
        total = 0.0
        for window in rolling_windows(tokens, prefix, longest):
            whole = [*window.tokens, window.predicted[-1]]
            answer = self.client.ask(self.dialect.reading(whole), control)
            with as_expected(self.client.endpoint):
                told = self.dialect.read_reading(answer, whole)
                total += sum(told[-len(window.predicted) :])
        return total
