"""Each way a server fails, by a proxy on this machine in front of a real llama.cpp server."""

import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from components.control import Control
from components.endpoints import Endpoint
from components.engines import Connections, price_distribution
from components.engines.server import client as client_module
from components.engines.server.client import Ask, Client
from components.engines.server.engine import ServerEngine
from components.errors import (
    BasewiseError,
    EndpointAwayError,
    EndpointError,
    EngineError,
    StoppedError,
)
from components.evaluation import InferenceSettings, Plan, Predictor, RunStore, work
from components.evaluation.transfer import export_run
from tests.contract.conftest import KEY
from tests.support.fault_proxy import FaultProxy, fault_proxy
from tests.support.llama_models import LLAMA, SMOL
from tests.support.scripted_runs import rows
from tests.support.server_contract import prompts

pytestmark = pytest.mark.slow


@pytest.fixture
def proxy(llama_servers) -> Iterator[FaultProxy]:
    with fault_proxy(llama_servers.url(SMOL)) as proxy:
        yield proxy


@pytest.fixture
def box(proxy, endpoint, hub) -> Endpoint:
    return endpoint(SMOL, url=proxy.url, read_seconds=1.0)


def connected(box: Endpoint) -> ServerEngine:
    return Connections({"box": box}).engine("box", Control())


def says_nothing_secret(error: BaseException, box: Endpoint) -> None:
    said: list[str] = []
    inner: BaseException | None = error
    while inner is not None:
        said += [str(inner), repr(inner)]
        inner = None if inner.__suppress_context__ else inner.__cause__ or inner.__context__
    for secret in (KEY, box.url.get_secret_value(), "127.0.0.1"):
        assert secret not in " ".join(said)


def failure(box: Endpoint, engine: ServerEngine | None = None) -> BasewiseError:
    with pytest.raises(BasewiseError) as caught:
        price_distribution(engine or connected(box), prompts(1)[0], 0.05)
    assert caught.value.way_out
    says_nothing_secret(caught.value, box)
    return caught.value


def test_a_key_that_is_refused_is_said_at_once(proxy, endpoint, hub):
    wrong = endpoint(SMOL, url=proxy.url, key="sk-wrong")
    with pytest.raises(EndpointError, match="box refuses the key") as caught:
        Client(wrong).ask(Ask("/props"), Control())
    assert not isinstance(caught.value, EndpointAwayError)
    assert "sk-wrong" not in str(caught.value)
    assert len(proxy.asked) == 1


def test_another_models_name_is_said_at_once(proxy, endpoint, hub):
    with pytest.raises(EndpointError, match=r"does not serve gpt-9; it serves small-model"):
        connected(endpoint(SMOL, url=proxy.url, model="gpt-9"))


def test_a_missing_path_is_said_at_once(proxy, box):
    with pytest.raises(EndpointError, match="no such path or model"):
        Client(box).ask(Ask("/v1/nothing", {}), Control())
    assert len(proxy.asked) == 1


def test_busy_twice_is_waited_for_as_long_as_the_server_says(proxy, box):
    client = Client(box)
    proxy.fault = lambda handler, before: (
        before < 2 and (handler.answer(b"{}", 429, retry_after="0.1") or True)
    )
    assert client.ask(Ask("/v1/models"), Control())["data"]
    assert len(proxy.asked) == 3


@pytest.mark.parametrize("wait", ["0", "3600"])
def test_busy_for_ever_is_said_after_three_tries_or_at_once(proxy, box, wait):
    proxy.fault = lambda handler, before: handler.answer(b"{}", 429, retry_after=wait) or True
    with pytest.raises(EndpointAwayError, match="busy"):
        Client(box).ask(Ask("/v1/models"), Control())
    assert len(proxy.asked) == (3 if wait == "0" else 1)


def test_a_silent_server_is_given_up_at_the_read_limit_and_not_asked_again(proxy, box):
    engine = connected(box)
    asked = len(proxy.asked)
    proxy.fault = lambda handler, before: handler.wait_until_closed() or True
    assert isinstance(error := failure(box, engine), EndpointAwayError)
    assert "did not answer within 1 s" in error.problem
    assert len(proxy.asked) == asked + 1


@pytest.mark.parametrize("wrong", ["cut", "hang_up"])
def test_an_answer_that_breaks_off_is_tried_three_times(proxy, box, wrong):
    engine = connected(box)
    asked = len(proxy.asked)
    proxy.fault = lambda handler, before: getattr(handler, wrong)() or True
    assert isinstance(error := failure(box, engine), EndpointAwayError)
    assert "broke its answer off" in error.problem
    assert len(proxy.asked) == asked + 3


def test_one_broken_connection_changes_nothing(proxy, box):
    engine = connected(box)
    asked = len(proxy.asked)
    proxy.fault = lambda handler, before: before == asked and (handler.hang_up() or True)
    assert price_distribution(engine, prompts(1)[0], 0.05).probabilities.sum() >= 0


def test_a_web_page_is_no_answer(proxy, box):
    page = b"<html><body>Sign in to sk-0 at 127.0.0.1</body></html>"
    proxy.fault = lambda handler, before: handler.answer(page, kind="text/html") or True
    error = failure(box)
    assert "no JSON (text/html)" in error.problem
    assert "Sign in" not in str(error)


def test_a_redirect_is_never_followed(proxy, box):
    with fault_proxy(proxy.target) as elsewhere:
        proxy.fault = lambda handler, before: (
            handler.answer(b"", 307, location=f"{elsewhere.url}/v1/models") or True
        )
        assert "sends its visitors elsewhere (307)" in failure(box).problem
        assert elsewhere.asked == []


def test_an_endless_answer_is_not_read(proxy, box, monkeypatch):
    monkeypatch.setattr(client_module, "_MEGABYTES", 0.001)
    proxy.fault = lambda handler, before: handler.answer(b"[" + b"1," * 5000 + b"1]") or True
    assert "which is not read" in failure(box).problem


def test_another_tokenizer_is_refused(proxy, endpoint, hub):
    with pytest.raises(EndpointError, match="has another tokenizer than meta-llama"):
        connected(endpoint(LLAMA, url=proxy.url))


def test_a_server_that_puts_a_token_in_is_refused(proxy, box):
    def put_in(path: str, body: bytes) -> bytes:
        if path != "/completion":
            return body
        asked = json.loads(body)
        asked["prompt"] = [[1, *prompt] for prompt in asked["prompt"]]
        return json.dumps(asked).encode()

    proxy.change = put_in
    with pytest.raises(EndpointError, match="it puts some in"):
        connected(box)


def test_a_server_whose_sampling_settings_show_in_what_it_tells_is_refused(proxy, box):
    def after_sampling(path: str, body: bytes) -> bytes:
        return body.replace(b'"post_sampling_probs": false', b'"post_sampling_probs":true').replace(
            b'"post_sampling_probs":false', b'"post_sampling_probs":true'
        )

    proxy.change = after_sampling
    with pytest.raises(EndpointError, match=r"settings of sampling|another kind"):
        connected(box)


def test_a_field_that_the_server_ignores_with_200_is_noticed(proxy, box):
    engine = connected(box)
    proxy.change = lambda path, body: body.replace(b'"n_probs"', b'"n_unknown"')
    assert "answers otherwise" in failure(box, engine).problem


def test_a_prompt_that_the_server_refuses_is_that_items_failure(proxy, box):
    engine = connected(box)
    said = json.dumps({"error": {"message": f"too long for http://{KEY}"}}).encode()
    proxy.fault = lambda handler, before: handler.answer(said, 400) or True
    error = failure(box, engine)
    assert isinstance(error, EngineError)
    assert error.details == "too long for http://…"


def test_nobody_listening_holds_a_page_no_longer_than_three_seconds(endpoint, hub):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        box = endpoint(SMOL, url=f"http://127.0.0.1:{taken.getsockname()[1]}")
    connections = Connections({"box": box})
    started = time.monotonic()
    with pytest.raises(EndpointAwayError, match="Nothing answers at box"):
        connections.engine("box", Control())
    (state,) = connections.states(2)
    assert (state.status, state.engine) == ("failed", None)
    with pytest.raises(EndpointAwayError):
        connections.engine("box", Control())
    assert time.monotonic() - started < 20  # against hangs, not a measurement


def test_stop_answers_at_once_and_closes_the_connection(proxy, endpoint, hub):
    engine = connected(endpoint(SMOL, url=proxy.url))
    proxy.fault = lambda handler, before: handler.wait_until_closed() or True
    control, ended = Control(), threading.Event()

    def work() -> None:
        try:
            price_distribution(engine, prompts(1)[0], 0.05, control)
        except StoppedError:
            ended.set()

    asked = len(proxy.asked)
    thread = threading.Thread(target=work)
    thread.start()
    until(lambda: len(proxy.asked) > asked)
    control.stop()
    assert ended.wait(20)  # the server would never answer
    until(lambda: proxy.ended["closed while waiting"] > 0)
    thread.join()


def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.01)


def test_the_state_is_shown_as_it_is_not_as_it_was(proxy, box, monkeypatch):
    monkeypatch.setattr("components.engines.server.connections._AGAIN_SECONDS", 0.0)
    connections = Connections({"box": box})
    before = connections.engine("box", Control())
    assert connections.states(2)[0].status == "ready"
    proxy.fault = lambda handler, before: handler.answer(b"{}", 503) or True
    failure(box, before)
    assert connections.states(0)[0].status == "failed"
    proxy.fault = None
    until(lambda: connections.states(2)[0].status == "ready")
    assert connections.engine("box", Control()).id == before.id


def test_a_run_goes_on_when_its_server_dies_and_comes_back(
    proxy, box, monkeypatch, tmp_path, caplog
):
    monkeypatch.setattr(work, "AGAIN_SECONDS", 0.3)
    monkeypatch.setattr("components.engines.server.connections._AGAIN_SECONDS", 0.1)
    predictor = Predictor(engines=1, answers=1)
    predictor.servers = Connections({"box": box})
    store = RunStore(tmp_path / "runs.sqlite")
    plan = Plan((box.served_id,), rows(6), InferenceSettings(0.05, continuation="none"))
    store.create(plan, "me")
    dead_until = None
    priced = 0

    def dies(handler, before: int) -> bool:
        nonlocal dead_until, priced
        priced += handler.path == "/completion"
        if dead_until is None and priced == 7:
            dead_until = time.monotonic() + 2
        if dead_until is not None and time.monotonic() < dead_until:
            handler.hang_up()
            return True
        return False

    proxy.fault = dies
    reported: list[str] = []
    with caplog.at_level(logging.DEBUG):
        problem = work.carry_out(
            store, predictor, plan.run_id, Control(lambda p: reported.append(p.stage))
        )
    assert problem is None
    info = store.run(plan.run_id)
    assert (info.state, info.done, info.failed) == ("finished", 6, 0)
    assert any(stage.startswith("Waiting: ") for stage in reported)
    assert proxy.most_open <= box.concurrency
    exported = tmp_path / "run.sqlite"
    export_run(store, plan.run_id, exported)
    store.close()
    for secret in (KEY, proxy.url, proxy.url.removeprefix("http://")):
        assert secret not in caplog.text
        assert secret.encode() not in exported.read_bytes()
        assert all(secret not in stage for stage in reported)
