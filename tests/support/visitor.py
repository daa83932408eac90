"""A visitor of a served page without a browser: Streamlit's websocket, as its own page speaks it.

What is drawn is kept as a browser would show it; widgets are set and buttons pressed by their
labels; fragments that ask to be run again are.
"""

import asyncio
import contextlib
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
        self._fragments: list[str] = []
        self._asked, self._running, self._lost = True, False, False
        self._changed = asyncio.Condition()
        self._reruns: dict[str, asyncio.Task[None]] = {}
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
        return not self._asked and not self._running

    async def press(self, label: str) -> None:
        """Press the button with this label."""
        (button,) = [one for one in self.all("button") if one.label == label]
        await self._ask(WidgetState(id=button.id, trigger_value=True))

    async def set(self, widget: WidgetState) -> None:
        """Set a widget, as its browser would."""
        await self._ask(widget)

    async def send(self, message: BackMsg) -> None:
        """Send any message of the protocol."""
        await self._channel.send(message.SerializeToString())

    async def go(self, page: str, **query: object) -> None:
        """Open another page in the same visit, and wait until it is drawn."""
        self._page, self._query = page, urlencode(query, doseq=True)
        before = self.finished
        await self._ask()
        await self.until(lambda one: one.finished > before)

    async def _ask(self, *widgets: WidgetState, fragment: str = "") -> None:
        message = BackMsg()
        asked = message.rerun_script
        asked.query_string = self._query
        asked.page_name = self._page
        asked.fragment_id = fragment
        asked.is_auto_rerun = bool(fragment)
        asked.widget_states.widgets.extend(widgets)
        asked.context_info.url = f"http://localhost/{self._page}"
        self._asked = self._asked or not fragment
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
                begun = message.new_session
                self.session = begun.initialize.session_id
                self._run = message.metadata.run.script_run_id
                self._fragments = list(message.metadata.run.fragment_ids)
                self._asked, self._running = False, True
            case "delta":
                self._draw(tuple(message.metadata.delta_path), message)
            case "page_info_changed":
                self._query = message.page_info_changed.query_string
            case "script_finished":
                self._finish(message.script_finished)
            case "auto_rerun":
                told = message.auto_rerun
                self._cancel([told.fragment_id])
                self._reruns[told.fragment_id] = asyncio.create_task(
                    self._rerun(told.fragment_id, told.interval)
                )
            case "stop_auto_rerun":
                self._cancel(list(message.stop_auto_rerun.fragment_ids))

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

    def _finish(self, status: int) -> None:
        self._running = False
        if status in _DONE:
            of_whole = not self._fragments
            for path, drawn in list(self._drawn.items()):
                in_scope = of_whole or drawn.fragment in self._fragments
                if in_scope and drawn.run != self._run:
                    del self._drawn[path]
            if of_whole:
                self.finished += 1

    async def _rerun(self, fragment: str, interval: float) -> None:
        while True:
            await asyncio.sleep(interval)
            await self._ask(fragment=fragment)

    def _cancel(self, fragments: list[str]) -> None:
        for fragment in fragments:
            if (task := self._reruns.pop(fragment, None)) is not None:
                task.cancel()

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
    """A page viewed until it is drawn, and left; AssertionError if its script failed."""
    async with visit(url, page, **query) as visitor:
        await visitor.until(lambda one: one.finished > 0)
        assert not visitor.faults, visitor.faults
        return visitor
