"""Turn a GGUF file into a folder of bf16 safetensors. Run as a process of its own:

python -m components.assets.convert_gguf MODEL.gguf FOLDER TOLD

The file TOLD says how far it is: `weights DONE TOTAL` while they are read, then `bytes TOTAL` of
what is being written.

A GGUF load takes 10 to 70 s each time; the converted folder loads in 1 to 2 s. The tokenizer is
written too where the file's own pre-tokenizer is one that is rebuilt here exactly.
"""

import sys
from pathlib import Path

from components.assets.transformers_compat import told_of_weights


def convert(gguf: Path, destination: Path, told: Path) -> None:
    """Write config.json, model.safetensors and, where it can be exact, tokenizer.json."""
    import torch
    from transformers import AutoModelForCausalLM, GgufConfig

    with told_of_weights(lambda done, total: _tell(told, f"weights {done} {total}")):
        model = AutoModelForCausalLM.from_pretrained(
            gguf.parent,
            gguf_file=gguf.name,
            dtype=torch.bfloat16,
            quantization_config=GgufConfig(dequantize=True),
            trust_remote_code=False,
        )
    _tell(told, f"bytes {sum(part.nbytes for part in model.parameters())}")
    model.save_pretrained(destination)
    del model
    _convert_tokenizer(gguf, destination)


def _tell(told: Path, line: str) -> None:
    """Replace what the file says at once: it is read at any time."""
    new = told.with_suffix(".new")
    new.write_text(line, encoding="ascii")
    new.replace(told)


def _convert_tokenizer(gguf: Path, destination: Path) -> None:
    from gguf import GGUFReader
    from tokenizers.pre_tokenizers import ByteLevel, Digits, Sequence
    from transformers import AutoTokenizer

    field = GGUFReader(gguf).get_field("tokenizer.ggml.pre")
    if field is None or field.contents() != "smollm":
        return  # its vocabulary alone would not split text as the model was trained to
    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    # llama.cpp's name "smollm" stands for this split; GGUF stores the name only.
    tokenizer.backend_tokenizer.pre_tokenizer = Sequence(
        [Digits(individual_digits=True), ByteLevel(add_prefix_space=False)]
    )
    tokenizer.save_pretrained(destination)


if __name__ == "__main__":
    convert(*map(Path, sys.argv[1:]))
