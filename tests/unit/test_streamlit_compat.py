"""The names of Streamlit's that Basewise uses without a promise: each is still there."""

import asyncio
import inspect
import json
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import streamlit as st
import streamlit.logger
from streamlit.proto.Delta_pb2 import Delta
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime import Runtime, RuntimeState
from streamlit.runtime.app_session import AppSession, AppSessionState
from streamlit.runtime.media_file_manager import DeferredCallableEntry, MediaFileManager
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage
from streamlit.runtime.memory_session_storage import MemorySessionStorage
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import RerunData, ScriptRunnerEvent
from streamlit.runtime.scriptrunner_utils.script_run_context import ScriptRunContext
from streamlit.runtime.state import SafeSessionState, SessionState
from streamlit.runtime.state.common import WidgetMetadata
from streamlit.runtime.state.session_state import WStates
from streamlit.runtime.stats import StatsManager
from streamlit.runtime.websocket_session_manager import WebsocketSessionManager
from streamlit.testing.v1 import AppTest

from components.logs import JsonFormatter
from components.ui.kit import streamlit_compat
from tests.support import event_loop

SCRIPTS = Path(st.__file__).parent / "static" / "static" / "js"
COMPONENTS = Path(__file__).resolve().parents[2] / "components"


STYLED = ["MAIN_CONTAINER", "STATUS_WIDGET", "MARKDOWN", "FRAME", "CHART"]


@pytest.mark.parametrize("name", [getattr(streamlit_compat, name) for name in STYLED])
def test_streamlits_page_still_has_the_element(name):
    scripts = (file.read_text(encoding="utf-8") for file in SCRIPTS.glob("*.js"))
    assert any(f"`{name}`" in script or f'"{name}"' in script for script in scripts)
    assert f"[data-testid={name}]" in streamlit_compat.PAGE_STYLE


def show_context() -> None:
    """An app that shows what the compat module reads."""
    import streamlit as st

    from components.ui.kit import streamlit_compat

    told = [streamlit_compat.page_address(), streamlit_compat.theme_type()]
    st.text(f"{told} {streamlit_compat.cookie('any')!r}")


def test_without_a_browser_there_is_no_address_and_no_cookie_and_the_theme_is_light():
    at = AppTest.from_function(show_context, default_timeout=30).run()
    assert not at.exception
    assert at.text[0].value == "[None, 'light'] ''"


class Context:
    """A visitor's context as Streamlit gives it."""

    url = "http://host/leaderboard?kind=base"
    theme = type("Theme", (), {"type": "dark"})


def test_the_address_and_the_theme_are_the_browsers(monkeypatch):
    assert {"url", "theme"} <= set(dir(st.context))
    monkeypatch.setattr(st, "context", Context)
    assert streamlit_compat.page_address() == "http://host/leaderboard"
    assert streamlit_compat.theme_type() == "dark"


def test_streamlit_still_says_whether_back_asked_for_a_run():
    assert "is_history_navigation" in {field.name for field in fields(ScriptRunContext)}
    assert streamlit_compat.is_history_navigation() is False


NAMES = ("st.context", "data-testid", "get_script_run_ctx")


def test_no_other_module_touches_these_names():
    offenders = [
        str(file.relative_to(COMPONENTS))
        for file in COMPONENTS.rglob("*.py")
        if file.name != "streamlit_compat.py"
        and any(
            name in file.read_text(encoding="utf-8")
            for name in ("st.context", "data-testid", "get_script_run_ctx")
        )
    ]
    assert not offenders


def test_streamlit_still_asks_its_session_to_clear_the_caches_of_all():
    assert "self._handle_clear_cache_request()" in inspect.getsource(AppSession.handle_backmsg)
    assert list(inspect.signature(AppSession._handle_clear_cache_request).parameters) == ["self"]


def test_streamlit_still_formats_each_of_its_loggers_by_one_function(monkeypatch, capsys):
    monkeypatch.setattr(streamlit.logger, "setup_formatter", streamlit.logger.setup_formatter)
    streamlit_compat.format_logs(JsonFormatter())
    try:
        streamlit.logger.get_logger("streamlit.basewise").warning("a lamp")
        assert json.loads(capsys.readouterr().err)["message"] == "a lamp"
    finally:
        monkeypatch.undo()
        streamlit.logger.update_formatter()


def test_streamlit_still_tells_whether_its_server_ends_and_keeps_visits_that_can_expire():
    assert {"STOPPING", "STOPPED"} <= set(RuntimeState.__members__)
    assert isinstance(Runtime.state, property)
    assert callable(Runtime._get_async_objs)
    assert "self._session_mgr = " in inspect.getsource(Runtime.__init__)
    assert "self._session_storage = " in inspect.getsource(WebsocketSessionManager.__init__)
    assert MemorySessionStorage()._cache.expire() == []  # type: ignore[attr-defined]
    assert callable(AppSession.shutdown)
    assert callable(WebsocketSessionManager.list_sessions)
    assert MemoryUploadedFileManager("/upload").file_storage == {}


def test_streamlit_still_knows_what_changed_whose_fragment_it_is_and_what_was_pressed():
    assert "_state" in SafeSessionState.__annotations__
    names = {one.name for one in fields(SessionState)}
    assert {"_new_widget_state", "_current_interaction_widget_states"} <= names
    assert "widget_metadata" in {one.name for one in fields(WStates)}
    assert "fragment_id" in {one.name for one in fields(WidgetMetadata)}
    for name in ("_widget_changed", "_filter_active_trigger_widget_states"):
        assert callable(getattr(SessionState, name))
    assert callable(SessionState._build_full_app_rerun)
    assert "replay_trigger_states" in {one.name for one in fields(RerunData)}


def test_visits_are_let_go_of_on_the_servers_thread_and_none_once_it_has_ended(monkeypatch):
    loop = asyncio.new_event_loop()
    asked = []
    running = SimpleNamespace(
        _session_mgr=None,
        uploaded_file_mgr=None,
        _get_async_objs=lambda: SimpleNamespace(eventloop=loop),
    )
    monkeypatch.setattr(streamlit_compat.runtime, "get_instance", lambda: running)
    monkeypatch.setattr(loop, "call_soon_threadsafe", asked.append)
    streamlit_compat.expire_sessions()
    assert len(asked) == 1
    monkeypatch.undo()
    monkeypatch.setattr(streamlit_compat.runtime, "get_instance", lambda: running)
    loop.close()
    streamlit_compat.expire_sessions()


def test_streamlit_still_takes_metrics_of_others_and_writes_them_as_prometheus_reads_them():
    given = [
        streamlit_compat.Metric("basewise_lamps", 3, "Lamps.", {"kind": "brass"}, counts=True),
        streamlit_compat.Metric("basewise_open", 2, "Open."),
    ]
    manager = StatsManager()
    manager.register_provider(
        streamlit_compat._OwnStats(["basewise_lamps", "basewise_open"], lambda: given)
    )
    found = manager.get_stats()
    assert [stat.to_metric_str() for stat in found["basewise_lamps"]] == [
        'basewise_lamps_total{kind="brass"} 3'
    ]
    assert [stat.to_metric_str() for stat in found["basewise_open"]] == ["basewise_open 2"]
    assert [stat.type for stats in found.values() for stat in stats] == ["counter", "gauge"]
    assert set(manager.get_stats(["basewise_open"])) == {"basewise_open"}


def test_a_page_without_a_server_begins_nothing():
    assert not streamlit_compat.is_served()


def test_a_page_that_apptest_runs_is_not_served():
    def page() -> None:
        import streamlit as st

        from components.ui.kit import streamlit_compat

        st.write(streamlit_compat.is_served())

    assert AppTest.from_function(page).run().markdown[0].value == "`False`"


class Visit(AppSession):
    """A visit whose runs are begun and ended by hand; `drawn` is what its page is sent."""

    def __init__(self):
        self._event_loop = asyncio.get_running_loop()
        self._state = AppSessionState.APP_IS_RUNNING
        self._scriptrunner: Any = object()
        self.drawn: list[str] = []

    def _enqueue_forward_msg(self, msg: ForwardMsg) -> None:
        self.drawn.append(msg.delta.fragment_id)

    def draws(self, runner: Any, fragment: str) -> None:
        """As a run's thread says what it drew: it is looked at later, in the loop."""
        message = ForwardMsg(delta=Delta(fragment_id=fragment))
        event = ScriptRunnerEvent.ENQUEUE_FORWARD_MSG
        self._on_scriptrunner_event(runner, event, forward_msg=message)

    def __del__(self) -> None:
        """There is nothing to shut down."""


def drawn_where(monkeypatch: pytest.MonkeyPatch, *, stopped: bool, mended: bool) -> list[str]:
    """What a page gets where a run begins before what the last one drew was looked at."""

    def create(self: Any, initial_rerun_data: RerunData) -> None:
        self._scriptrunner = object()

    async def visit() -> list[str]:
        visit = Visit()
        visit.draws(visit._scriptrunner, "chart")
        if stopped:
            visit._scriptrunner = None
        visit._create_scriptrunner(RerunData())
        visit.draws(visit._scriptrunner, "next chart")
        await asyncio.sleep(0)
        return visit.drawn

    monkeypatch.setattr(AppSession, "_create_scriptrunner", create)
    handle = AppSession._handle_scriptrunner_event_on_event_loop
    monkeypatch.setattr(AppSession, "_handle_scriptrunner_event_on_event_loop", handle)
    if mended:
        streamlit_compat.deliver_what_ended_runs_sent()
    return event_loop.run(visit())


def test_streamlit_still_ignores_what_an_ended_run_drew_once_a_next_one_has_begun(monkeypatch):
    assert drawn_where(monkeypatch, stopped=False, mended=False) == ["next chart"]


def test_what_an_ended_run_drew_is_delivered_though_a_next_one_has_begun(monkeypatch):
    assert drawn_where(monkeypatch, stopped=False, mended=True) == ["chart", "next chart"]


def test_what_a_stopped_run_drew_is_not_delivered_as_the_next_one_draws_all(monkeypatch):
    assert drawn_where(monkeypatch, stopped=True, mended=True) == ["next chart"]


def is_there_after_two_runs(monkeypatch: pytest.MonkeyPatch, *, kept: float | None) -> bool:
    """Whether a file that a click has just made is there after two ends of runs of any page."""
    storage = MemoryMediaFileStorage("/media")
    manager = MediaFileManager(storage)
    if kept is not None:
        server = SimpleNamespace(media_file_mgr=manager)
        monkeypatch.setattr(streamlit_compat.runtime, "get_instance", lambda: server)
        streamlit_compat.keep_downloads(kept)
    manager._deferred_callables["click"] = DeferredCallableEntry(
        callable=lambda: "report",
        mimetype="text/plain",
        filename="report.txt",
        coordinates="0",
        session_id="visit",
        element_id="",
    )
    url = manager.execute_deferred("click")
    for _ in range(2):
        manager.remove_orphaned_files()
    file_id = Path(url.split("?")[0]).stem
    return manager.read_file(file_id) is not None


def test_streamlit_still_removes_what_a_click_made_at_the_second_end_of_a_run(monkeypatch):
    assert not is_there_after_two_runs(monkeypatch, kept=None)


def test_what_a_click_made_is_kept_for_a_while_and_not_for_ever(monkeypatch):
    assert is_there_after_two_runs(monkeypatch, kept=60)
    assert not is_there_after_two_runs(monkeypatch, kept=0)
