"""Identities of models that tests make themselves."""

from components.engines import ModelId


def unrevised(repo_id: str, precision: str = "float32") -> ModelId:
    """The identity of a model without a revision: nothing about it is kept on disk."""
    return ModelId(repo_id, engine="local", source="test", revision="", precision=precision)
