"""How this server stands, for those who run it: nothing of it names a folder or an address."""

import os
import shutil
from typing import Any

from components.assets import cache_root
from components.errors import RunStoreError
from components.settings import load_settings
from components.ui import run_services, services

_LEAST_FREE_GB = 0.5


def server_health() -> tuple[bool, dict[str, Any]]:
    """Whether all is well, and what is known of pool, queue, store and disk."""
    parts = {"pool": _pool(), "queue": _queue(), "store": _store(), "disk": _disk()}
    well = all(part.get("ok", True) for part in parts.values())
    return well, {"status": "ok" if well else "failing", **parts}


def _pool() -> dict[str, Any]:
    pool = services.predictor().pool
    resident = [f"{model.key} ({model.describe()})" for model in pool.resident()]
    return {"capacity": pool.capacity, "resident": resident}


def _queue() -> dict[str, Any]:
    lengths = services.predictor().queue_lengths()
    return {"loading": lengths.pop("", 0), "by_model": {k: n for k, n in lengths.items() if n}}


def _store() -> dict[str, Any]:
    """The file of runs: it is read, and its room is compared with what the host allows."""
    limits = load_settings()
    try:
        store = run_services.store()
        states = [run.state for run in store.runs()]
        megabytes = store.database.megabytes
    except RunStoreError as error:
        return {"ok": False, "problem": type(error).__name__}
    return {
        "ok": True,
        "runs": len(states),
        "at_work": sum(state in ("waiting", "running") for state in states),
        "megabytes": round(megabytes, 1),
        "limit_megabytes": limits.runs_mb,
    }


def _disk() -> dict[str, Any]:
    """The folder for downloads: it can be written, and has room."""
    folder = cache_root()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free / 1e9
    writable = os.access(folder, os.W_OK)
    return {
        "ok": writable and free >= _LEAST_FREE_GB,
        "writable": writable,
        "free_gb": round(free, 2),
    }
