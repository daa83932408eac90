"""Real servers of models for the contract tests: started once, used by all of them."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from benchmarks.llama_server import ALIAS, running_llama_server
from components.endpoints import Endpoint
from components.engines.local import examination
from tests.support.llama_models import SmallModel, small_llama


def in_this_process(examine: Callable[[bytes], Any], payload: bytes, *_: object) -> Any:
    """The same checks as in a process of its own, which takes seconds to import torch."""
    same = {
        examination.config_here: examination.examine_config,
        examination.weights_here: examination.examine_weights,
    }[examine]
    return json.loads(json.dumps(same(json.loads(payload))))


@pytest.fixture(autouse=True)
def examined(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Repositories are examined in this process, but for tests that ask for `elsewhere`."""
    if "elsewhere" not in request.fixturenames:
        monkeypatch.setattr(examination, "run_isolated", in_this_process)


@pytest.fixture
def elsewhere() -> None:
    """Repositories are examined in a process of their own, as in the app."""


KEY = "sk-secret-0123456789"


@dataclass
class LlamaServers:
    """llama.cpp's servers of small random models, by the Hub id of their tokenizer."""

    folder: Path
    stack: ExitStack
    urls: dict[str, str] = field(default_factory=dict)

    def model(self, repo_id: str) -> SmallModel:
        """The model here, in fp32."""
        return small_llama(repo_id, self.folder)

    def url(self, repo_id: str) -> str:
        """The address of its server."""
        if repo_id not in self.urls:
            log = self.folder / f"{len(self.urls)}.log"
            gguf = self.model(repo_id).gguf
            server = self.stack.enter_context(running_llama_server(gguf, log, key=KEY))
            self.urls[repo_id] = server.url
        return self.urls[repo_id]


@pytest.fixture(scope="session")
def llama_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LlamaServers]:
    """Each is started when it is first asked for."""
    with ExitStack() as stack:
        yield LlamaServers(tmp_path_factory.mktemp("llama"), stack)


@pytest.fixture
def endpoint(llama_servers: LlamaServers) -> Callable[..., Endpoint]:
    """Makes an endpoint of one of them; an `url` puts a proxy in between."""

    def make(repo_id: str, **changes: Any) -> Endpoint:
        given: dict[str, Any] = {
            "name": "box",
            "model": ALIAS,
            "hub_id": repo_id,
            "key": KEY,
            "url": changes.get("url") or llama_servers.url(repo_id),
        }
        return Endpoint(**{**given, **changes})

    return make
