"""The log and the end of a process that serves the app: without what pages import."""

import logging
import os
from functools import cache

import psutil

from components.logs import configure_logging, formatter
from components.settings import load_settings
from components.ui.kit import streamlit_compat


@cache
def begin_log() -> None:
    """Log as the settings say, Streamlit's and uvicorn's lines too; once. SettingsError."""
    style = load_settings().log
    configure_logging(style)
    if style == "json":
        streamlit_compat.format_logs(formatter(style))
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):  # they log who visits
        logging.getLogger(name).setLevel(logging.WARNING)


def end() -> None:
    """End this process and what it started, now."""
    for child in psutil.Process().children(recursive=True):
        try:
            child.kill()
        except psutil.NoSuchProcess:
            continue
    logging.shutdown()
    os._exit(0)
