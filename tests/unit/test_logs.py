"""What is logged: lines that a person reads, or objects that a program does."""

import json
import logging
import subprocess
import sys
from typing import Any

import pytest

from benchmarks.serving import REPOSITORY
from components.logs import JsonFormatter


def record(message: str, *arguments: object, exc_info: Any = None) -> logging.LogRecord:
    return logging.LogRecord(
        "components.assets", logging.WARNING, __file__, 1, message, arguments, exc_info
    )


def test_a_line_of_json_has_time_level_logger_and_message():
    line = JsonFormatter().format(record("Fetching %s failed", "añø\n“x”"))
    entry = json.loads(line)
    assert "\n" not in line
    assert entry["message"] == "Fetching añø\n“x” failed"
    assert (entry["level"], entry["logger"]) == ("warning", "components.assets")
    assert entry["time"].endswith("+00:00")
    assert "traceback" not in entry


def test_a_traceback_is_part_of_its_line():
    try:
        raise KeyError("lamp")
    except KeyError:
        line = JsonFormatter().format(record("failed", exc_info=sys.exc_info()))
    assert "\n" not in line
    assert "KeyError: 'lamp'" in json.loads(line)["traceback"]


@pytest.mark.parametrize("style", ["text", "json"])
def test_ours_is_logged_from_info_on_and_others_from_warning_on(style):
    code = (
        "import logging, warnings\n"
        "from components.logs import configure_logging\n"
        f"configure_logging({style!r})\n"
        "logging.getLogger('components.engines').info('released')\n"
        "logging.getLogger('urllib3').info('chatter')\n"
        "logging.getLogger('urllib3').warning('trouble')\n"
        "warnings.warn('old', stacklevel=1)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    lines = done.stderr.splitlines()
    if style == "json":
        lines = [json.loads(line)["message"] for line in lines]
    said = "\n".join(lines)
    assert "released" in said
    assert "trouble" in said
    assert "old" in said
    assert "chatter" not in said
