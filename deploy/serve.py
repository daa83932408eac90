"""The app with /healthz, ended within seconds: python -m deploy.serve, from the repository's root.

Options are those of `streamlit run`, from its flags, STREAMLIT_SERVER_PORT and its kin, and
.streamlit/config.toml. docs/hosting.md has the rest.
"""

import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import click
import streamlit as st
import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from streamlit.web import bootstrap
from streamlit.web.cli import configurator_options

from components.endpoints import load_endpoints
from components.errors import SettingsError
from components.ui.kit import hosting

_APP = Path(__file__).resolve().parents[1] / "app.py"


def _healthz(request: Request) -> JSONResponse:
    from components.ui.health import server_health

    well, found = server_health()
    return JSONResponse(found, 200 if well else 503, {"Cache-Control": "no-store"})


@asynccontextmanager
async def _lifespan(app: st.App) -> AsyncIterator[None]:
    from components.ui import process  # what pages import: once Streamlit runs

    process.begin()
    yield


@click.command(help=__doc__)
@configurator_options
def main(**flags: Any) -> None:
    """Serve until SIGTERM or Ctrl-C."""
    try:
        load_endpoints()
    except SettingsError as problem:
        sys.exit(str(problem))
    app = st.App(_APP, routes=[Route("/healthz", _healthz)], lifespan=_lifespan)
    bootstrap.load_config_options(flags)  # which sets the levels of its loggers
    hosting.begin_log()

    def end(number: int, frame: object) -> None:
        hosting.end()

    # uvicorn has both while it serves, and raises what it got again when it is done.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    uvicorn.run(
        app,
        host=st.get_option("server.address") or "127.0.0.1",
        port=st.get_option("server.port"),
        log_config=None,
        access_log=False,
        ws="websockets-sansio",
        ws_max_size=st.get_option("server.maxMessageSize") * 1_000_000,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=1,
    )
    hosting.end()


if __name__ == "__main__":
    main()
