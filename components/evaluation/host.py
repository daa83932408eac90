"""The file of runs of this host."""

import sqlite3
from contextlib import closing
from pathlib import Path

from components.assets import cache_root
from components.settings import load_settings


def host_store_path() -> Path:
    """Where the app keeps its runs: as the settings say, else beside its downloads."""
    return load_settings().runs_file or cache_root() / "runs.sqlite"


def has_interrupted(path: Path) -> bool:
    """Whether a file of runs has some that were at work or waiting when their process ended.

    It is only looked into: False where there is none, or none that can be read.
    """
    if not path.exists():
        return False
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as file:
            found = file.execute(
                "SELECT 1 FROM run WHERE state IN ('waiting', 'running') AND origin = 'computed'"
                " LIMIT 1"
            ).fetchone()
    except sqlite3.Error:  # whoever needs the file says what is wrong with it
        return False
    return found is not None
