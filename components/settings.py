"""Every variable and limit that a host can set: read once, validated at start.

`python -m components.settings` checks them and says what is wrong.
"""

from __future__ import annotations

import difflib
import os
import sys
from functools import cache
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from components.errors import SettingsError

PREFIX = "BASEWISE_"

# The largest tokenizer.json in use, Gemma 3's, has 33 MB.
# Streamlit reads its own limit for uploads from .streamlit/config.toml: a test holds them equal.
MAX_UPLOAD_MB = 40

_Count = Annotated[int, Field(ge=1)]


def _absolute(path: Path) -> Path:
    try:
        expanded = path.expanduser()
    except RuntimeError as error:
        raise ValueError(f"the home folder in {str(path)!r} can't be found") from error
    if not expanded.is_absolute():
        raise ValueError("a path from the root (or from ~) is needed, not a relative one")
    return expanded


def _web_address(address: str) -> str:
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("a web address such as https://basewise.example.org is needed")
    return address.rstrip("/")


class Settings(BaseSettings):
    """What $BASEWISE_DEVICE and its kin say. Frozen; an empty variable counts as not set."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True)

    device: Annotated[
        Literal["cpu", "cuda", "mps"] | None,
        Field(description="where models run; otherwise the best device there is"),
    ] = None
    dtype: Annotated[
        Literal["bfloat16", "float16", "float32"] | None,
        Field(
            description="the precision of weights; otherwise bf16, or on a CPU what it measures"
            " as faster"
        ),
    ] = None
    cache: Annotated[
        Path | None,
        AfterValidator(lambda folder: folder if folder is None else _absolute(folder)),
        Field(
            description="the folder for all downloads, from the root or from `~`; otherwise the"
            " user's cache folder, and the Hub client's own cache"
        ),
    ] = None
    address: Annotated[
        str | None,
        AfterValidator(lambda address: address if address is None else _web_address(address)),
        Field(
            description="the address that visitors reach the app at, for the links in reports;"
            " otherwise the one in the visitor's browser"
        ),
    ] = None
    engines: Annotated[
        _Count,
        Field(
            description="how many models stay in memory; the least recently used goes first. A"
            " model in 4 bit is another than itself in 16"
        ),
    ] = 2
    tokenizers: Annotated[
        _Count, Field(description="how many models' tokenizers stay in memory")
    ] = 10
    uploads: Annotated[_Count, Field(description="how many uploaded tokenizers stay in memory")] = 4
    atlases: Annotated[
        _Count,
        Field(description="how many number atlases stay in memory; the longest take 10 MB"),
    ] = 16
    answers: Annotated[
        _Count, Field(description="how many finished predictions stay in memory, for all visitors")
    ] = 500
    stored_answers: Annotated[
        _Count,
        Field(description="how many finished live predictions stay on disk; the oldest go first"),
    ] = 5000
    runs_file: Annotated[
        Path | None,
        AfterValidator(lambda path: path if path is None else _absolute(path)),
        Field(
            description="the file of runs and live predictions, from the root or from `~`;"
            " otherwise `runs.sqlite` beside the downloads"
        ),
    ] = None
    runs: Annotated[
        _Count, Field(description="how many runs are kept; a further one is refused")
    ] = 50
    runs_mb: Annotated[
        _Count,
        Field(description="how many megabytes the file of runs may have before runs are refused"),
    ] = 2000
    run_days: Annotated[
        _Count, Field(description="how many days after its last change a run is deleted")
    ] = 90
    run_predictions: Annotated[
        _Count, Field(description="how many predictions a run may have, models times rows")
    ] = 20_000
    endpoints: Annotated[
        Path | None,
        AfterValidator(lambda path: path if path is None else _absolute(path)),
        Field(
            description="the TOML file of servers that models may be asked on, from the root or"
            " from `~`; otherwise the table `[endpoints]` of `.streamlit/secrets.toml`"
        ),
    ] = None
    live_jobs: Annotated[
        _Count, Field(description="how many live predictions are worked on at a time")
    ] = 8
    live_waiting: Annotated[
        _Count, Field(description="how many live predictions of one visitor may wait")
    ] = 12
    live_unwatched_seconds: Annotated[
        _Count,
        Field(description="how long after the last look at it a live prediction is ended"),
    ] = 600
    log: Annotated[
        Literal["text", "json"],
        Field(description="how lines of the log are written: `text`, or `json`, an object a line"),
    ] = "text"
    retry_seconds: Annotated[
        _Count,
        Field(description="how long a failed download is not tried again by a rerun of a page"),
    ] = 20


def variable(field: str) -> str:
    """The environment variable of a field of Settings."""
    return f"{PREFIX}{field.upper()}"


@cache
def load_settings() -> Settings:
    """The settings of this process; SettingsError names each variable that can't be used."""
    problems = [
        _unknown(name)
        for name in sorted(os.environ)
        if name.startswith(PREFIX)
        and name.removeprefix(PREFIX).lower() not in Settings.model_fields
    ]
    settings = None
    try:
        settings = Settings()
    except ValidationError as error:
        problems = [*map(_problem, error.errors()), *problems]
    if settings is None or problems:
        raise SettingsError(
            " ".join(problems), way_out="Correct the environment, then start Basewise again."
        )
    return settings


def _problem(error: object) -> str:
    assert isinstance(error, dict)
    name = variable(str(error["loc"][0]))
    given = os.environ.get(name, error["input"])
    message = str(error["msg"]).removeprefix("Value error, ")
    return f"{name} is {given!r}: {message[0].lower()}{message[1:]}."


def _unknown(name: str) -> str:
    near = difflib.get_close_matches(name, map(variable, Settings.model_fields), n=1)
    return f"{name} is no setting of Basewise{f'; did you mean {near[0]}?' if near else '.'}"


if __name__ == "__main__":
    try:
        load_settings()
    except SettingsError as problem:
        sys.exit(str(problem))
