"""Record what lm-evaluation-harness says of a few texts: rolling_likelihoods.json beside this file.

    python -m venv lm-eval && lm-eval/bin/pip install lm_eval[hf]
    lm-eval/bin/python rolling_likelihoods.py MODEL=FOLDER [MODEL=FOLDER …] < TEXTS

Run in the harness's own environment. Each FOLDER has a model's weights and tokenizer; TEXTS is a
JSON object of texts by name. In fp32 on a CPU, once in one window and once in windows of 64 tokens.
Where a tokenizer opens each text with a token of its own (Gemma's), the harness by default scores
that one too, after another like it: such a model is no record of what a text alone is.
"""

# pyright: reportMissingImports=false

import importlib.metadata
import json
import sys
from datetime import date
from pathlib import Path

from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM

WINDOWS = (2048, 64)


def main() -> None:
    texts = json.load(sys.stdin)
    recorded = {
        "harness": f"lm_eval {importlib.metadata.version('lm_eval')}",
        "torch": importlib.metadata.version("torch"),
        "transformers": importlib.metadata.version("transformers"),
        "date": date.today().isoformat(),
        "what": "loglikelihood_rolling in nats, fp32, by model, window in tokens and text",
        "models": {},
    }
    for argument in sys.argv[1:]:
        name, _, folder = argument.partition("=")
        by_window = recorded["models"].setdefault(name, {})
        for window in WINDOWS:
            model = HFLM(pretrained=folder, dtype="float32", device="cpu", max_length=window)
            requests = [
                Instance("loglikelihood_rolling", {}, (text,), place)
                for place, text in enumerate(texts.values())
            ]
            found = model.loglikelihood_rolling(requests, disable_tqdm=True)
            by_window[str(window)] = dict(zip(texts, map(float, found), strict=True))
    path = Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(recorded, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
