"""The app with /healthz, ended within seconds: python -m deploy.serve, from the repository's root.

Port and address are Streamlit's: STREAMLIT_SERVER_PORT, STREAMLIT_SERVER_ADDRESS, or
.streamlit/config.toml. docs/hosting.md has the rest.
"""

import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st
import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from components.endpoints import load_endpoints
from components.errors import SettingsError
from components.logs import configure_logging
from components.settings import load_settings

_APP = Path(__file__).resolve().parents[1] / "app.py"


def _healthz(request: Request) -> JSONResponse:
    from components.ui.health import health

    well, found = health()
    return JSONResponse(found, 200 if well else 503, {"Cache-Control": "no-store"})


@asynccontextmanager
async def _lifespan(app: st.App) -> AsyncIterator[None]:
    from components.ui import process

    process.begin()
    yield


def main() -> None:
    """Serve until SIGTERM or Ctrl-C."""
    try:
        configure_logging(load_settings().log)
        load_endpoints()
    except SettingsError as problem:
        sys.exit(str(problem))
    from components.ui import process

    def end(number: int, frame: object) -> None:
        process.end()

    # uvicorn has both while it serves, and raises what it got again when it is done.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    uvicorn.run(
        st.App(_APP, routes=[Route("/healthz", _healthz)], lifespan=_lifespan),
        host=st.get_option("server.address") or "127.0.0.1",
        port=st.get_option("server.port"),
        log_config=None,
        access_log=False,
        ws="websockets-sansio",
        ws_max_size=st.get_option("server.maxMessageSize") * 1_000_000,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=1,
    )
    process.end()


if __name__ == "__main__":
    main()
