"""The servers of models that a host lets visitors use: read once, validated at start.

`python -m components.endpoints` checks them, and every other setting, and says what is wrong.
"""

from __future__ import annotations

import os
import re
import sys
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from components.errors import SettingsError
from components.registry import is_hub_id
from components.settings import load_settings, variable

SECRETS = Path(__file__).resolve().parents[1] / ".streamlit" / "secrets.toml"
_TABLE = "endpoints"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,39}", re.ASCII)
_AT = ":"  # in no Hub id; what follows an @ is a revision there


class Endpoint(BaseModel):
    """A server, and the one model of it that is used.

    `url` is where its paths begin, without `/v1`; neither it nor the key is ever shown. `model`
    is the name under which the server serves it, `hub_id` the Hub repository whose tokenizer it
    has. `concurrency` is how many requests it gets at a time; times are in seconds.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: str
    url: SecretStr
    model: Annotated[str, Field(min_length=1)]
    hub_id: str
    key: SecretStr | None = None
    concurrency: Annotated[int, Field(ge=1, le=256)] = 4
    connect_seconds: Annotated[float, Field(gt=0, le=60)] = 3.0
    read_seconds: Annotated[float, Field(gt=0, le=3600)] = 120.0
    total_seconds: Annotated[float, Field(gt=0, le=7200)] = 600.0

    @field_validator("url")
    @classmethod
    def _web_address(cls, url: SecretStr) -> SecretStr:
        parts = urlsplit(url.get_secret_value())
        whole = parts.scheme in ("http", "https") and parts.hostname
        if not whole or parts.query or parts.fragment or parts.username or parts.password:
            raise ValueError("a web address such as http://gpu-box:8000 is needed")
        return SecretStr(url.get_secret_value().rstrip("/").removesuffix("/v1"))

    @field_validator("hub_id")
    @classmethod
    def _hub_id(cls, hub_id: str) -> str:
        if not is_hub_id(hub_id):
            raise ValueError(f"{hub_id!r} is no Hub id, organization/name")
        return hub_id

    @property
    def served_id(self) -> str:
        """The key of the model as this endpoint serves it."""
        return served_id(self.hub_id, self.name)

    def hide(self, text: str) -> str:
        """The text without this endpoint's address and key, wherever they stand in it."""
        address = self.url.get_secret_value()
        parts = urlsplit(address)
        secrets = [address, parts.netloc, parts.hostname or ""]
        if self.key is not None:
            secrets.insert(0, self.key.get_secret_value())
        for secret in filter(None, secrets):
            text = text.replace(secret, "…")
        return text


def served_id(hub_id: str, endpoint: str | None) -> str:
    """The key of a model: its Hub id, with `:` and the endpoint's name where one serves it."""
    return hub_id if endpoint is None else f"{hub_id}{_AT}{endpoint}"


def split_served_id(key: str) -> tuple[str, str | None]:
    """The Hub id and the endpoint's name, None for a model that runs here, and any other text."""
    hub_id, _, endpoint = key.rpartition(_AT)
    if is_hub_id(hub_id) and _NAME.fullmatch(endpoint):
        return hub_id, endpoint
    return key, None


@cache
def load_endpoints() -> Mapping[str, Endpoint]:
    """The endpoints of this host by name; SettingsError says which can't be used, and why.

    From the file that $BASEWISE_ENDPOINTS names, else from `.streamlit/secrets.toml`; none where
    neither has a table `[endpoints]`.
    """
    named = load_settings().endpoints
    path = named or SECRETS
    if named is None and not path.exists():
        return {}
    source = variable(_TABLE) if named is not None else ".streamlit/secrets.toml"
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8")).get(_TABLE, {})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        # What a parser says of a file with keys in it is not repeated.
        raise _unusable(f"The file of {source} can't be read ({type(error).__name__}).") from None
    if not isinstance(tables, dict) or not all(isinstance(t, dict) for t in tables.values()):
        raise _unusable(f"{source}: write a table [{_TABLE}.NAME] for each endpoint.")
    found: dict[str, Endpoint] = {}
    problems: list[str] = []
    for name, table in tables.items():
        try:
            found[name] = _endpoint(name, table)
        except ValueError as error:
            problems += [f"{source}, [{_TABLE}.{name}]: {text}." for text in _reasons(error)]
    if problems:
        raise _unusable(" ".join(problems))
    return found


def _endpoint(name: str, table: Mapping[str, Any]) -> Endpoint:
    if not _NAME.fullmatch(name):
        raise ValueError(
            "a name begins with a letter, and has letters, digits, points, dashes and underscores,"
            " at most 40"
        )
    given = dict(table)
    if {"key", "name"} & given.keys():
        raise ValueError("a key is not written here: name its variable in key_variable")
    key_variable = given.pop("key_variable", None)
    given.setdefault("hub_id", given.get("model"))
    if key_variable is not None:
        key = os.environ.get(str(key_variable), "")
        if not key.strip():
            raise ValueError(f"the environment variable {key_variable}, its key, is not set")
        given["key"] = key.strip()
    return Endpoint(name=name, **given)


def _reasons(error: ValueError) -> list[str]:
    if not isinstance(error, ValidationError):
        return [str(error)]
    return [
        f"{'.'.join(map(str, one['loc']))}: {one['msg'].removeprefix('Value error, ')}"
        for one in error.errors(include_url=False, include_input=False, include_context=False)
    ]


def _unusable(problem: str) -> SettingsError:
    return SettingsError(
        problem, way_out="Correct it (docs/servers.md says how), then start Basewise again."
    )


if __name__ == "__main__":
    try:
        load_settings()
        load_endpoints()
    except SettingsError as problem:
        sys.exit(str(problem))
