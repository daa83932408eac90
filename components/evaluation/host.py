"""The file of runs of this host."""

from pathlib import Path

from components.assets import cache_root


def host_store_path() -> Path:
    """Where the app keeps its runs: beside its downloads."""
    return cache_root() / "runs.sqlite"
