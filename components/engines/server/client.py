"""Questions to a server over HTTP: bounded, stopped within a fraction of a second, retried rarely.

All connections live on one thread with an event loop of its own; whoever asks waits for it in small
steps, so that a Stop is noticed and closes the connection: most servers stop computing then.
"""

from __future__ import annotations

import asyncio
import json
import logging
import queue
import threading
import time
from collections.abc import AsyncIterator, Coroutine, Generator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from components.control import Control
from components.endpoints import Endpoint
from components.engines.server import failures
from components.errors import BasewiseError, EndpointAwayError

if TYPE_CHECKING:
    import httpx2

T = TypeVar("T")

_TRIES = 3
_PAUSES = (0.2, 0.6)  # seconds before the second and the third try
_LONGEST_PAUSE = 30.0  # a longer Retry-After is not waited for
_RETRIED = (429, 502, 503, 504)
_MEGABYTES = 64
_POLL_SECONDS = 0.1
_KEEPALIVE_SECONDS = 20.0

# At INFO and DEBUG the libraries write whole addresses into the log.
for _library in ("httpx2", "httpcore2"):
    logging.getLogger(_library).setLevel(logging.WARNING)


@dataclass(frozen=True)
class Ask:
    """One request: a path of the server, and what is posted there; None asks with GET."""

    path: str
    body: Mapping[str, Any] | None = None


class _TryAgainError(Exception):
    """A try failed in a way that another may not; `failure` is what it is if none is left."""

    def __init__(self, failure: BasewiseError, pause: float | None = None):
        self.failure, self.pause = failure, pause
        super().__init__()


class Client:
    """Asks one endpoint, `concurrency` requests at a time, whoever asks. Safe between threads.

    Every method raises EndpointError (EndpointAwayError where it may pass by itself), EngineError
    for a request that the server does not take, and what `control` raises.
    """

    def __init__(self, endpoint: Endpoint):
        self.endpoint = endpoint
        self._http: httpx2.AsyncClient | None = None
        self._places: asyncio.Semaphore | None = None
        self.requests = self.received = 0  # how many were sent, and bytes of their answers
        self.trouble: EndpointAwayError | None = None  # since the last answer
        self.answered = float("-inf")  # when that was (time.monotonic)

    def ask(self, ask: Ask, control: Control, seconds: float | None = None) -> Any:
        """The JSON of the answer; `seconds` is less than the endpoint's own limits, if given."""
        return self.ask_all([ask], control, seconds)[0]

    def ask_all(
        self, asks: Sequence[Ask], control: Control, seconds: float | None = None
    ) -> list[Any]:
        """The JSON of each answer, in order; side by side as far as the endpoint allows."""

        async def work() -> list[Any]:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._answer(ask, seconds)) for ask in asks]
            return [task.result() for task in tasks]

        try:
            answers = _wait(work(), control)
        except ExceptionGroup as several:
            raise self._noted(_first(several)) from None
        self.trouble, self.answered = None, time.monotonic()
        return answers

    def stream(self, ask: Ask, control: Control) -> Generator[str]:
        """The answer's lines as they come. Closing the generator closes the connection."""
        lines: queue.Queue[str | None] = queue.Queue()

        async def work() -> None:
            try:
                async with self._sent(ask, None) as response:
                    await self._refuse_status(response)
                    size = 0
                    async for line in response.aiter_lines():
                        size += len(line)
                        if size > _MEGABYTES * 1_000_000:
                            raise failures.too_long(self.endpoint, _MEGABYTES)
                        lines.put(line)
            except _TryAgainError as error:
                raise error.failure from None
            finally:
                lines.put(None)

        future = asyncio.run_coroutine_threadsafe(work(), _loop())
        try:
            while True:
                control.check()
                try:
                    line = lines.get(timeout=_POLL_SECONDS)
                except queue.Empty:
                    continue
                if line is None:
                    break
                yield line
            try:
                future.result()
            except BasewiseError as error:
                raise self._noted(error) from None
        finally:
            future.cancel()

    def _noted(self, error: Exception) -> Exception:
        if isinstance(error, EndpointAwayError):
            self.trouble = error
        return error

    async def _answer(self, ask: Ask, seconds: float | None) -> Any:
        total = self.endpoint.total_seconds if seconds is None else seconds
        try:
            async with asyncio.timeout(total):
                for pause in (*_PAUSES, None):
                    try:
                        return await self._one_try(ask, seconds)
                    except _TryAgainError as error:
                        if pause is None or (error.pause or 0) > _LONGEST_PAUSE:
                            raise error.failure from None
                        await asyncio.sleep(pause if error.pause is None else error.pause)
        except TimeoutError:
            raise failures.silent(self.endpoint, total) from None

    async def _one_try(self, ask: Ask, seconds: float | None) -> Any:
        async with self._sent(ask, seconds) as response:
            await self._refuse_status(response)
            body = await self._read(response)
        try:
            return json.loads(body)
        except ValueError:
            kind = response.headers.get("content-type", "").partition(";")[0]
            raise failures.no_json(self.endpoint, kind[:60]) from None

    @asynccontextmanager
    async def _sent(self, ask: Ask, seconds: float | None) -> AsyncIterator[httpx2.Response]:
        """The answer as it begins. What the network does wrong becomes one of our errors."""
        import httpx2

        if self._http is None or self._places is None:  # on the loop's thread alone
            self._http, self._places = (
                self._new_http(),
                asyncio.Semaphore(self.endpoint.concurrency),
            )
        method = "GET" if ask.body is None else "POST"
        address = f"{self.endpoint.url.get_secret_value()}{ask.path}"
        limit = httpx2.Timeout(
            seconds or self.endpoint.read_seconds,
            connect=min(self.endpoint.connect_seconds, seconds or self.endpoint.connect_seconds),
            pool=None,
        )
        async with self._places:
            self.requests += 1
            try:
                async with self._http.stream(
                    method, address, json=ask.body, timeout=limit
                ) as response:
                    yield response
            except httpx2.ConnectTimeout:
                raise failures.unreachable(self.endpoint) from None
            except httpx2.ConnectError:
                raise _TryAgainError(failures.unreachable(self.endpoint)) from None
            except httpx2.TimeoutException:
                raise failures.silent(self.endpoint, limit.read or 0) from None
            except (httpx2.NetworkError, httpx2.ProtocolError):
                raise _TryAgainError(failures.broke_off(self.endpoint)) from None
            except httpx2.DecodingError:
                raise failures.no_json(self.endpoint, "badly compressed") from None
            except httpx2.InvalidURL:
                raise failures.unreachable(self.endpoint) from None

    def _new_http(self) -> httpx2.AsyncClient:
        import httpx2

        headers = {"user-agent": "basewise", "accept-encoding": "gzip"}
        if self.endpoint.key is not None:
            headers["authorization"] = f"Bearer {self.endpoint.key.get_secret_value()}"
        return httpx2.AsyncClient(
            headers=headers,
            trust_env=False,  # no proxy: it would see prompts and keys
            follow_redirects=False,
            limits=httpx2.Limits(
                max_connections=self.endpoint.concurrency,
                max_keepalive_connections=self.endpoint.concurrency,
                keepalive_expiry=_KEEPALIVE_SECONDS,
            ),
        )

    async def _refuse_status(self, response: httpx2.Response) -> None:
        if response.status_code == 200:
            return
        body = await self._read(response)
        failure = failures.of_status(self.endpoint, response.status_code, body)
        if response.status_code in _RETRIED:
            raise _TryAgainError(failure, _retry_after(response.headers.get("retry-after")))
        raise failure

    async def _read(self, response: httpx2.Response) -> bytes:
        parts = bytearray()
        async for part in response.aiter_bytes():
            parts += part
            if len(parts) > _MEGABYTES * 1_000_000:
                raise failures.too_long(self.endpoint, _MEGABYTES)
        self.received += len(parts)
        return bytes(parts)


def _wait(work: Coroutine[Any, Any, T], control: Control) -> T:
    """The result of what runs on the loop; whatever `control` raises cancels it at once."""
    future: Future[T] = asyncio.run_coroutine_threadsafe(work, _loop())
    try:
        while True:
            control.check()
            try:
                return future.result(timeout=_POLL_SECONDS)
            except TimeoutError:
                if future.done():
                    raise
    finally:
        future.cancel()


def _first(several: ExceptionGroup[Any]) -> Exception:
    """Of what went wrong side by side: a fault of ours, else a server that is away, else any."""
    leaves = list(_leaves(several))
    ours = [error for error in leaves if not isinstance(error, BasewiseError)]
    away = [error for error in leaves if isinstance(error, EndpointAwayError)]
    return (ours or away or leaves)[0]


def _leaves(error: Exception) -> Generator[Exception]:
    if isinstance(error, ExceptionGroup):
        for part in error.exceptions:
            yield from _leaves(part)
    else:
        yield error


def _retry_after(header: str | None) -> float | None:
    """Seconds; None where the header has none (a date counts as none)."""
    try:
        return max(0.0, float(header)) if header else None
    except ValueError:
        return None


@cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="servers", daemon=True).start()
    return loop
