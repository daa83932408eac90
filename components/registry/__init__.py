"""Which models exist, and where their files come from."""

from components.registry.hub_ids import is_hub_id
from components.registry.links import HubLink, read_link
from components.registry.model_names import ReadModel, find_models, read_model
from components.registry.registry import ModelRegistry, load_registry
from components.registry.spec import HubRepo, ModelSpec, Package, PackageFile, Source

__all__ = [
    "HubLink",
    "HubRepo",
    "ModelRegistry",
    "ModelSpec",
    "Package",
    "PackageFile",
    "ReadModel",
    "Source",
    "find_models",
    "is_hub_id",
    "load_registry",
    "read_link",
    "read_model",
]
