"""Which models exist, and where their files come from."""

from components.registry.registry import ModelRegistry, load_registry
from components.registry.spec import HubRepo, ModelSpec, Package, PackageFile, Source

__all__ = [
    "HubRepo",
    "ModelRegistry",
    "ModelSpec",
    "Package",
    "PackageFile",
    "Source",
    "load_registry",
]
