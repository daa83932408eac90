"""What Basewise uses of Streamlit that Streamlit does not promise; a test per name."""

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal
from weakref import WeakKeyDictionary

import streamlit as st
import streamlit.logger
from streamlit import runtime
from streamlit.dataframe import lazy_df_source
from streamlit.runtime import RuntimeState
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.scriptrunner import (
    RerunData,
    RerunException,
    ScriptRunner,
    ScriptRunnerEvent,
    get_script_run_ctx,
)
from streamlit.runtime.stats import CounterStat, GaugeStat, Stat

_log = logging.getLogger(__name__)

# Rows of a lazy table that go to the browser at a time, and those above which a table may be lazy.
# Streamlit's own 1,000 of the leaderboard are 330 kB, which a changed filter would wait for.
ROWS_AT_A_TIME, LAZY_ABOVE = 200, 300
lazy_df_source.DEFAULT_PAGE_SIZE = ROWS_AT_A_TIME
lazy_df_source.FORCED_LAZY_MIN_ROWS = LAZY_ABOVE

# The elements' names in the page (data-testid).
MAIN_CONTAINER = "stMainBlockContainer"
STATUS_WIDGET = "stStatusWidget"
MARKDOWN = "stMarkdownContainer"
FRAME, CHART = "stFullScreenFrame", "stPlotlyChart"
BUTTON_GROUP = "stButtonGroup"
PAGE_WIDTH = "page_width"  # how the keys of containers begin that need a page's width

# Streamlit leaves 6rem above a page's title. Its own Stop would end a page's script half way, and
# nothing that the page asked for. On a phone a chart that needs a page's width keeps it and scrolls
# in its own box, and so does a table.
PAGE_STYLE = f"""<style>
[data-testid={MAIN_CONTAINER}] {{padding: 3.75rem 2rem 4rem; max-width: 1400px}}
[data-testid={MAIN_CONTAINER}] h1 {{font-size: 1.75rem; padding: 0.25rem 0}}
[data-testid={STATUS_WIDGET}] button {{display: none}}
@media (max-width: 640px) {{
[data-testid={MARKDOWN}]:has(> table) {{overflow-x: auto}}
[data-testid={MAIN_CONTAINER}] {{padding: 3.75rem 1rem 4rem}}
[class*=st-key-{PAGE_WIDTH}] {{overflow-x: auto}}
[class*=st-key-{PAGE_WIDTH}] [data-testid={FRAME}]:has([data-testid={CHART}]) {{min-width: 680px}}
}}
</style>"""


# Streamlit writes the picked one of several in the theme's main colour, which on a dark page can't
# be read at 4.5:1 both there and as a button under white letters.
DARK_PAGE_STYLE = f"""<style>
[data-testid={BUTTON_GROUP}] :is([aria-checked=true], [aria-pressed=true], [data-selected=true]) p
{{color: #C9D3FF}}
</style>"""


def page_address() -> str | None:
    """This page's address without its query; None where there is no browser."""
    url = st.context.url
    return None if url is None else url.split("?")[0]


def cookie(name: str) -> str:
    """What the browser sent as this cookie when the page was opened; empty where it sent none."""
    told: object = st.context.cookies.get(name, "")
    return told if isinstance(told, str) else ""  # without a server there is no browser to ask


def theme_type() -> Literal["light", "dark"]:
    """The visitor's theme; light where it is not known."""
    return "dark" if st.context.theme.type == "dark" else "light"


def is_history_navigation() -> bool:
    """Whether the browser's Back or Forward asked for this run."""
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation


def is_served() -> bool:
    """Whether a server of Streamlit's runs in this process; AppTest has a stand-in."""
    # The stand-in is an instance by what isinstance is told.
    return runtime.exists() and type(runtime.get_instance()) is runtime.Runtime


def is_ending() -> bool:
    """Whether the server was told to end, or has ended."""
    return runtime.get_instance().state in (RuntimeState.STOPPING, RuntimeState.STOPPED)


@dataclass(frozen=True)
class Metric:
    """A figure as it is now; one that `counts` never falls while the server lives."""

    name: str
    value: int
    help: str
    labels: dict[str, str] | None = None
    counts: bool = False


Metrics = Iterable[Metric]


class _OwnStats:
    """Metrics of ours among Streamlit's."""

    def __init__(self, families: Sequence[str], read: Callable[[], Metrics]):
        self.stats_families = families
        self._read = read

    def get_stats(self, family_names: Sequence[str] | None = None) -> Mapping[str, Sequence[Stat]]:
        found: dict[str, list[Stat]] = {}
        for one in self._read():
            if family_names is None or one.name in family_names:
                kind = CounterStat if one.counts else GaugeStat
                stat = kind(one.name, one.value, one.labels, help=one.help)
                found.setdefault(one.name, []).append(stat)
        return found


def add_metrics(families: Sequence[str], read: Callable[[], Metrics]) -> None:
    """Have Streamlit's /_stcore/metrics give these too, read each time they are asked for."""
    runtime.get_instance().stats_mgr.register_provider(_OwnStats(families, read))


def format_logs(formatter: logging.Formatter) -> None:
    """Have Streamlit's loggers, and those that it makes later, write their lines so."""
    set_up = streamlit.logger.setup_formatter

    def set_up_and_format(logger: logging.Logger) -> None:
        set_up(logger)
        for handler in logger.handlers:
            handler.setFormatter(formatter)

    streamlit.logger.setup_formatter = set_up_and_format
    streamlit.logger.update_formatter()


def refuse_to_clear_caches() -> None:
    """Have no visitor empty the caches of all: models in memory, the store, the worker of runs.

    Streamlit's page can ask for it with a key, and any client with a message.
    """

    def refuse(self: AppSession) -> None:
        _log.warning("A visitor asked to clear the caches of all visitors: not done")

    AppSession._handle_clear_cache_request = refuse


def deliver_what_ended_runs_sent() -> None:
    """Have a page get all that a run drew, though a fragment's run follows at its heels.

    Each such run has a ScriptRunner of its own, and Streamlit ignores the messages of the one
    before that it had not looked at by then: a chart or what became of an upload is never shown.
    Calling this twice is a mistake.
    """
    create = AppSession._create_scriptrunner
    handle = AppSession._handle_scriptrunner_event_on_event_loop
    # None for a session whose last runner was told to stop: its page is drawn anew as a whole.
    ended_runners: WeakKeyDictionary[AppSession, ScriptRunner | None] = WeakKeyDictionary()

    def create_and_remember(self: AppSession, initial_rerun_data: RerunData) -> None:
        ended_runners[self] = self._scriptrunner
        create(self, initial_rerun_data)

    def handle_of_ended_too(
        self: AppSession,
        sender: ScriptRunner | None,
        event: ScriptRunnerEvent,
        *details: Any,
        **named: Any,
    ) -> None:
        current = self._scriptrunner
        late = sender is not None and sender is not current and sender is ended_runners.get(self)
        if not late or event == ScriptRunnerEvent.SHUTDOWN:
            handle(self, sender, event, *details, **named)
            return
        self._scriptrunner = sender
        try:
            handle(self, sender, event, *details, **named)
        finally:
            self._scriptrunner = current

    AppSession._create_scriptrunner = create_and_remember
    AppSession._handle_scriptrunner_event_on_event_loop = handle_of_ended_too


def rerun_page_if_more_changed() -> None:
    """At the end of a fragment's callback: run the whole page if more than the fragment changed.

    What changes in the page in one moment is sent as one, and Streamlit runs a single fragment for
    all of it: a choice that a visitor makes just then is taken and never drawn. A button pressed
    just then counts as pressed in the page's run.
    """
    context = get_script_run_ctx()
    drawn_anew = context.fragment_ids_this_run if context is not None else None
    if context is None or not drawn_anew:
        return
    state: Any = context.session_state._state
    widgets = state._new_widget_state
    changed_in = {
        widgets.widget_metadata[widget].fragment_id
        for widget in widgets
        if widget in widgets.widget_metadata and state._widget_changed(widget)
    }
    if changed_in - set(drawn_anew):
        pressed = state._filter_active_trigger_widget_states(
            state._current_interaction_widget_states
        )
        page = state._build_full_app_rerun(context)
        raise RerunException(replace(page, replay_trigger_states=pressed))


def keep_downloads(seconds: float) -> None:
    """Keep files that no page refers to for so long at least.

    What a click on a download button makes is such a file, which the browser fetches a moment
    later. Streamlit removes it at the second end of a run, of whichever visitor's page.
    """
    manager: Any = runtime.get_instance().media_file_mgr
    find_all = manager._get_inactive_file_ids
    since: dict[str, float] = {}

    def find_old() -> set[str]:  # the manager holds its lock
        inactive, now = find_all(), time.monotonic()
        for file_id in since.keys() - inactive:
            del since[file_id]
        for file_id in inactive:
            since.setdefault(file_id, now)
        return {file_id for file_id in inactive if now - since[file_id] >= seconds}

    manager._get_inactive_file_ids = find_old


def expire_sessions() -> None:
    """Let go of visits whose time to reconnect is over, with the files that they uploaded.

    Streamlit does so once another visit ends and Python collects its garbage: that may be never.
    """
    running = runtime.get_instance()
    sessions: Any = running._session_mgr
    files: Any = running.uploaded_file_mgr

    def let_go() -> None:
        for _, ended in sessions._session_storage._cache.expire():
            ended.session.shutdown()
        kept = {info.session.id for info in sessions.list_sessions()}
        for session_id in set(files.file_storage) - kept:
            files.remove_session_files(session_id)

    # On the server's own thread, where visits begin and end.
    loop = running._get_async_objs().eventloop
    try:
        loop.call_soon_threadsafe(let_go)
    except RuntimeError:
        if not loop.is_closed():  # the server has ended meanwhile, and all visits with it
            raise
