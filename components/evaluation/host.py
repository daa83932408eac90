"""The file of runs of this host."""

from pathlib import Path

from components.assets import cache_root
from components.settings import load_settings


def host_store_path() -> Path:
    """Where the app keeps its runs: as the settings say, else beside its downloads."""
    return load_settings().runs_file or cache_root() / "runs.sqlite"
