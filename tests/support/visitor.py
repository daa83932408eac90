"""A visitor of a served page without a browser: Streamlit's websocket, as its own page speaks it.

What is drawn is kept as a browser would show it; widgets are set and buttons pressed by their
labels; fragments that ask to be run again are. As in Streamlit's page (its `App.tsx` and
`AppNavigation.ts`), every request names the page it comes from, and a whole run ends the timers.
"""

import asyncio
import contextlib
import json
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosedError
from websockets.typing import Subprotocol

_MOST_BYTES = 200_000_000
_INTERNAL = "$$STREAMLIT_INTERNAL_KEY"
_DONE = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)


@dataclass
class _Drawn:
    """An element: its kind, its message, and the run of the script that drew it."""

    kind: str
    element: Any
    run: str
    fragment: str


class Visitor:
    """One visit. `seconds_to` has when something of each kind was first drawn, from the start."""

    def __init__(self, channel: ClientConnection, page: str, query: str):
        self._channel, self._page, self._query = channel, page, query
        self._drawn: dict[tuple[int, ...], _Drawn] = {}
        self._run = ""
        self._hash = ""  # of the page's script, once the server has told it
        self._hashes: dict[str, str] = {}  # of all pages, by their place in the address
        self._asked: str | None = ""  # the fragment of a run that has not begun, "" for a whole one
        self._running, self._lost = False, False
        self._changed = asyncio.Condition()
        self._reruns: dict[str, tuple[float, asyncio.Task[None]]] = {}
        self._began = time.monotonic()
        self.session = ""
        self.seconds_to: dict[str, float] = {}
        self.finished = 0

    def all(self, kind: str) -> list[Any]:
        """What the page shows of a kind (markdown, metric, dataframe, …), from top to bottom."""
        return [drawn.element for _, drawn in sorted(self._drawn.items()) if drawn.kind == kind]

    @property
    def texts(self) -> list[str]:
        """The Markdown, alerts and code of the page, from top to bottom."""
        shown = [drawn for _, drawn in sorted(self._drawn.items())]
        kinds = ("markdown", "alert", "code", "text", "html")
        return [
            getattr(drawn.element, "body", "") or getattr(drawn.element, "code_text", "")
            for drawn in shown
            if drawn.kind in kinds
        ]

    @property
    def faults(self) -> list[str]:
        """What failed in the script: Streamlit's own red boxes."""
        return [f"{one.type}: {one.message}" for one in self.all("exception")]

    async def until(self, condition: Callable[["Visitor"], bool], seconds: float = 120) -> None:
        """Wait until the page, with no run of it under way, is as it is wanted.

        TimeoutError, or ConnectionError once the server has ended the visit.
        """
        async with asyncio.timeout(seconds), self._changed:
            await self._changed.wait_for(lambda: self._lost or (self._is_still and condition(self)))
        if self._lost:
            raise ConnectionError("the server ended the visit")

    @property
    def _is_still(self) -> bool:
        return self._asked is None and not self._running

    async def press(self, label: str) -> None:
        """Press the button with this label."""
        (button,) = [one for one in self.all("button") if one.label == label]
        await self.set(WidgetState(id=button.id, trigger_value=True))

    async def set(self, widget: WidgetState) -> None:
        """Set a widget, as its browser would: in a fragment, that alone runs again."""
        await self._ask(widget, fragment=self._fragment_of(widget.id))

    def _fragment_of(self, widget: str) -> str:
        (fragment,) = [
            drawn.fragment
            for drawn in self._drawn.values()
            if getattr(drawn.element, "id", None) == widget
        ]
        return fragment

    async def paint(self, seconds: float = 120) -> None:
        """Wait for what a page draws after its first paint, which a browser tells it of.

        Streamlit's page sends what happens at once together; if it is of several fragments, the
        whole page runs again.
        """
        waiting = [one.id for one in self.all("bidi_component")]
        told = json.dumps([{"event": "idle", "value": 1366}])
        # As Streamlit's page names the events of a component.
        events = [
            WidgetState(id=f"{_INTERNAL}_{one}__events", json_trigger_value=told) for one in waiting
        ]
        fragments = {self._fragment_of(one) for one in waiting}
        if events:
            await self._ask(*events, fragment=fragments.pop() if len(fragments) == 1 else "")
        await self.until(lambda page: not page.all("bidi_component"), seconds)

    async def send(self, message: BackMsg) -> None:
        """Send any message of the protocol."""
        await self._channel.send(message.SerializeToString())

    async def go(self, page: str, seconds: float = 120) -> None:
        """Open another page in the same visit, and wait until it is drawn."""
        self._page, self._query = page, ""
        self._hash = self._hashes[page]
        self.leave()
        before = self.finished
        await self._ask()
        await self.until(lambda one: one.finished > before, seconds)

    async def _ask(
        self, *widgets: WidgetState, fragment: str = "", by_itself: bool = False
    ) -> None:
        message = BackMsg()
        asked = message.rerun_script
        asked.query_string = self._query
        asked.page_script_hash = self._hash
        asked.page_name = "" if self._hash else self._page
        asked.fragment_id = fragment
        asked.is_auto_rerun = by_itself
        asked.widget_states.widgets.extend(widgets)
        asked.context_info.url = f"http://localhost/{self._page}"
        if not by_itself:
            self._asked = fragment
        await self._channel.send(message.SerializeToString())

    async def _listen(self) -> None:
        try:
            async for told in self._channel:
                assert isinstance(told, bytes)
                message = ForwardMsg.FromString(told)
                async with self._changed:
                    self._take(message)
                    self._changed.notify_all()
        except ConnectionClosedError:  # by a server that ends
            pass
        async with self._changed:
            self._lost = True
            self._changed.notify_all()

    def _take(self, message: ForwardMsg) -> None:
        match message.WhichOneof("type"):
            case "new_session":
                self._begin(message)
            case "navigation":
                told = message.navigation
                self._hash = told.page_script_hash
                self._hashes = {
                    "" if page.is_default else page.url_pathname: page.page_script_hash
                    for page in told.app_pages
                }
            case "delta":
                self._draw(tuple(message.metadata.delta_path), message)
            case "page_info_changed":
                self._query = message.page_info_changed.query_string
            case "script_finished":
                self._finish(message)
            case "auto_rerun":
                self._repeat(message.auto_rerun.fragment_id, message.auto_rerun.interval)
            case "stop_auto_rerun":
                self._cancel(list(message.stop_auto_rerun.fragment_ids))

    def _begin(self, message: ForwardMsg) -> None:
        begun, fragments = message.new_session, message.metadata.run.fragment_ids
        self.session = begun.initialize.session_id
        self._run, self._running = message.metadata.run.script_run_id, True
        if self._asked is not None and (not fragments or self._asked in fragments):
            self._asked = None
        if not fragments:
            self.leave()
            # The first run is told of as the main page's: `navigation` says which it is.
            self._hash = begun.page_script_hash

    def _draw(self, path: tuple[int, ...], message: ForwardMsg) -> None:
        delta = message.delta
        if delta.WhichOneof("type") != "new_element":
            return
        for below in [p for p in self._drawn if p[: len(path)] == path]:
            del self._drawn[below]
        kind = delta.new_element.WhichOneof("type") or "empty"
        element = getattr(delta.new_element, kind)
        self._drawn[path] = _Drawn(kind, element, self._run, delta.fragment_id)
        self.seconds_to.setdefault(kind, time.monotonic() - self._began)

    def _finish(self, message: ForwardMsg) -> None:
        # One that ends early for a rerun is followed by it.
        self._running = message.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN
        run = message.metadata.run
        if message.script_finished in _DONE:
            for path, drawn in list(self._drawn.items()):
                in_scope = not run.fragment_ids or drawn.fragment in run.fragment_ids
                if in_scope and drawn.run != run.script_run_id:
                    del self._drawn[path]
            if not run.fragment_ids:
                self.finished += 1

    def _repeat(self, fragment: str, interval: float) -> None:
        """Have a fragment run again every so many seconds; a timer that is so already goes on."""
        if fragment in self._reruns and self._reruns[fragment][0] == interval:
            return
        self._cancel([fragment])
        self._reruns[fragment] = interval, asyncio.create_task(self._rerun(fragment, interval))

    async def _rerun(self, fragment: str, interval: float) -> None:
        while True:
            await asyncio.sleep(interval)
            await self._ask(fragment=fragment, by_itself=True)

    def _cancel(self, fragments: list[str]) -> None:
        for fragment in fragments:
            if fragment in self._reruns:
                self._reruns.pop(fragment)[1].cancel()

    def leave(self) -> None:
        """Ask for no more reruns."""
        self._cancel(list(self._reruns))


@asynccontextmanager
async def visit(
    url: str, page: str = "", *, tls: ssl.SSLContext | None = None, **query: Any
) -> AsyncIterator[Visitor]:
    """A visit that begins at a page, with its query parameters; it is not yet drawn."""
    stream = f"{url.replace('http', 'ws', 1)}/_stcore/stream"
    async with connect(
        stream,
        subprotocols=[Subprotocol("streamlit")],
        max_size=_MOST_BYTES,
        open_timeout=120,
        ping_timeout=None,  # a machine under load may be slow to answer
        ssl=tls,
        compression=None,
    ) as channel:
        visitor = Visitor(channel, page, urlencode(query, doseq=True))
        listening = asyncio.create_task(visitor._listen())
        try:
            await visitor._ask()
            yield visitor
        finally:
            visitor.leave()
            listening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await listening


async def view(url: str, page: str, **query: Any) -> Visitor:
    """A page viewed until it and its charts are drawn, and left; AssertionError if one failed."""
    async with visit(url, page, **query) as visitor:
        await visitor.until(lambda one: one.finished > 0)
        await visitor.paint()
        assert not visitor.faults, visitor.faults
        return visitor
