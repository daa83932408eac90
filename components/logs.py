"""What is logged, as lines of text or of JSON, on standard error."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Literal

Style = Literal["text", "json"]
_TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time (UTC), level, logger, message, thread, and any traceback."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "thread": record.threadName,
        }
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        if record.stack_info:
            entry["stack"] = self.formatStack(record.stack_info)
        return json.dumps(entry, ensure_ascii=False)


def formatter(style: Style) -> logging.Formatter:
    """What makes a line of a record."""
    return JsonFormatter() if style == "json" else logging.Formatter(_TEXT)


def configure_logging(style: Style) -> None:
    """Log what Basewise says from level info on, and what libraries say from warning on.

    Warnings of Python are logged too. Loggers with handlers of their own keep them.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(formatter(style))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("components").setLevel(logging.INFO)
    logging.captureWarnings(True)
