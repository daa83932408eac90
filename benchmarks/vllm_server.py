"""vLLM on this machine's processor, in an environment of its own (benchmarks/install_vllm.py)."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.serving import Server, free_port, serving

ALIAS = "served-model"
_START_SECONDS = 300


@contextmanager
def running_vllm(
    python: str, folder: Path, log: Path, *, key: str | None = None, dtype: str = "float32"
) -> Iterator[Server]:
    """vLLM's server of the model in a folder, by its environment's interpreter, once it answers."""
    port = free_port()
    python = str(Path(python).absolute())  # the server starts in another folder
    command = [python, "-m", "vllm.entrypoints.openai.api_server", "--model", str(folder)]
    command += ["--served-model-name", ALIAS, "--host", "127.0.0.1", "--port", str(port)]
    command += ["--dtype", dtype, "--max-model-len", "2048", "--enforce-eager"]
    command += ["--api-key", key] if key else []
    environment = {
        "VLLM_CPU_KVCACHE_SPACE": "1",
        "VLLM_NO_USAGE_STATS": "1",
        "HF_HUB_OFFLINE": "1",
        "PYTHONPATH": "",
        "PATH": f"{Path(python).parent}:/usr/local/bin:/usr/bin:/bin",
    }
    with serving(
        command, port, "/health", log, log.parent, environment, seconds=_START_SECONDS
    ) as server:
        yield server
